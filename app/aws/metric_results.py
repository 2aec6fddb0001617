"""Answers of GetMetricData as series: pages joined, statuses told, and no work per point in Python where numbers are plain."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from app.aws.metric_call import ACTION
from app.aws.parser import moment
from slo.errors import AccessDenied
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ports import Span
    from slo.estate.indicator import MetricQuery
    from slo.judge.answer import Answer
    from slo.judge.series import Floats, Ints

_UNFINISHED = {"PartialData", "InternalError"}
"""Asked again, these may be whole."""
_ABSENT: Mapping[str, Any] = {"StatusCode": "missing from the answer"}


class Results:
    """Results gathered over pages; a series is usable only if its last status is Complete."""

    def __init__(self, queries: Sequence[MetricQuery]) -> None:
        self._queries = queries
        self._number = _numbers(len(queries))
        self._found: list[Mapping[str, Any]] = [_ABSENT] * len(queries)
        self._notes: list[str] = []

    def add(self, page: Mapping[str, Any]) -> None:
        for result in page.get("MetricDataResults") or ():
            number = self._number.get(result.get("Id", ""))
            if number is not None:
                known = self._found[number]
                self._found[number] = result if known is _ABSENT else _joined(known, result)
        self._notes += _notes(page)

    @property
    def unfinished(self) -> list[int]:
        """Numbers of the queries of which AWS says that it has not told everything."""
        return [n for n, result in enumerate(self._found) if result.get("StatusCode") in _UNFINISHED]

    def answers(self, span: Span) -> list[Answer]:
        """One per query, in their order."""
        rows = _rows([result.get("Values") or [] for result in self._found])
        series = _Clock(span).series
        return [
            series(result.get("Timestamps") or [], row)
            or _failed(query, "timestamps and values are no numbers that belong together")
            if result.get("StatusCode", "Complete") == "Complete"
            else self._failed(query, result)
            for query, result, row in zip(self._queries, self._found, rows, strict=True)
        ]

    def _failed(self, query: MetricQuery, result: Mapping[str, Any]) -> Failed:
        notes = "; ".join(_notes(result) or self._notes)
        if result["StatusCode"] == "Forbidden":
            name = f"{query.namespace} {query.metric}"
            return Failed(str(AccessDenied(ACTION, f"{name}: forbidden {notes}".strip())))
        return _failed(query, f"{result['StatusCode']} {notes}".strip())


class _Minutes(NamedTuple):
    """What timestamps mean; `chosen` are the rows that count, None for all of them."""

    stamps: list[Any]
    minutes: Ints
    chosen: Ints | None


class _Clock:
    """The minutes of one answer: many series have the same ones, which are read once and shared."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._known: dict[tuple[Any, ...], _Minutes] = {}
        self._last = _Minutes([], np.empty(0, np.int64), None)

    def series(self, stamps: list[Any], row: Floats | None) -> Series | None:
        """None when the two do not fit together."""
        if row is None or len(row) != len(stamps):
            return None
        if stamps != self._last.stamps:
            try:
                self._last = self._of(stamps)
            except (TypeError, ValueError):
                return None
        _, minutes, chosen = self._last
        return Series(minutes, row if chosen is None else row[chosen])

    def _of(self, stamps: list[Any]) -> _Minutes:
        # What is reported only when nonzero has timestamps of its own: few of them share their number and both ends.
        ends = (len(stamps), stamps[0], stamps[-1]) if stamps else ()
        known = self._known.get(ends)
        if known is None or stamps != known.stamps:
            known = self._known[ends] = self._read(stamps)
        return known

    def _read(self, stamps: list[Any]) -> _Minutes:
        minutes, chosen = _seconds(stamps).astype(np.int64) // 60, None
        inside = not len(minutes) or (minutes[0] >= self._span.start and minutes[-1] < self._span.end)
        if not inside or not (minutes[1:] > minutes[:-1]).all():
            chosen = self._choose(minutes)
            minutes = minutes[chosen]
        minutes.setflags(write=False)
        return _Minutes(stamps, minutes, chosen)

    def _choose(self, minutes: Ints) -> Ints:
        """Ascending and inside of the span; of a point that came twice the later one is the truer one."""
        _, last = np.unique(minutes[::-1], return_index=True)
        rows: Ints = len(minutes) - 1 - last
        return rows[(minutes[rows] >= self._span.start) & (minutes[rows] < self._span.end)]


@lru_cache(8)
def _numbers(count: int) -> Mapping[str, int]:
    return {f"q{n}": n for n in range(count)}


def _rows(lists: Sequence[list[Any]]) -> list[Floats | None]:
    """Every list as an array, all in one go; one by one when there is something in them that is no number."""
    lengths = list(map(len, lists))
    try:
        values = np.fromiter(chain.from_iterable(lists), np.float64, sum(lengths))
    except (TypeError, ValueError):
        return [_row(one) for one in lists]
    if lengths.count(lengths[0]) == len(lengths):
        return list(values.reshape(len(lengths), lengths[0]))
    return [values[end - length : end] for length, end in zip(lengths, accumulate(lengths), strict=True)]


def _row(values: list[Any]) -> Floats | None:
    """Null, which is no number, and numbers in quotes as JSON must write NaN."""
    try:
        return np.array(values, np.float64).reshape(len(values))
    except (TypeError, ValueError):
        return None


def _seconds(stamps: list[Any]) -> Floats:
    try:
        return np.fromiter(stamps, np.float64, len(stamps))
    except (TypeError, ValueError):
        return np.array([moment(stamp).timestamp() for stamp in stamps], np.float64)


def _joined(first: Mapping[str, Any], then: Mapping[str, Any]) -> Mapping[str, Any]:
    """A series that goes on on the next page, whose status and messages are the later ones."""
    return {**first, **then} | {name: [*(first.get(name) or ()), *(then.get(name) or ())] for name in ("Timestamps", "Values")}


def _notes(told: Mapping[str, Any]) -> list[str]:
    return [note["Value"] for note in told.get("Messages") or () if note.get("Value")]


def _failed(query: MetricQuery, wrong: str) -> Failed:
    return Failed(f"{query.namespace} {query.metric}: {wrong}")
