"""Components as declared: resource, objectives, recovery targets. Whether names that they refer to exist is asked later."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.estate.problems import shown
from slo.estate.shares import target
from slo.estate.spec import Component, Objective, RecoveryTarget
from slo.estate.tree import Items, Scalar
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from slo.catalog.kind import Kind
    from slo.estate.places import Place
    from slo.estate.policies import Policies

SCENARIOS = ("az-loss", "point-in-time-restore", "region-loss", "accidental-deletion")
SHORTEST_WINDOW, LONGEST_WINDOW = 60, 400 * 1440
MAX_DISPLAY_NAME = 300

_COMPONENT = (
    *("name", "kind", "account", "resource", "depends_on", "tier", "objectives", "recovery"),
    *("displayName", "description", "owner", "runbook", "no_objective"),
)
_OBJECTIVE = ("indicator", "target", "window", "target_source", "name", "policy", "method", "no_data", "lane")
_METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")
_CALENDAR = re.compile(r"[0-9]+[MQY]|calendar|week|month|quarter|year")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rest of the file offers to a component."""

    accounts: Collection[str]
    policies: Policies
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Declared:
    """A component with the place it was read from."""

    component: Component
    place: Place

    @property
    def dependencies(self) -> list[Place]:
        return _items_of(self.place, "depends_on")

    @property
    def objectives(self) -> list[Place]:
        return _items_of(self.place, "objectives")


def read(place: Place, around: Surroundings) -> Declared | None:
    """None where it has no name at all; other problems leave their field empty."""
    fields = place.fields(_COMPONENT, required=("name", "kind"))
    name = (fields["name"].text() if "name" in fields else None) or ""
    if name:
        fields["name"].is_label(name)  # kept all the same, so that what depends on it has no problem of its own
    kind = (fields["kind"].text() if "kind" in fields else None) or ""
    objectives = _objectives(fields, name, kind, around)
    component = Component(
        name=name,
        kind=kind,
        account=_reference(fields, "account", around.accounts, "unknown_account"),
        resource=_resource(fields["resource"]) if "resource" in fields else {},
        depends_on=_texts(fields["depends_on"]) if "depends_on" in fields else (),
        tier=fields["tier"].integer(1, 9) if "tier" in fields else None,
        objectives=objectives,
        recovery=_recovery(fields["recovery"]) if "recovery" in fields else (),
        display_name=_display_name(fields["displayName"]) if "displayName" in fields else None,
        **{key: fields[key].text() for key in ("description", "owner", "runbook") if key in fields},
        no_objective=_no_objective(place, fields, objectives, around.kinds.get(kind)),
    )
    return Declared(component, place) if name else None


def _items_of(place: Place, field: str) -> list[Place]:
    fields = place.fields()
    return fields[field].items() if field in fields else []


def _reference(fields: dict[str, Place], name: str, known: Collection[str], code: str) -> str | None:
    if name not in fields:
        return None
    text = fields[name].text()
    if text is None or text in known:
        return text
    fields[name].error(code, f"no {name} is called {shown(text)}{fields[name].hint(text, known)}")
    return None


def _resource(place: Place) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    for key, value in place.fields().items():
        read_value = _texts(value) if isinstance(value.node, Items) else value.scalar("text, a number or a list of them")
        if read_value is not None:
            found[key] = read_value
    return found


def _texts(place: Place) -> tuple[str, ...]:
    return tuple(text for item in place.items() if (text := item.text()) is not None)


def _display_name(place: Place) -> str | None:
    text = place.text()
    if text is None or len(text) <= MAX_DISPLAY_NAME:
        return text
    place.error("too_long", f"{len(text)} characters are more than {MAX_DISPLAY_NAME}; shorten it, or use description")
    return None


def _objectives(fields: dict[str, Place], component: str, kind: str, around: Surroundings) -> tuple[Objective, ...]:
    """An empty list is none, as is a reason why none; no list is what the catalogue promises for the kind."""
    if "objectives" not in fields:
        return () if "no_objective" in fields else _defaults(component, kind, around)
    read_ones = [(_objective(p, component, around), p) for p in fields["objectives"].items()]
    declared = [(o, p) for o, p in read_ones if o is not None]
    _check_ids(declared)
    return tuple(o for o, _ in declared)


