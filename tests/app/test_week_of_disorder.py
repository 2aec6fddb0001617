"""A week in which minutes come late, twice, in any order or never ends with the frames of the clean feed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app import pipeline
from app.memory.store import MemoryStore
from app.ports import Span
from app.telling import Told
from app.watch import Pace, Watch, slot_key
from slo.estate.indicator import EventRatio, MetricQuery
from slo.judge.answer import Series
from tests.support.objectives import estate_of, objective
from tests.support.rig import START
from tests.support.seeds import seeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.judge.series import Floats, Ints

WEEK = 7 * 1440
NEVER = np.iinfo(np.int64).max
COMPONENTS = ("api", "web", "jobs")


def query(component: str, metric: str) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Test", metric, (("Component", component),), "Sum")


@dataclass(slots=True, eq=False)
class Feed:
    """A source of a week: each value shows from its own minute on, before that perhaps a smaller one; with `order` in disorder,

    and every seventh twice.
    """

    values: dict[Query, Floats]
    seen_from: dict[Query, Ints]
    early: dict[Query, Ints]
    order: np.random.Generator | None
    now: int = START

    def spans(self, start: int, end: int, now: int) -> Sequence[Span]:
        self.now = now
        return (Span(max(start, START), end),) if max(start, START) < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        return {q: self._series(q, span) for q in queries}

    def _series(self, q: Query, span: Span) -> Series:
        held = slice(span.start - START, min(span.end - START, WEEK))
        shown, early = self.seen_from[q][held] <= self.now, self.early[q][held] <= self.now
        values = np.where(shown, self.values[q][held], np.floor(self.values[q][held] / 2))
        rows = np.flatnonzero(shown | early)
        if self.order is not None:
            rows = self.order.permutation(np.concatenate((rows, rows[::7])))
        return Series(rows + span.start, values[rows])


def feed(seed: int, *, clean: bool) -> Feed:
    """Of the same seed the same week; a clean one shows every minute that ever comes as soon as it is over."""
    made = Feed({}, {}, {}, None if clean else np.random.default_rng(seed))
    for component in COMPONENTS:
        rng = np.random.default_rng((seed, COMPONENTS.index(component)))
        minutes = np.arange(START, START + WEEK)
        total = rng.poisson(200, WEEK).astype(np.float64)
        bad = rng.binomial(total.astype(np.int64), rng.choice([0.0, 0.001, 0.3], WEEK, p=[0.6, 0.37, 0.03])).astype(np.float64)
        missing = rng.random(WEEK) < 0.02
        late = rng.choice([0, 1, 3, 10, 55], WEEK, p=[0.7, 0.1, 0.1, 0.07, 0.03])
        seen = minutes + 1 + (0 if clean else late)
        early = seen if clean else np.where(rng.random(WEEK) < 0.5, minutes + 1, seen)
        for metric, values in (("Requests", total), ("Errors", bad)):
            made.values[query(component, metric)] = values
            made.seen_from[query(component, metric)] = np.where(missing, NEVER, seen)
            made.early[query(component, metric)] = np.where(missing, NEVER, early)
    return made


def watch(source: Feed, pace: Pace) -> Watch:
    """A window that holds the whole week, and no rules: they are not asked about here, and take most of the time."""
    named = tuple(replace(objective(c, window=8 * 1440), policy=()) for c in COMPONENTS)
    indicators = {o.id: EventRatio(total=(query(o.component, "Requests"),), bad=(query(o.component, "Errors"),)) for o in named}
    keys = {o.id: slot_key(o.indicator_id, indicators[o.id]) for o in named}
    pairs = tuple((o, keys[o.id]) for o in named)
    return Watch("week", estate_of(*named), source, pace, {keys[i]: one for i, one in indicators.items()}, pairs)


def stored(store: MemoryStore, held: pipeline.Held) -> dict[int, bytes]:
    return {f.minute: f.counts.tobytes() for f in store.frames(held.shard, START, START + WEEK)}


def run(source: Feed, pace: Pace, steps: Iterable[tuple[int, bool]]) -> dict[int, bytes]:
    """Polled at each of these T, some of them after a restart; the stored frames by minute, as bytes."""
    store, watched = MemoryStore(), watch(source, pace)
    held = pipeline.load(store, watched, START)
    for upto, restart in steps:
        if restart:
            held = pipeline.load(store, watched, upto)
        pipeline.poll(store, watched, held, upto, lambda transitions, _: Told(transitions))
    return stored(store, held)


def disorderly(random: Random, *, end: int) -> Iterator[tuple[int, bool]]:
    """Polls at uneven distances, the same T twice now and then; restarts, two of them after days of silence."""
    at, silences = START, sorted(random.sample(range(START, end, 60), 2))
    while at < end:
        silent = bool(silences) and at >= silences[0]
        pause = random.randint(1500, 3600) if silent else random.choice([0, 5, 15, 30, 45, 60, 60, 120])
        silences = silences[1:] if silent else silences
        at = min(at + pause, end)
        yield at, silent or random.random() < 0.02


@pytest.mark.hypothesis  # so that `make chaos` takes it
@pytest.mark.parametrize("seed", seeds())
def test_a_week_of_late_duplicate_reordered_and_missing_minutes_ends_with_the_frames_of_the_clean_feed(seed: int) -> None:
    end = START + WEEK + 120
    store = MemoryStore()
    clean = stored(store, pipeline.load(store, watch(feed(seed, clean=True), Pace(0)), end))

    messy = run(feed(seed, clean=False), Pace(0, poll=5), disorderly(Random(seed), end=end))

    assert len(clean) > WEEK * 0.99
    assert messy == clean
