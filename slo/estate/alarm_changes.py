"""What a component wants otherwise of the default alarms of its kind."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

from slo.catalog.watch import why_no_window
from slo.estate.spec import AlarmChange
from slo.estate.yaml_write import Number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.kind import Kind
    from slo.catalog.watch import AlarmTemplate
    from slo.estate.places import Place
    from slo.estate.spec import Severity

FIELDS = ("threshold", "datapoints", "periods", "severity", "enabled")
MOST_PERIODS = 10_080
"""A week of minutes: CloudWatch looks back no further, and less far for short periods."""
MOST = Decimal(10) ** 18
"""A threshold is a double: beyond this whole numbers are no longer exact."""


def read(place: Place, kind: Kind | None) -> dict[str, AlarmChange]:
    """By name of the alarm; of an unknown kind nothing can be said, and the kind is a problem already."""
    known = {alarm.name: alarm for alarm in kind.alarms} if kind else {}
    found: dict[str, AlarmChange] = {}
    for name, inside in place.fields().items():
        change = _change(inside)
        if kind is None:
            continue
        if name not in known:
            inside.error("unknown_alarm", f"kind {kind.name!r} has no alarm {name!r}{inside.hint(name, known)}")
            continue
        _check(change, known[name], inside)
        found[name] = change
    return found


def written(change: AlarmChange) -> dict[str, Any]:
    """As `read` takes it."""
    numbers = {"threshold": change.threshold, "datapoints": change.datapoints, "periods": change.periods}
    return {
        **{key: Number.of(value) for key, value in numbers.items() if value is not None},
        **({"severity": change.severity} if change.severity else {}),
        **({} if change.enabled else {"enabled": False}),
    }


def restored(document: Mapping[str, Any]) -> AlarmChange:
    """What `written` gave, numbers as text. TypeError, ValueError or ArithmeticError where it is something else."""
    threshold, severity = document.get("threshold"), document.get("severity")
    if severity not in (None, "page", "ticket"):
        raise ValueError(severity)
    datapoints, periods = (None if document.get(key) is None else int(document[key]) for key in ("datapoints", "periods"))
    return AlarmChange(
        None if threshold is None else Decimal(threshold),
        datapoints,
        periods,
        severity,
        enabled=document.get("enabled") is not False,
    )


def _change(place: Place) -> AlarmChange:
    fields = place.fields(FIELDS)
    return AlarmChange(
        threshold=_number(fields["threshold"]) if "threshold" in fields else None,
        datapoints=fields["datapoints"].integer(1, MOST_PERIODS) if "datapoints" in fields else None,
        periods=fields["periods"].integer(1, MOST_PERIODS) if "periods" in fields else None,
        severity=cast("Severity | None", fields["severity"].one_of(("page", "ticket"))) if "severity" in fields else None,
        enabled="enabled" not in fields or fields["enabled"].flag() is not False,
    )


def _number(place: Place) -> Decimal | None:
    text = place.scalar("a number")
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if value.is_finite() and abs(value) <= MOST and -value.as_tuple().exponent <= 18:  # type: ignore[operator]  # finite
        return value
    place.wrong(f"a number from -{MOST:g} to {MOST:g}")
    return None


def _check(change: AlarmChange, alarm: AlarmTemplate, place: Place) -> None:
    changed = alarm.changed(change)
    if (why := why_no_window(changed.period, changed.datapoints, changed.periods)) is not None:
        place.error("bad_window", f"{why}; {alarm.name} has {alarm.datapoints} of {alarm.periods} of {alarm.period} s")
