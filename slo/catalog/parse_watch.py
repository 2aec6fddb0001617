"""The signals, alarms and panels of a catalogue file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.catalog.parse_indicator import COMPARISONS
from slo.catalog.parse_query import SHARED, check_placeholders, metric, number
from slo.catalog.signal import MISSING, UNITS
from slo.catalog.watch import AlarmTemplate, PanelTemplate, SignalTemplate, why_no_window
from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.kind import ResourceKey
    from slo.catalog.signal import Missing, Unit
    from slo.estate.indicator import Comparison
    from slo.estate.places import Place
    from slo.estate.spec import Severity

LONGEST_NAME = 40  # leaves room in a label of 63 for the item of a list

_GROUP = (*SHARED, "each", "metrics")
_SIGNAL = ("title", "unit", "metric", "stat")
_NUMBERS = ("comparison", "threshold", "period", "datapoints", "periods")
_ALARM = (*_NUMBERS, "missing", "severity", "reason", "source")
_SUBJECT = ("signal", "signals", "expression")

Signals = dict[str, SignalTemplate]


def read_signals(place: Place, resource: dict[str, ResourceKey]) -> Signals:
    """In groups that share namespace, dimensions and region."""
    found: Signals = {}
    for group in place.items():
        fields = group.fields(_GROUP, required=("namespace", "dimensions", "metrics"))
        each = fields["each"].one_of([k.name for k in resource.values() if k.form == "list"]) if "each" in fields else None
        for name, inside in fields["metrics"].fields().items() if "metrics" in fields else ():
            signal = _signal(name, inside, {key: fields[key] for key in SHARED if key in fields}, each)
            if name in found:
                inside.error("duplicate_name", f"signal {name!r} is described twice")
            if signal is not None:
                check_placeholders(inside, signal.query.placeholders, resource, each)
                found[name] = signal
    return found


def _signal(name: str, place: Place, shared: dict[str, Place], each: str | None) -> SignalTemplate | None:
    fields = place.fields(_SIGNAL, required=_SIGNAL)
    if not _is_name(name, place) or len(fields) < len(_SIGNAL):
        return None
    title, unit = fields["title"].text(), fields["unit"].one_of(UNITS)
    query = metric(shared | fields, place)
    if title is None or unit is None or query is None:
        return None
    return SignalTemplate(name, title, cast("Unit", unit), query, each)


def read_alarms(place: Place, signals: Signals, resource: dict[str, ResourceKey]) -> tuple[AlarmTemplate, ...]:
    found = []
    for name, inside in place.fields().items():
        alarm = _alarm(name, inside, signals) if _is_name(name, inside) else None
        if alarm is not None:
            check_placeholders(inside, alarm.settings, resource)
            found.append(alarm)
    return tuple(found)


def _alarm(name: str, place: Place, signals: Signals) -> AlarmTemplate | None:
    fields = place.fields((*_SUBJECT, *_ALARM, "down"), required=_ALARM)
    subject, expression = _subject(fields, place, signals), fields["expression"].text() if "expression" in fields else None
    if subject is None or not fields.keys() >= set(_ALARM):
        return None
    if expression is None and "signals" in fields:
        place.error("missing_field", "an alarm on several signals compares an expression over them")
    comparison, threshold = fields["comparison"].one_of(COMPARISONS), number(fields["threshold"])
    period, datapoints, periods = (fields[key].integer(1, 604_800) for key in ("period", "datapoints", "periods"))
    missing, severity = fields["missing"].one_of(MISSING), fields["severity"].one_of(("page", "ticket"))
    reason, source = fields["reason"].text(), fields["source"].text()
    if comparison is None or threshold is None or period is None or datapoints is None or periods is None:
        return None
    if missing is None or severity is None or reason is None or source is None:
        return None
    _check_window(place, period, datapoints, periods)
    return AlarmTemplate(
        name,
        subject,
        expression,
        cast("Comparison", comparison),
        threshold,
        period,
        datapoints,
        periods,
        cast("Missing", missing),
        cast("Severity", severity),
        reason,
        source,
        down=("down" in fields and fields["down"].flag()) or False,
    )


def _subject(fields: dict[str, Place], place: Place, signals: Signals) -> Mapping[str, SignalTemplate] | None:
    """By id; `signal: x` is short for `signals: {m1: x}`."""
    if ("signal" in fields) == ("signals" in fields):
        place.error("missing_field", "exactly one of signal and signals is needed")
        return None
    named = {"m1": fields["signal"]} if "signal" in fields else fields["signals"].fields()
    found = {key: signals[name] for key, p in named.items() if (name := p.one_of(signals)) is not None}
    if len({signal.each for signal in found.values()}) > 1:
        place.error("mixed_lists", "the signals of one alarm are each of the same list, or of none")
    return found if found and len(found) == len(named) else None


def _check_window(place: Place, period: int, datapoints: int, periods: int) -> None:
    if (why := why_no_window(period, datapoints, periods)) is not None:
        place.error("bad_window", why)


def read_panels(place: Place, signals: Signals) -> tuple[PanelTemplate, ...]:
    found = []
    for inside in place.items():
        fields = inside.fields(("title", "signals"), required=("title", "signals"))
        title = fields["title"].text() if "title" in fields else None
        drawn = [signals[n] for p in fields["signals"].items() if (n := p.one_of(signals))] if "signals" in fields else []
        if len({signal.unit for signal in drawn}) > 1:
            inside.error("mixed_units", "the signals of one panel have one unit")
        if title is not None and drawn:
            found.append(PanelTemplate(title, tuple(drawn)))
    return tuple(found)


def _is_name(name: str, place: Place) -> bool:
    if len(name) <= LONGEST_NAME:
        return place.is_label(name)
    place.error("too_long", f"{shown(name)} is longer than {LONGEST_NAME} characters")
    return False
