"""OpenSLO v1 documents -> components with objectives, meaning the same as those of an estate file.

All seven kinds are checked whole. A document may refer to what a later one declares, in whichever file.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from slo.estate import openslo_alerts, openslo_object, openslo_place, openslo_sli, openslo_slo
from slo.estate.openslo_object import KINDS, describe
from slo.estate.spec import OPENSLO, Component

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.openslo_alerts import Rules
    from slo.estate.openslo_object import Names, Object
    from slo.estate.places import Place
    from slo.estate.spec import Account, Objective
    from slo.estate.suspected_units import Units

NAME = "openslo"
"""Of an estate that only OpenSLO documents declare."""


def read(documents: Sequence[tuple[str, Place]], default: Rules, units: Units = MappingProxyType({})) -> tuple[Component, ...]:
    """One component per service, from (kind, document) of the seven kinds; problems stand in the logs of the places.

    `default` is the policy of an SLO that names none; `units` are those of metrics whose thresholds are looked at.
    """
    objects = [openslo_object.read(place, kind) for kind, place in documents]
    names = _index(objects)
    around = _around(objects, names, default, units)
    found: dict[str, list[Objective]] = {name: [] for name in names["Service"]}
    for slo in objects:
        for objective in openslo_slo.read(slo, around) if slo.kind == "SLO" else ():
            if names["SLO"].get(slo.name) is slo:
                found.setdefault(objective.component, []).append(objective)
    return tuple(_component(name, names, tuple(objectives)) for name, objectives in found.items())


def placed(components: Sequence[Component], accounts: Sequence[Account]) -> tuple[Component, ...]:
    """With the queries of OpenSLO objectives sent to an account and region, where these are known."""
    return tuple(openslo_place.placed(component, accounts) for component in components)


def _index(objects: Sequence[Object]) -> Names:
    """By kind and name; a name given twice is a problem of the second."""
    names: Names = {kind: {} for kind in KINDS}
    for one in objects:
        first = names[one.kind].setdefault(one.name, one) if one.name else one
        if first is not one:
            where = f"{first.place.log.file}:{first.place.line}"
            one.place.error("duplicate_name", f"{one.kind} {one.name!r} is declared in {where} already; names are unique")
    return names


def _around(objects: Sequence[Object], names: Names, default: Rules, units: Units) -> openslo_slo.Around:
    """Every spec is read, also that of an object whose name is bad or taken; the first of a name is the one that counts."""
    specs = [(one, one.spec) for one in objects if one.spec is not None]
    specs.reverse()
    slis = {one.name: openslo_sli.read(spec, names) for one, spec in specs if one.kind == "SLI"}
    conditions = {one.name: openslo_alerts.condition(spec, one.notes) for one, spec in specs if one.kind == "AlertCondition"}
    policies = {one.name: openslo_alerts.policy(spec, names, conditions) for one, spec in specs if one.kind == "AlertPolicy"}
    for kind, spec in ((one.kind, spec) for one, spec in specs):
        if kind == "DataSource":
            openslo_sli.check_data_source(spec)
        elif kind == "AlertNotificationTarget":
            openslo_alerts.check_target(spec)
        elif kind == "Service":
            describe(spec.fields(("description",)))
    return openslo_slo.Around(names, slis, conditions, policies, default, units)


def _component(name: str, names: Names, objectives: tuple[Objective, ...]) -> Component:
    """Of a service that nothing declares, its name is all that is known."""
    service = names["Service"].get(name)
    spec = service.spec if service is not None else None
    return Component(
        name,
        OPENSLO,
        objectives=objectives,
        display_name=None if service is None else service.display_name,
        description=None if spec is None else describe(spec.fields(("description",))),
        no_objective=None if objectives else "no SLO names this service",
    )
