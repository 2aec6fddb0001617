"""A tick from parsed counts to a durable commit on SQLite: CPU of the process, 8 windows, nothing firing.

Of the 30 days of frames only those exist that the measured ticks subtract, so the file is smaller than in production;
the statements, the rows they read and the bytes they decode are the same.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from figures import Figure, of_samples, report

from app import pipeline
from app.memory.source import MemorySource
from app.ports import Commit
from app.store.sql import SqlStore
from app.telling import Told
from app.watch import Pace, Watch
from slo.estate.indicator import EventRatio, MetricQuery
from slo.estate.spec import Component, Estate, Objective, RuleSpec
from slo.judge.windows import Frame
from slo.units import to_minute

SLOTS = 1000
TICKS = 40
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.10"), 1440, 120),
    RuleSpec("ticket", Decimal("0.10"), 4320, 360),
)
NOW = to_minute(datetime(2026, 11, 2, 0, 30, tzinfo=UTC))


def main() -> None:
    figures: list[Figure] = []
    for shards, goal in ((1, "<= 7.4"), (10, "<= 60")):
        cpu, wall = run(shards)
        name = f"tick of {shards * SLOTS:,} objectives"
        figures += [of_samples(f"{name}, CPU", cpu, "ms", goal), of_samples(f"{name}, wall", wall, "ms", "-")]
    report(figures)


def run(shards: int) -> tuple[list[float], list[float]]:
    """(CPU, wall) milliseconds of each tick over all shards."""
    with TemporaryDirectory() as folder:
        store = SqlStore.open(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        random = np.random.default_rng(7)
        pairs = [prepare(store, n, random) for n in range(shards)]
        cpu, wall = [], []
        for tick in range(TICKS):
            frames = [frame(NOW + tick, random) for _ in pairs]
            before_cpu, before = time.process_time(), time.perf_counter()
            for (watch, held), one in zip(pairs, frames, strict=True):
                pipeline.advance(store, watch, held, (), (one,), NOW + tick + 1, lambda *_: Told())
            cpu.append((time.process_time() - before_cpu) * 1000)
            wall.append((time.perf_counter() - before) * 1000)
        store.close()
        return cpu, wall


def prepare(store: SqlStore, number: int, random: np.random.Generator) -> tuple[Watch, pipeline.Held]:
    """A shard of SLOTS objectives whose windows hold what the ticks will subtract."""
    watch = watch_of(number)
    shard = store.open_shard(watch.name, tuple(watch.indicators), NOW)
    held_minutes = sorted(
        {NOW + t - w for t in range(TICKS) for w in watch.windows if isinstance(w, int) and NOW + t - w < NOW}
    )
    shard = store.commit(Commit(shard, NOW, frames=[frame(m, random) for m in held_minutes]))
    held = pipeline.load(store, watch, NOW)
    assert len(held.sums.windows) == 8
    return watch, held


def watch_of(number: int) -> Watch:
    objectives = [
        Objective(f"c{n}.availability", f"c{n}", "availability", Decimal("0.999"), 43200, POLICY) for n in range(SLOTS)
    ]
    estate = Estate(f"bench{number}", components=tuple(Component(o.component, "ecs", objectives=(o,)) for o in objectives))
    indicators = {o.indicator_id: EventRatio((query(n),), bad=(query(n),)) for n, o in enumerate(objectives)}
    pairs = tuple((o, o.indicator_id) for o in objectives)
    return Watch(f"bench/{number}", estate, MemorySource(), Pace(0), indicators, pairs)


def query(number: int) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Bench", f"m{number}", (), "Sum")


def frame(minute: int, random: np.random.Generator) -> Frame:
    """Thousands of requests, a fifth of the budget burnt."""
    total = random.integers(1_000, 10_000, SLOTS)
    counts = np.stack([total, random.binomial(total, 0.0002), np.ones(SLOTS, np.int64)])
    return Frame(minute, counts, np.zeros(SLOTS, bool))


if __name__ == "__main__":
    main()
