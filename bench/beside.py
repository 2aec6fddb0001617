"""Sloop's service with 1,000 objectives and 30 days of minutes, in a process of its own: what it answers and what it costs.

The store is filled by the pipeline itself, from a source that holds the counts; nothing polls while it is measured.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import uvicorn
from prometheus_client import CollectorRegistry
from sloth import Counted

from app.board import Board
from app.bootstrap import listen
from app.exposition import meters
from app.guards import loopback_hosts
from app.history import StoredHistory
from app.main import create_app
from app.ports import Span
from app.snapshot import AppState
from app.store.sql import SqlStore
from app.telling import Told
from app.watch import Pace, Watch
from app.worker import ShardWorker
from slo.estate.indicator import EventRatio, MetricQuery
from slo.estate.spec import Component, Estate, Objective, RuleSpec
from slo.judge.answer import Series
from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from numpy.typing import NDArray

    from app.ports import Source
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer

OBJECTIVES = 1000
MINUTES = 43_200
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.10"), 1440, 120),
    RuleSpec("ticket", Decimal("0.10"), 4320, 360),
)


def name_of(number: int) -> str:
    return f"c{number}.availability"


def counted(number: int, end: int) -> Counted:
    """30 days with four times the traffic at noon that there is at midnight, and most errors when there is most traffic."""
    luck, start = np.random.default_rng(number), end - MINUTES
    day = np.sin(np.arange(start, end) % 1440 * (np.pi / 1440)) ** 2
    total = luck.poisson(luck.integers(1_000, 5_000) * (0.5 + 1.5 * day))
    return Counted(start, total, luck.binomial(total, 0.0001 + 0.0003 * day))


class CountsSource:
    """Answers from memory: even queries are totals, odd ones bad events. After the last minute it begins again."""

    def __init__(self, counts: Sequence[Counted]) -> None:
        self._start = counts[0].start
        rows = (part for one in counts for part in (one.total, one.bad))
        self._values: dict[Query, NDArray[np.uint32]] = {
            query(n // 2, bad=bool(n % 2)): row.astype(np.uint32) for n, row in enumerate(rows)
        }

    def spans(self, start: int, end: int, now: int) -> tuple[Span, ...]:  # noqa: ARG002  # it keeps everything
        first = max(start, self._start)
        return (Span(first, end),) if first < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        minutes = np.arange(span.start, span.end)
        held = (minutes - self._start) % MINUTES
        return {q: Series(minutes, self._values[q][held].astype(np.float64)) for q in queries}


def query(number: int, *, bad: bool) -> MetricQuery:
    """As the catalogue asks for an ALB target group."""
    dimensions = (
        ("LoadBalancer", f"app/shop-{number}/0123456789abcdef"),
        ("TargetGroup", f"targetgroup/shop-{number}/0123456789abcdef"),
    )
    metric = "HTTPCode_Target_5XX_Count" if bad else "RequestCount"
    return MetricQuery(None, "us-east-1", "AWS/ApplicationELB", metric, dimensions, "Sum")


def watch_of(source: Source, pace: Pace) -> Watch:
    objectives = [Objective(name_of(n), f"c{n}", "availability", Decimal("0.999"), MINUTES, POLICY) for n in range(OBJECTIVES)]
    estate = Estate("bench", components=tuple(Component(o.component, "ecs", objectives=(o,)) for o in objectives))
    indicators = {
        o.indicator_id: EventRatio((query(n, bad=False),), bad=(query(n, bad=True),)) for n, o in enumerate(objectives)
    }
    return Watch("bench/0", estate, source, pace, indicators, tuple((o, o.indicator_id) for o in objectives))


class StandingClock:
    """It stays at one moment until it is moved, so that what was judged never grows stale."""

    speed = 1.0

    def __init__(self, at: int) -> None:
        self._at = from_minute(at) + timedelta(seconds=1)

    def now(self) -> datetime:
        return self._at

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._at.timestamp()

    def move(self) -> None:
        self._at += timedelta(minutes=1)


class Service:
    """Begins at once; `ready` waits until it answers."""

    def __init__(self, process: SpawnProcess, pipe: Connection) -> None:
        self._process, self._pipe = process, pipe

    def ready(self) -> tuple[str, int]:
        """host:port and the process id."""
        address: str = self._pipe.recv()
        assert self._process.pid is not None
        return address, self._process.pid

    def new_snapshot(self) -> None:
        """A minute later: the worker polls, commits, judges and hangs it up, and every number in it is another."""
        self._pipe.send("tick")
        self._pipe.recv()


@contextmanager
def service(end: int) -> Iterator[Service]:
    """Judged at T = `end`."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(end, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Service(process, ours)
    finally:
        ours.close()
        process.join(10)
        process.kill()


def serve(end: int, where: Connection) -> None:
    """Tells its address when it answers; whatever it is sent is the worker's next turn, until the pipe closes."""
    with TemporaryDirectory() as folder:
        store, clock = SqlStore.open(f"sqlite:///{Path(folder) / 'bench.sqlite'}"), StandingClock(end)
        watch = watch_of(CountsSource([counted(n, end) for n in range(OBJECTIVES)]), Pace(0))
        board = Board(watch.estate, store, clock, indicators=watch.indicators)
        worker = ShardWorker(
            store, watch, clock, board, lambda found, _: Told(found), threading.Event(), meters(CollectorRegistry())
        )
        worker.turn()
        with listen("127.0.0.1", 0) as listener:
            port = listener.getsockname()[1]
            state = AppState(board.box, store, StoredHistory(store, board.place), clock.now, lambda: b"", loopback_hosts(port))
            server = uvicorn.Server(
                uvicorn.Config(create_app(state), log_level="warning", access_log=False, timeout_keep_alive=600)
            )
            thread = threading.Thread(target=server.run, args=[[listener]])
            thread.start()
            while not server.started:
                time.sleep(0.01)
            where.send(f"127.0.0.1:{port}")
            try:
                while where.recv():
                    clock.move()
                    worker.turn()
                    where.send("done")
            except EOFError:
                server.should_exit = True
                thread.join()
        store.close()
