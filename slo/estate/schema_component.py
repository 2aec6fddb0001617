"""JSON Schema of a component: kinds, resource keys and indicators as the catalogue knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate import alarm_changes, components, recovery_targets
from slo.estate.schema_values import Schema, described, mapping, ref

if TYPE_CHECKING:
    from slo.catalog.catalog import Catalog
    from slo.catalog.kind import Kind, ResourceKey

_ITEM: Schema = {"anyOf": [ref("text"), {"type": "number"}, {"type": "array", "items": ref("text")}]}


def definitions(catalog: Catalog) -> dict[str, Schema]:
    kinds = [catalog.kinds[name] for name in sorted(catalog.kinds)]
    resources = {f"resource-{kind.name}": _resource(kind) for kind in kinds}
    return {"component": _component(kinds), "recovery": _recovery(), "alarm-change": _alarm_change(), **resources}


def _component(kinds: list[Kind]) -> Schema:
    properties = {
        "name": described("Part of ids, addresses and alarm names.", "database", **ref("name")),
        "kind": described(
            "What it is, as the catalogue calls it.", "rds", oneOf=[{"const": k.name, "title": k.title} for k in kinds]
        ),
        "account": described("One of `accounts`; the first by default.", "main", **ref("text")),
        "resource": described("What it is called in AWS or Prometheus.", "{instance: prod-pg}", type="object"),
        "depends_on": described("Components that it needs.", "[database]", type="array", items=ref("name")),
        "tier": described("How much it matters; 1 is most.", 1, type="integer", minimum=1, maximum=components.LOWEST_TIER),
        "indicators": described(
            "Its own ones, beside those of its kind.",
            "{checkout: {type: event_ratio, ...}}",
            type="object",
            propertyNames=ref("name"),
            additionalProperties=ref("indicator"),
        ),
        "objectives": described(
            "What is promised; without it, what its kind promises.",
            "[{indicator: availability, target: 99.9%, window: 30d}]",
            type="array",
            items=ref("objective"),
        ),
        "alarms": described(
            "Default alarms of its kind that it wants otherwise, by name.",
            "{cpu-high: {threshold: 95}}",
            type="object",
            propertyNames=ref("name"),
            additionalProperties=ref("alarm-change"),
        ),
        "recovery": described(
            "How much may be lost, and for how long.",
            "[{scenario: az-loss, rpo: 5m, rto: 30m}]",
            type="array",
            items=ref("recovery"),
        ),
        "displayName": described(
            "Shown instead of the name.", "The database", maxLength=components.MAX_DISPLAY_NAME, **ref("text")
        ),
        "description": described("Anything a reader should know.", "Orders and customers", **ref("text")),
        "owner": described("Who looks after it.", "team-data", **ref("text")),
        "runbook": described("Where it says what to do.", "https://example.com/runbook", **ref("text")),
        "no_objective": described("Why nothing is promised.", "Nobody reads it on line", **ref("text")),
    }
    unpromised = {"if": {"required": ["no_objective"]}, "then": {"properties": {"objectives": {"maxItems": 0}}}}
    return mapping(properties, ("name", "kind"), allOf=[unpromised, *map(_of_kind, kinds)])


def _of_kind(kind: Kind) -> Schema:
    """What completes and checks the rest once the kind is written."""
    indicator = {"anyOf": [{"enum": list(kind.indicators)}, ref("name")]} if kind.indicators else ref("name")
    objectives = {"items": {"properties": {"indicator": indicator}}}
    then = {"properties": {"resource": ref(f"resource-{kind.name}"), "objectives": objectives}}
    return {"if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]}, "then": then}


def _resource(kind: Kind) -> Schema:
    return mapping({key.name: _key(key) for key in kind.resource.values()}, title=f"resource of {kind.title}")


def _key(key: ResourceKey) -> Schema:
    needed = "Needed." if key.required else "Optional." if key.default is None else f"{key.default} by default."
    about = {"title": key.name, "description": f"{key.about[:1].upper()}{key.about[1:]}. {needed}"}
    return about | ({} if key.default is None else {"default": key.default}) | _ITEM


def _alarm_change() -> Schema:
    periods: Schema = {"type": "integer", "minimum": 1, "maximum": alarm_changes.MOST_PERIODS}
    properties = {
        "threshold": described("What its value is compared with.", 95, type="number"),
        "datapoints": described("How many of its periods must breach.", 5, **periods),
        "periods": described("How many periods it looks at.", 5, **periods),
        "severity": described("Whom it tells.", "ticket", enum=["page", "ticket"]),
        "enabled": described("Whether there is such an alarm.", "false", type="boolean"),
    }
    return mapping(properties)


def _recovery() -> Schema:
    properties = {
        "scenario": described("What went wrong.", "az-loss", enum=list(recovery_targets.SCENARIOS)),
        "rpo": described("How much may be lost, in time.", "5m", **ref("duration-or-0")),
        "rto": described("How long it may take to be back.", "30m", **ref("duration-or-0")),
        "proof_max_age": described("How old a proof may be; 90d by default, 1h to 400d.", "90d", **ref("duration")),
        "within": described("The share of minutes in which the RPO must hold; 99% by default.", "99%", **ref("share-or-all")),
    }
    return mapping(properties, ("scenario",), anyOf=[{"required": ["rpo"]}, {"required": ["rto"]}])
