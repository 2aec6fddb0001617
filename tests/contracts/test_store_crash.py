"""The process dies in the middle of a commit: all of it is there afterwards, or nothing of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.store.sql import SqlStore
from tests.support.minutes import START

ROOT = Path(__file__).parents[2]

WRITER = """
import os, signal, sys
from sqlalchemy import event
from app.ports import Commit
from app.store.sql import SqlStore
from tests.support.minutes import START, breach, frame, message, opened

url, statement = sys.argv[1:]
store = SqlStore.open(url)
shard = store.open_shard("main", ["a"], START)
shard = store.commit(Commit(shard, START + 60, [frame(START + m, (10, 1)) for m in range(60)]))

@event.listens_for(store._engine, "before_cursor_execute")
def die(connection, cursor, text, *_):
    if statement in text:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(store._engine, "commit")
def die_at_the_very_end(connection):
    if statement == "COMMIT":
        os.kill(os.getpid(), signal.SIGKILL)

store.commit(Commit(
    shard, START + 130,
    frames=[frame(START + m, (10, 1)) for m in range(60, 130)],
    patches=[(frame(START, (10, 1)), frame(START, (90, 9)))],
    transitions=[opened(breach())],
    messages=[message("k", "b/opened")],
))
"""


def kill_at(statement: str, url: str) -> int:
    """Runs the writer until it kills itself at the first statement that has this text; its exit code."""
    command = [sys.executable, "-c", WRITER, url, statement]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, timeout=60).returncode


@pytest.mark.parametrize(
    "statement", ["INSERT INTO frame", "INSERT INTO hour", "INSERT INTO breach", "INSERT INTO outbox", "COMMIT"]
)
def test_a_kill_in_the_middle_of_a_commit_leaves_nothing_half_done(tmp_path: Path, statement: str) -> None:
    url = f"sqlite:///{tmp_path}/sloop.db"
    assert kill_at(statement, url) == -signal.SIGKILL
    store = SqlStore.open(url)
    (shard,) = store.shards()
    assert shard.tick == START + 60
    assert {f.minute: f.counts[0, 0] for f in store.frames(shard, START, START + 130)} == dict.fromkeys(
        range(START, START + 60), 10
    )
    assert [f.counts.tolist() for f in store.hours(shard, START, START + 130)] == [[[600], [60], [60]]]
    assert (store.open_breaches(), store.outbox_oldest()) == ([], None)
    store.close()


def test_a_commit_that_ran_to_its_end_is_there_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sloop.db"
    assert kill_at("no such statement", url) == 0
    store = SqlStore.open(url)
    (shard,) = store.shards()
    assert (shard.tick, sum(1 for _ in store.frames(shard, START, START + 130))) == (START + 130, 130)
    assert [f.counts.tolist()[0] for f in store.hours(shard, START, START + 130)] == [[680], [600]]
    assert (len(store.open_breaches()), store.outbox_oldest() is not None) == (1, True)
    store.close()
