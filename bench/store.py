"""What the store costs: restart to the first correct evaluation, bytes per objective and month, ticks on both databases.

PostgreSQL is a real server in a temporary folder; its CPU is that of all its processes, as the kernel counts it.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from figures import of_samples, report
from tick import NOW, SLOTS, TICKS, frame, prepare, watch_of

from app import pipeline
from app.ports import Commit
from app.store.migrate import migrate
from app.store.proof import prove
from app.store.recount import Recount
from app.store.sql import SqlStore
from app.telling import Told
from slo.judge.verdict import Circumstances
from slo.judge.windows import Frame

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import programs
from tests.support.postgres import Postgres, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from figures import Figure

    from app.watch import Watch
    from slo.estate.spec import Objective

DAYS = 30
RESTARTS = 5
SINCE_CHECKPOINT = 59
"""Minutes: the most that a restart has to replay."""
JIFFIES = os.sysconf("SC_CLK_TCK")


def main() -> None:
    figures: list[Figure] = []
    with TemporaryDirectory() as folder:
        figures += month(Path(folder))
    figures += ticks("SQLite")
    if programs.find("postgres"):
        figures += ticks("PostgreSQL")
    report(figures)


def month(folder: Path) -> list[Figure]:
    """A month of realistic minutes in 10 shards: its size, restarts from it, and its proof."""
    url = f"sqlite:///{folder / 'month.sqlite'}"
    store, random = SqlStore.open(url), np.random.default_rng(11)
    watches = [watch_of(n) for n in range(10)]
    fill(store, watches[0], random)
    store.close()
    size = sum(file.stat().st_size for file in folder.iterdir())
    figures = [
        of_samples("disk per objective and month", [size / SLOTS / 1000], "kB", "<= 150"),
        of_samples("sloop db check, 1,000 slots x 30 days", [seconds(lambda: prove(url).holds) for _ in range(3)], "s", "-"),
    ]
    for watch in watches[1:]:
        copy(folder / "month.sqlite", url, watch)
    for shards, goal in ((1, "<= 0.3"), (10, "<= 1.5")):
        samples = [restart(url, watches[:shards]) for _ in range(RESTARTS)]
        name = f"restart of {shards * SLOTS:,} objectives"
        figures += [
            of_samples(f"{name}, to the first evaluation", [evaluated for evaluated, _ in samples], "s", goal),
            of_samples(f"{name}, to every verdict", [shown for _, shown in samples], "s", "-"),
        ]
    for watch in watches:
        verify(url, watch)
    return figures


def fill(store: SqlStore, watch: Watch, random: np.random.Generator) -> None:
    """Every minute of a month, and a checkpoint as old as it gets."""
    shard = store.open_shard(watch.name, watch.slot_keys, NOW)
    begin, kept = NOW - DAYS * 1440, NOW - SINCE_CHECKPOINT
    rates = random.lognormal(5, 2, SLOTS)
    for first in range(begin, kept, 1440):
        end = min(first + 1440, kept)
        frames = [busy(minute, rates, random) for minute in range(first, end)]
        shard = store.commit(Commit(shard, end, frames=frames))
    shard = store.commit(Commit(shard, kept, checkpoint=store.sums(shard, watch.windows)))
    for minute in range(kept, NOW):
        shard = store.commit(Commit(shard, minute + 1, frames=[busy(minute, rates, random)]))


def copy(file: Path, url: str, watch: Watch) -> None:
    """The rows of the first shard as those of another: writing them again would take minutes."""
    store = SqlStore.open(url)
    shard = store.open_shard(watch.name, watch.slot_keys, NOW)
    store.close()
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, columns in (("frame", "minute"), ("hour", "minute"), ("checkpoint", "at")):
            rows = f"SELECT {shard.id}, {columns}, data FROM {table} WHERE shard_id = 1"
            connection.execute(f"INSERT INTO {table} (shard_id, {columns}, data) {rows}")
        connection.execute(f"UPDATE shard SET tick = {NOW} WHERE id = {shard.id}")


def busy(minute: int, rates: np.ndarray, random: np.random.Generator) -> Frame:
    """From some requests a day to thousands a minute, more by day than by night, 1 in 10,000 failing."""
    total = random.poisson(rates * (1 + 0.6 * np.sin(minute / 1440 * 2 * np.pi)))
    counts = np.stack([total, random.binomial(total, 0.0001), np.ones(SLOTS, np.int64)])
    return Frame(minute, counts.astype(np.int64), np.zeros(SLOTS, bool))


def unknown(_objective: Objective, _key: str) -> Circumstances:
    return Circumstances()


def restart(url: str, watches: list[Watch]) -> tuple[float, float]:
    """Seconds until every rule of every objective is decided, and until every verdict is written; imports are done."""
    begin = time.perf_counter()
    store = SqlStore.open(url)
    loaded = [(watch, pipeline.load(store, watch, NOW)) for watch in watches]
    assert not any(held.table.firing(held.sums).any() for _, held in loaded)
    evaluated = time.perf_counter() - begin
    for watch, held in loaded:
        assert len(list(pipeline.verdicts(store, watch, held, unknown))) == SLOTS
    shown = time.perf_counter() - begin
    store.close()
    return evaluated, shown


def verify(url: str, watch: Watch) -> None:
    """The sums after a restart are those of every stored minute."""
    store = SqlStore.open(url)
    held = pipeline.load(store, watch, NOW)
    recount = Recount.of(NOW, watch.windows, held.shard.width)
    for one in store.frames(held.shard, 0, NOW):
        recount.add(one)
    assert all((recount.window(w) == held.sums.counts[row]).all() for row, w in enumerate(watch.windows))
    store.close()


def ticks(database: str) -> list[Figure]:
    figures = []
    for shards in (1, 10):
        cpu, server, wall = run(database, shards)
        name = f"tick of {shards * SLOTS:,} objectives on {database}"
        if database == "SQLite":
            figures.append(of_samples(f"{name}, CPU", cpu, "ms", "<= 7.4" if shards == 1 else "<= 8 times"))
        else:
            whole = [one + other for one, other in zip(cpu, server, strict=True)]
            figures += [
                of_samples(f"{name}, CPU with the server's", whole, "ms", "<= 14.8" if shards == 1 else "<= 8 times"),
                of_samples(f"{name}, CPU of the server", server, "ms", "-"),
            ]
        figures.append(of_samples(f"{name}, wall", wall, "ms", "-"))
    return figures


def run(database: str, shards: int) -> tuple[list[float], list[float], list[float]]:
    """(CPU of this process, CPU of the server, wall) milliseconds of a tick over all shards, as medians of rounds.

    The kernel counts a server's CPU in steps of 10 ms, so a sample is the mean of some ticks.
    """
    together = 10
    with opened(database) as (store, server):
        random = np.random.default_rng(7)
        pairs = [prepare(store, n, random) for n in range(shards)]
        samples = []
        for first in range(0, TICKS, together):
            frames = [[frame(NOW + first + n, random) for _ in pairs] for n in range(together)]
            before = time.process_time(), cpu_of(server), time.perf_counter()
            for n, given in enumerate(frames):
                for (watch, held), one in zip(pairs, given, strict=True):
                    pipeline.advance(store, watch, held, (), (one,), NOW + first + n + 1, lambda *_: Told())
            after = time.process_time(), cpu_of(server), time.perf_counter()
            samples.append([(b - a) * 1000 / together for a, b in zip(before, after, strict=True)])
        cpu, its, wall = (list(column) for column in zip(*samples, strict=True))
        return cpu, its, wall


@contextmanager
def opened(database: str) -> Iterator[tuple[SqlStore, Postgres | None]]:
    if database == "SQLite":
        with TemporaryDirectory() as folder:
            store = SqlStore.open(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
            yield store, None
            store.close()
        return
    with running() as server:
        url = server.url(server.create())
        migrate(url)
        store = SqlStore.open(url)
        yield store, server
        store.close()


def cpu_of(server: Postgres | None) -> float:
    """Seconds of the server and of every process it started, those that have ended too."""
    if server is None:
        return 0.0
    parent = server.process.pid
    rows = {int(path.name): stat_of(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    mine = [row for pid, row in rows.items() if row and (pid == parent or row[1] == str(parent))]
    own = sum(int(row[11]) + int(row[12]) for row in mine)
    ended = sum(int(row[13]) + int(row[14]) for pid, row in rows.items() if row and pid == parent)
    return (own + ended) / JIFFIES


def stat_of(process: Path) -> list[str]:
    """The fields after the name, which may hold blanks; empty when it has ended."""
    try:
        return (process / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def seconds(act: Callable[[], bool]) -> float:
    begin = time.perf_counter()
    assert act()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
