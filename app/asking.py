"""A source that counts what it is asked for: GetMetricData is paid by the series, and its quota is the whole account's."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.ports import Source, Span
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute


class Taken(NamedTuple):
    """Series asked for, answered or not; tries that were refused for their rate, even if the next one was answered."""

    series: int
    throttled: int


_ASKING: ContextVar[Callable[[], None] | None] = ContextVar("_ASKING", default=None)


def note_throttled() -> None:
    """For whoever tries again by himself: told to the source that is being asked on this thread, if it counts."""
    tell = _ASKING.get()
    if tell is not None:
        tell()


class CountedSource:
    """Implements `app.ports.Source` by another one; used by one thread."""

    def __init__(self, behind: Source) -> None:
        self._behind, self._asked, self._throttled = behind, 0, 0

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        return self._behind.spans(start, end, now)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        self._asked += len(queries)
        asking = _ASKING.set(self._note)
        try:
            return self._behind.fetch(queries, span)
        finally:
            _ASKING.reset(asking)

    def taken(self) -> Taken:
        """Since this was called last."""
        taken, self._asked, self._throttled = Taken(self._asked, self._throttled), 0, 0
        return taken

    def _note(self) -> None:
        self._throttled += 1
