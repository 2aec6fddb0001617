"""The source of composites: the minutes of their parts, as the shards of these have stored them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.ports import Span
from slo.errors import SourceError
from slo.estate.indicator import Journey, PartQuery
from slo.judge import sli
from slo.judge.answer import Series
from slo.judge.windows import slices_of
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.ports import Shard, Store
    from app.watch import Watch
    from slo.estate.indicator import Query
    from slo.estate.spec import Part
    from slo.judge.answer import Answer
    from slo.judge.composite import PartState
    from slo.judge.series import Slices
    from slo.units import Minute


class CompositeSource:
    """Implements `app.ports.Source` for `PartQuery`. No minute is answered before every part that is asked for has judged it.

    `ready` says of a shard's name whether its history was read by this process: what a part lacks is otherwise not known
    to be missing.
    """

    def __init__(self, store: Store, ready: Callable[[str], bool] = lambda _: True) -> None:
        self._store, self._ready = store, ready

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:  # noqa: ARG002  # stored minutes do not grow coarse
        return (Span(start, end),) if start < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        """SourceError while a part's shard is behind the end of the span: half a journey is none."""
        asked = [q for q in queries if isinstance(q, PartQuery)]
        places = {key: (shard, slot) for shard in self._store.shards() for key, slot in shard.slots.items()}
        parts = self._read({query.slot_key for query in asked}, places, span)
        return {q: _series(parts[q.slot_key], q) for q in asked}

    def _read(self, keys: set[str], places: Mapping[str, tuple[Shard, int]], span: Span) -> dict[str, Slices]:
        """Each shard's frames once, whatever number of its slots are parts."""
        for key in sorted(keys):
            self._check_judged(key, places.get(key, (None, 0))[0], span.end)
        found: dict[str, Slices] = {}
        for shard in {places[key][0].id: places[key][0] for key in sorted(keys)}.values():
            frames = tuple(self._store.frames(shard, span.start, span.end))
            mine = [key for key in keys if places[key][0].id == shard.id]
            found |= {key: slices_of(frames, places[key][1]) for key in mine}
        return found

    def _check_judged(self, key: str, shard: Shard | None, end: Minute) -> None:
        indicator = key.rsplit("@", 1)[0]
        if shard is None or shard.tick is None or not self._ready(shard.name):
            raise SourceError(f"part {indicator} is not judged yet; its history is still being read", retryable=True)
        if shard.tick < end:
            reached = f"part {indicator} is judged only until {format_minute(shard.tick)}"
            raise SourceError(f"{reached}; see the error of source {shard.name}", retryable=True)


def part_states(watch: Watch, key: str, at: Minute) -> tuple[tuple[Part, PartState], ...]:
    """What each part of a composite was in the newest minute before T; empty of what is no composite, or while unknown."""
    indicator = watch.indicators[key]
    if not isinstance(indicator, Journey):
        return ()
    try:
        answers = watch.source.fetch(indicator.queries, Span(at - 1, at))
    except SourceError:
        return ()
    return sli.part_states(indicator, answers, at - 1)


def _series(slices: Slices, query: PartQuery) -> Series:
    """Counts stay below 10^12, so doubles hold them exactly."""
    counts = slices.total if query.count == "total" else slices.bad
    return Series(slices.minutes, counts.astype(np.float64))
