"""The metrics of all components, asked for together: one call per account and region, as rarely as a target allows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from app.ports import Span
from slo.errors import SourceError
from slo.judge.answer import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.ports import Source
    from slo.estate.indicator import MetricQuery
    from slo.judge.answer import Answer

JITTER_SECONDS = 30
"""Looks are a minute apart, but not to the second."""


class Wish(NamedTuple):
    """The last `window` minutes of a metric, read again after `every` minutes."""

    query: MetricQuery
    window: int
    every: int

    @property
    def group(self) -> tuple[str | None, str, int]:
        return self.query.account, self.query.region, self.window


@dataclass(frozen=True, slots=True)
class Answered:
    """`at` is the moment of the oldest of them, epoch seconds."""

    at: int
    of: Mapping[MetricQuery, Answer | None]


class RecoveryMetrics:
    """What the last look asked is asked with the first question of the next one: AWS bills metrics and limits calls."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = self._before = 0
        self._asked: dict[Wish, int] = {}
        self._held: dict[Wish, tuple[int, Answer | None]] = {}
        self._failed: dict[tuple[str | None, str, int], SourceError] = {}

    def read(self, at: int, queries: Sequence[MetricQuery], window: int, every: int) -> Answered:
        """SourceError when one of their groups was refused: it is asked again at the next look."""
        if at != self._at:
            self._before, self._at, self._failed = self._at, at, {}
        wishes = [Wish(query, window, every) for query in queries]
        self._asked.update(dict.fromkeys(wishes, at))
        if any(self._due(wish) for wish in wishes):
            self._fetch({*wishes, *(w for w, last in self._asked.items() if last >= self._before)})
        for wish in wishes:
            if wish.group in self._failed:
                raise self._failed[wish.group]
        found = {wish.query: self._held[wish] for wish in wishes}
        return Answered(min((when for when, _ in found.values()), default=at), {q: answer for q, (_, answer) in found.items()})

    def _due(self, wish: Wish) -> bool:
        if wish.group in self._failed:
            return False
        held = self._held.get(wish)
        if held is None or held[0] == self._at:
            return held is None
        return isinstance(held[1], Failed) or self._at - held[0] >= wish.every * 60 - JITTER_SECONDS

    def _fetch(self, wishes: Iterable[Wish]) -> None:
        groups: dict[tuple[str | None, str, int], list[Wish]] = defaultdict(list)
        for wish in wishes:
            if self._due(wish):
                groups[wish.group].append(wish)
        for group, due in groups.items():
            end = self._at // 60
            try:
                answers = self._source.fetch(list(dict.fromkeys(w.query for w in due)), Span(end - group[2], end))
            except SourceError as error:
                self._failed[group] = error
                continue
            self._held.update({wish: (self._at, answers.get(wish.query)) for wish in due})
