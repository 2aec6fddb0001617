"""Components as declared: resource, objectives, recovery targets. Whether names that they refer to exist is asked later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.estate import alarm_changes, objectives, own_indicators, recovery_targets, references
from slo.estate.objectives import Owner
from slo.estate.own_indicators import OwnIndicators
from slo.estate.spec import Component
from slo.estate.tree import Items

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.kind import Kind
    from slo.estate.own_indicators import Resource
    from slo.estate.places import Place
    from slo.estate.policies import Policies
    from slo.estate.spec import Account, Objective

MAX_DISPLAY_NAME = 300
LOWEST_TIER = 9

FIELDS = (
    *("name", "kind", "account", "resource", "depends_on", "tier", "indicators", "objectives", "alarms", "recovery"),
    *("displayName", "description", "owner", "runbook", "no_objective"),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rest of the file offers to a component."""

    accounts: Mapping[str, Account]
    policies: Policies
    kinds: Mapping[str, Kind]

    def account(self, name: str | None) -> Account | None:
        """The first one is the default."""
        return next(iter(self.accounts.values()), None) if name is None else self.accounts.get(name)


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

    @property
    def parts(self) -> list[Place]:
        """Where its composites name their indicators."""
        inside = [fields["composite"] for o in self.objectives if "composite" in (fields := o.fields())]
        items = (fields for composite in inside for item in _items_of(composite, "parts") if (fields := item.fields()))
        return [fields["indicator"] for fields in items if "indicator" in fields]


def read(place: Place, around: Surroundings) -> Declared | None:
    """None where it has no name at all; other problems leave their field empty."""
    fields = place.fields(FIELDS, required=("name", "kind"))
    name = (fields["name"].text() if "name" in fields else None) or ""
    if name:
        fields["name"].is_label(name)  # kept all the same, so that what depends on it has no problem of its own
    kind_name = (fields["kind"].text() if "kind" in fields else None) or ""
    kind = around.kinds.get(kind_name)
    account = _account(fields["account"], around) if "account" in fields else None
    resource = _resource(fields["resource"]) if "resource" in fields else {}
    own = _own(fields, kind, resource, around.account(account))
    owner = Owner(name, kind, own, around.policies)
    promised = _objectives(place, fields, owner)
    component = Component(
        name=name,
        kind=kind_name,
        account=account,
        resource=resource,
        depends_on=_texts(fields["depends_on"]) if "depends_on" in fields else (),
        tier=fields["tier"].integer(1, LOWEST_TIER) if "tier" in fields else None,
        objectives=promised,
        indicators=own.bound,
        recovery=recovery_targets.read(fields["recovery"]) if "recovery" in fields else (),
        display_name=_display_name(fields["displayName"]) if "displayName" in fields else None,
        **{key: fields[key].text() for key in ("description", "owner", "runbook") if key in fields},
        no_objective=_no_objective(place, fields, promised, kind),
        alarms=alarm_changes.read(fields["alarms"], kind) if "alarms" in fields else {},
    )
    return Declared(component, place) if name else None


def _account(place: Place, around: Surroundings) -> str | None:
    return references.named(place, "account", around.accounts, "unknown_account")


def _own(fields: Mapping[str, Place], kind: Kind | None, resource: Resource, account: Account | None) -> OwnIndicators:
    return own_indicators.read(fields["indicators"], kind, resource, account) if "indicators" in fields else OwnIndicators()


def _items_of(place: Place, field: str) -> list[Place]:
    fields = place.fields()
    return fields[field].items() if field in fields else []


def _resource(place: Place) -> Resource:
    found: Resource = {}
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


def _objectives(place: Place, fields: dict[str, Place], owner: Owner) -> tuple[Objective, ...]:
    """An empty list is none, as is a reason why none; no list is what the catalogue promises for the kind."""
    if "objectives" in fields:
        return objectives.read(fields["objectives"], owner)
    return () if "no_objective" in fields else objectives.defaults(place, owner)


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
