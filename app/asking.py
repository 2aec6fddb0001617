"""A source that counts what it is asked for: GetMetricData is paid by the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ports import Source, Span
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute


class CountedSource:
    """Implements `app.ports.Source` by another one; used by one thread."""

    def __init__(self, behind: Source) -> None:
        self._behind, self._asked = behind, 0

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        return self._behind.spans(start, end, now)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        self._asked += len(queries)
        return self._behind.fetch(queries, span)

    def taken(self) -> int:
        """The series asked for since this was called last, answered or not."""
        taken, self._asked = self._asked, 0
        return taken