def _no_objective(place: Place, fields: dict[str, Place], objectives: tuple[Objective, ...], kind: Kind | None) -> str | None:
    """Its own reason, else that of its kind; a component of a known kind without either is worth a warning."""
    if "no_objective" in fields:
        if "objectives" in fields and not fields["objectives"].is_empty_list:
            fields["no_objective"].error("contradiction", "objectives are given too; remove one of the two")
        return fields["no_objective"].text()
    declared = "objectives" in fields and not fields["objectives"].is_empty_list
    if kind is None or declared or objectives:
        return None
    if kind.no_objective is None:
        place.warn("no_objective_missing", "no objective and no reason why; add objectives, or say why not in no_objective")
    return kind.no_objective


def _defaults(component: str, kind: str, around: Surroundings) -> tuple[Objective, ...]:
    known = around.kinds.get(kind)
    policy = around.policies["default"]
    return tuple(
        Objective(f"{component}.{d.indicator}", component, d.indicator, d.target, d.window, policy, target_source="catalogue")
        for d in (known.objectives if known else ())
    )


def _objective(place: Place, component: str, around: Surroundings) -> Objective | None:
    fields = place.fields(_OBJECTIVE, required=("indicator", "target", "window"))
    indicator = fields["indicator"].label() if "indicator" in fields else None
    share = target(fields["target"]) if "target" in fields else None
    window = _window(fields["window"]) if "window" in fields else None
    name = fields["name"].label() if "name" in fields else None
    policy_name = _reference(fields, "policy", around.policies, "unknown_policy") or "default"
    lane = fields["lane"].one_of(("fast", "slow")) if "lane" in fields else None
    source = fields["target_source"].text() if "target_source" in fields else None
    _check_supported(fields)
    if indicator is None or share is None or window is None:
        return None
    policy = around.policies[policy_name]
    return Objective(
        f"{component}.{name or indicator}",
        component,
        indicator,
        share,
        window,
        policy,
        policy_name,
        target_source=source,
        lane=lane,
    )


def _window(place: Place) -> int | None:
    if not isinstance(place.node, Scalar) or _CALENDAR.fullmatch(place.node.text):
        place.error("not_supported", "only rolling windows like 30d are judged in this release, no calendar windows")
        return None
    minutes = place.duration()
    if minutes is None or SHORTEST_WINDOW <= minutes <= LONGEST_WINDOW:
        return minutes
    written = format_duration(minutes)
    place.error("bad_window", f"window {written} is outside 1h to 400d")
    return None


def _check_supported(fields: dict[str, Place]) -> None:
    """What this release would judge wrongly is an error, never ignored."""
    method = fields["method"].one_of(_METHODS) if "method" in fields else None
    if method not in (None, "Occurrences"):
        fields["method"].error("not_supported", f"method {method} is not judged in this release; use Occurrences")
    if "no_data" in fields:
        message = "no_data is not judged in this release; remove it (a minute that was not measured is left out)"
        fields["no_data"].error("not_supported", message)


def _check_ids(declared: list[tuple[Objective, Place]]) -> None:
    """Two on one indicator: each gives its own name. Ids are unique anyhow."""
    per_indicator: dict[str, int] = {}
    for objective, _ in declared:
        per_indicator[objective.indicator] = per_indicator.get(objective.indicator, 0) + 1
    seen: dict[str, int] = {}
    for objective, place in declared:
        if per_indicator[objective.indicator] > 1 and not place.has("name"):
            count = f"{per_indicator[objective.indicator]} objectives on indicator {objective.indicator!r}"
            place.error("missing_field", f"{count}: each needs its own name, like name: {objective.indicator}-strict")
        elif objective.id in seen:
            message = f"objective id {objective.id!r} is taken by line {seen[objective.id]}; give this one another name"
            place.error("duplicate_id", message)
        seen.setdefault(objective.id, place.line)


def _recovery(place: Place) -> tuple[RecoveryTarget, ...]:
    found: dict[str, RecoveryTarget] = {}
    for item in place.items():
        fields = item.fields(("scenario", "rpo", "rto"), required=("scenario",))
        scenario = fields["scenario"].one_of(SCENARIOS) if "scenario" in fields else None
        rpo, rto = (fields[key].duration() if key in fields else None for key in ("rpo", "rto"))
        if "rpo" not in fields and "rto" not in fields:
            item.error("missing_field", "a recovery target sets rpo, rto or both, like rpo: 5m")
        elif scenario in found:
            item.error("duplicate_name", f"scenario {scenario!r} is given twice for this component; keep one")
        elif scenario is not None:
            found[scenario] = RecoveryTarget(scenario, rpo, rto)
    return tuple(found.values())
