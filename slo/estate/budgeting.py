"""What the budget of an objective counts, as declared: each event, or slices of time; and what a missing slice counts as."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.estate import shares
from slo.estate.spec import OCCURRENCES, Budgeting
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.places import Place
    from slo.estate.spec import Method, NoData

METHODS: dict[Method, str] = {
    "Occurrences": "every event counts",
    "Timeslices": "a slice of time is good or bad",
    "RatioTimeslices": "every slice of time counts the same, by its ratio",
}
NO_DATA: dict[NoData, str] = {
    "bad": "a slice that was not measured is bad",
    "good": "it is good",
    "hold": "it is as the last one that was measured",
}
FIELDS = ("method", "time_slice_window", "time_slice_target", "no_data")


def read(fields: Mapping[str, Place], target: Decimal | None, window: int | None, *, by_time: bool) -> Budgeting:
    """`by_time`: each minute of the indicator is one event. With a problem it is not what was meant, and never used."""
    method = cast("Method", (fields["method"].one_of(METHODS) if "method" in fields else None) or "Occurrences")
    width = _width(fields["time_slice_window"], method, window) if "time_slice_window" in fields else 1
    slice_target = _slice_target(fields["time_slice_target"], method) if "time_slice_target" in fields else target
    no_data = _no_data(fields["no_data"], method, by_time=by_time) if "no_data" in fields else None
    if method == "Occurrences" and no_data is None:
        return OCCURRENCES
    return Budgeting(method, width, slice_target if method == "Timeslices" else None, no_data)


def _width(place: Place, method: Method, window: int | None) -> int:
    minutes = place.duration()
    if method == "Occurrences":
        place.error("contradiction", "Occurrences has no slices; write method: Timeslices or RatioTimeslices, or remove it")
    elif minutes is not None and not 1 <= minutes <= (window or minutes):
        longest = "the window" if window is None else f"the window, {format_duration(window)}"
        place.error("bad_window", f"a slice of {format_duration(minutes)} is outside 1m to {longest}")
    return minutes or 1


def _slice_target(place: Place, method: Method) -> Decimal | None:
    if method != "Timeslices":
        place.error("contradiction", f"only Timeslices has a time_slice_target, {method} has not; remove it")
    return shares.slice_target(place)


def _no_data(place: Place, method: Method, *, by_time: bool) -> NoData | None:
    if method != "Timeslices" and not by_time:
        why = "a minute without events is no bad event and no good one"
        fix = "remove no_data, or write method: Timeslices, or measure an indicator of type time_slice"
        place.error("contradiction", f"no_data holds for slices of time only: {why}; {fix}")
    return cast("NoData | None", place.one_of(NO_DATA))
