"""Warnings of what `evaluate` on a slices file can do without and the service cannot measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate import suspected_units
from slo.estate.indicator import Unbound
from slo.estate.problems import shown
from slo.estate.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.catalog import Catalog
    from slo.catalog.kind import Kind
    from slo.estate.components import Declared, Surroundings
    from slo.estate.places import Place
    from slo.estate.spec import Account
    from slo.estate.suspected_units import Units


def check(
    estate: Place,
    by_name: Mapping[str, Declared],
    parts: Mapping[str, Mapping[str, Place]],
    catalog: Catalog,
    around: Surroundings,
) -> None:
    """`parts` are those indicators that composites name, by component, then indicator."""
    units = catalog.units
    for name, one in by_name.items():
        account = around.account(one.component.account)
        kind = catalog.kinds.get(one.component.kind)
        wanted = {**parts.get(name, {}), **_wanted(one)}
        if kind is not None:
            _check_keys(one, kind)
        elif one.component.kind:
            reason = catalog.bind(one.component, "", None)
            assert isinstance(reason, Unbound), "an unknown kind binds nothing"
            one.place.fields()["kind"].warn(reason.code, reason.text)
        _check_indicators(one, wanted, catalog, account, estate)
        _check_units(one, wanted, catalog, account, units)
        _check_unused(one, wanted)
        _check_survivors(one, catalog, account)
        if kind is not None and kind.no_objective:
            _check_signals(one, catalog, account)


def _wanted(one: Declared) -> dict[str, Place]:
    """Each indicator that an objective is of, where that says so, or the component where it is of the catalogue."""
    named = {
        place.node.text: place
        for o in one.objectives
        if (place := o.fields().get("indicator")) and isinstance(place.node, Scalar)
    }
    indicators = (o.indicator for o in one.component.objectives if o.composite is None)
    return {indicator: named.get(indicator, one.place) for indicator in indicators}


def _check_keys(one: Declared, kind: Kind) -> None:
    fields = one.place.fields()
    for key, value in fields["resource"].fields().items() if "resource" in fields else ():
        if key not in kind.resource:
            message = f"kind {kind.name!r} does not read {shown(key)}{value.hint(key, kind.resource)}"
            value.warn("unknown_resource", message)


def _check_signals(one: Declared, catalog: Catalog, account: Account | None) -> None:
    """Of a kind that promises nothing and is watched all the same; where there are objectives, these say what is lacking."""
    reason = catalog.signals(one.component, account)
    if isinstance(reason, Unbound):
        one.place.fields().get("resource", one.place).warn(reason.code, reason.text)


def _check_indicators(
    one: Declared, wanted: Mapping[str, Place], catalog: Catalog, account: Account | None, estate: Place
) -> None:
    """Each reason once, at the field to change; of an own indicator that is broken that is said already."""
    broken = _written(one).keys() - one.component.indicators.keys()
    for indicator, place in wanted.items():
        if indicator in broken:
            continue
        reason = catalog.bind(one.component, indicator, account)
        if not isinstance(reason, Unbound) or reason.code == "unknown_kind":
            continue
        if reason.code == "unknown_indicator":
            place.warn(reason.code, reason.text)
        elif reason.code == "missing_account":
            estate.warn(reason.code, reason.text)
        else:
            one.place.fields().get("resource", one.place).warn(reason.code, reason.text)


def _check_units(one: Declared, wanted: Mapping[str, Place], catalog: Catalog, account: Account | None, units: Units) -> None:
    written, fields = _written(one), one.place.fields()
    for indicator in wanted:
        bound = catalog.bind(one.component, indicator, account)
        if not isinstance(bound, Unbound):
            suspected_units.check(bound, units, written.get(indicator) or fields.get("resource", one.place))


def _check_survivors(one: Declared, catalog: Catalog, account: Account | None) -> None:
    """Whoever relies on a page of CloudWatch's must hear that there will be none."""
    asking = [pair for pair in zip(one.component.objectives, one.objectives, strict=False) if pair[0].survives_sloop]
    if asking:
        from slo.estate.native import why_not, why_unmeasured  # noqa: PLC0415  # numpy takes longer than the whole check

        for objective, place in asking:
            why = why_not(objective) or why_unmeasured(catalog.measure(one.component, objective, account))
            if why is not None:
                told = f"CloudWatch cannot page for it while Sloop is dead: {why}; remove it"
                place.fields()["survives_sloop"].warn("cannot_survive", told)


def _check_unused(one: Declared, wanted: Mapping[str, Place]) -> None:
    for name, place in _written(one).items():
        if name in one.component.indicators and name not in wanted:
            place.warn("unused_indicator", f"no objective and no composite is of indicator {name!r}; add one, or remove it")


def _written(one: Declared) -> dict[str, Place]:
    fields = one.place.fields()
    return fields["indicators"].fields() if "indicators" in fields else {}
