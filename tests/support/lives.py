"""Sloop's inner half as a process that dies at a failpoint and is started again: shard, outbox and keeper on a real database.

`python -m tests.support.lives URL` reads a life per line and answers with how it ended. Each is a process of its own, forked
from one that has imported everything: starting an interpreter would take longer than the life.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from prometheus_client import CollectorRegistry

from app import pipeline
from app.aws.sns import SnsPublisher
from app.exposition import meters
from app.keeper import Keeper
from app.logs import configure_logs
from app.outbox import Paths
from app.store.sql import SqlStore
from app.telling import Teller
from app.worker import OutboxWorker
from tests.support.clocks import FakeClock
from tests.support.processes import AWS, ROOT
from tests.support.troubles import START, World

if TYPE_CHECKING:
    from app.ports import Store

TOPIC = "arn:aws:sns:us-east-1:111122223333:pages"
SEND_EVERY = 20
"""Seconds between two rounds of the outbox, so that back-off and leases pass."""
LONGEST = 600
"""Minutes after the end; a message that was refused again and again is tried every five."""


@dataclass(frozen=True, slots=True)
class Life:
    """The `number`th of its seed."""

    seed: int
    number: int
    database: str
    failpoint: str


@dataclass(slots=True, eq=False)
class Nursery:
    """Where lives begin; a process that is single-threaded, so that it may be forked."""

    process: subprocess.Popen[str]

    @classmethod
    def opened(cls, url: str) -> Nursery:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLOOP_", "AWS_", "OTEL_"))}
        command = [sys.executable, "-m", "tests.support.lives", url]
        environment = {**kept, **AWS, "OPENBLAS_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        return cls(subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True))

    def live(self, life: Life) -> int:
        """How it ended, negative for a signal."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(life)) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate(timeout=10)


def main(url: str) -> None:
    configure_logs("critical")
    # Nothing is open yet: connections are made by the first call, in the life itself.
    client = boto3.client("sns", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}, read_timeout=5))
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _exit_after(Life(**json.loads(line)), client)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _exit_after(life: Life, client: Any) -> None:
    """Never returns: what the parent has open is not this process' to close."""
    os.environ["SLOOP_FAILPOINT"] = life.failpoint
    try:
        _live(life, client)
    except BaseException:  # noqa: BLE001  # whatever it was, the test is told by the exit code
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _live(life: Life, client: Any) -> None:
    """Until everything is over and told; polls at uneven distances."""
    world, dice = World.of(life.seed), Random(f"{life.seed}/{life.number}")
    store, clock, woken = SqlStore.open(life.database), FakeClock(START * 60), Event()
    watch, teller = world.watch(), Teller(world.estate, "http://127.0.0.1:8000")
    paths = Paths(SnsPublisher(client, TOPIC))
    outbox = OutboxWorker(store, paths, clock, dice, woken, meters(CollectorRegistry()))
    keeper = Keeper(store, world.estate, teller, lambda _: None, clock, woken.set)
    held = pipeline.load(store, watch, START)
    at = START if held.fresh else held.sums.at + 1
    while True:
        assert at < world.end + LONGEST, f"not told within {LONGEST} minutes"
        clock.passed = (at - START) * 60
        pipeline.poll(store, watch, held, at, teller)
        _serve(outbox, keeper, clock, dice)
        if at >= world.end and _is_over(store):
            return
        at += dice.randint(1, 6)


def _serve(outbox: OutboxWorker, keeper: Keeper, clock: FakeClock, dice: Random) -> None:
    """Nearly a minute, in which the keeper comes at any time."""
    turn = dice.randrange(2)
    for n in range(2):
        if n == turn:
            keeper.turn()
        outbox.turn()
        clock.move(SEND_EVERY)


def _is_over(store: Store) -> bool:
    return store.outbox_oldest() is None and not store.open_breaches() and not store.told_open()


if __name__ == "__main__":
    main(sys.argv[1])
