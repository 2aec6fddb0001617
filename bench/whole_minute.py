"""The whole minute of 1,000 objectives on CloudWatch: 4 calls of 500 series to a stub in another process, up to the commit."""

from __future__ import annotations

import json
import os
import re
import time
from functools import cache
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import stub
from beside import OBJECTIVES, watch_of
from figures import Figure, of_samples
from tick import NOW, frame

from app import pipeline
from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.memory.source import MemorySource
from app.ports import Commit
from app.store.sql import SqlStore
from app.telling import Told
from app.watch import Pace

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SERIES = 500
POLL = 5
POLLS = 20
REREAD = 60
GOAL_MS = 25
_TIMES = re.compile(rb'"StartTime":(\d+),"EndTime":(\d+)')


def figures() -> list[Figure]:
    """CPU of this process, which has no other thread; the first poll builds the requests and is not counted."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    stub = context.Process(target=serve, args=(theirs,), daemon=True)
    stub.start()
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    os.environ |= {**keys, "AWS_ENDPOINT_URL": ours.recv()}
    found: list[Figure] = []
    for reread, goal in ((0, f"<= {GOAL_MS}"), (REREAD, "-")):
        cpu, wall = polls(reread)
        name = f"CloudWatch pull to commit, {OBJECTIVES:,} objectives x 2 metrics x {POLL + reread} points"
        name += " (the hour read again)" if reread else ""
        found += [of_samples(f"{name}: CPU", cpu, "ms", goal), of_samples(f"{name}: wall", wall, "ms", "-")]
    del os.environ["AWS_ENDPOINT_URL"]
    stub.terminate()
    stub.join()
    return found


def polls(reread: int) -> tuple[list[float], list[float]]:
    """(CPU, wall) milliseconds of each whole poll of 5 new minutes."""
    with TemporaryDirectory() as folder:
        store = SqlStore.open(f"sqlite:///{Path(folder) / 'bench.sqlite'}")
        held = prepared(store)
        # Polls are minutes apart: without that the account's bucket would make the later ones wait.
        session = AwsSession({}, monotonic=map(float, count(step=60)).__next__)
        watch = watch_of(CloudWatchSource(session), Pace(0, POLL, reread))
        cpu, wall = [], []
        for poll in range(1, POLLS + 2):
            before_cpu, before = time.process_time(), time.perf_counter()
            pipeline.poll(store, watch, held, NOW + poll * POLL, lambda *_: Told())
            cpu.append((time.process_time() - before_cpu) * 1e3)
            wall.append((time.perf_counter() - before) * 1e3)
            assert not held.failures, held.failures
            assert held.sums.newest.min() == NOW + poll * POLL - 1, "a series was not measured up to its newest minute"
        store.close()
        return cpu[1:], wall[1:]


def prepared(store: SqlStore) -> pipeline.Held:
    """Of the 30 days those minutes that the polls will subtract, as in `tick`, and the last hour, which they read again."""
    luck, watch = np.random.default_rng(7), watch_of(MemorySource(), Pace(0, POLL))
    shard = store.open_shard(watch.name, watch.slot_keys, NOW)
    lengths = [w for w in watch.windows if isinstance(w, int)]
    leaving = {NOW + n - w for n in range((POLLS + 1) * POLL) for w in lengths}
    minutes = sorted(m for m in leaving.union(range(NOW - REREAD, NOW)) if m < NOW)
    store.commit(Commit(shard, NOW, frames=[frame(m, luck) for m in minutes]))
    return pipeline.load(store, watch, NOW)


def serve(where: Connection) -> None:
    """GetMetricData as CloudWatch sends it: every minute that is asked for, the same values whoever asks again."""

    @cache
    def of(start: int, end: int) -> bytes:
        return answer(start, end)

    def asked(_path: str, body: bytes) -> bytes:
        found = _TIMES.search(body)
        assert found is not None
        return of(int(found[1]) // 60, int(found[2]) // 60)

    stub.serve(where, asked)


def answer(start: int, end: int) -> bytes:
    """Series take turns: requests, and the errors among them, of which there are few."""
    minutes = range(start, end)
    values = ([float(1_000 + m * 7919 % 8_000) for m in minutes], [float(m % 2) for m in minutes])
    stamps = [float(m * 60) for m in minutes]
    results = [
        {"Id": f"q{n}", "Label": "x", "Timestamps": stamps, "Values": values[n % 2], "StatusCode": "Complete"}
        for n in range(SERIES)
    ]
    return json.dumps({"MetricDataResults": results, "Messages": []}, separators=(",", ":")).encode()
