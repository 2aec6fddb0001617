from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from app.cli.main import run
from app.ports import Commit
from app.store import codec, schema
from app.store.engine import open_engine, writing
from app.store.sql import SqlStore
from tests.support.minutes import START, frame

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with two hours of one slot and a checkpoint."""
    url = f"sqlite:///{tmp_path}/sloop.db"
    monkeypatch.setenv("SLOOP_DATABASE_URL", url)
    store = SqlStore.open(url)
    shard = store.open_shard("main", ["a"], START)
    shard = store.commit(Commit(shard, START + 120, [frame(START + m, (10, 1)) for m in range(120)]))
    store.commit(Commit(shard, START + 120, checkpoint=store.sums(shard, (60,))))
    store.close()
    return url


def falsify(url: str, table: str, data: bytes) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.execute(update(schema.metadata.tables[table]).values(data=data))
    engine.dispose()


def test_sound_books_are_told_in_two_lines_and_progress_goes_to_stderr(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (run(["db", "check"]), url[:6]) == (0, "sqlite")
    out, err = capsys.readouterr()
    assert out.splitlines() == ["sqlite: schema fits this program", "1 shards, 120 minutes, 2 hours: all agree"]
    assert err == "main: 120 frames, 0 differences so far\n"


def test_a_difference_is_named_and_exits_with_one(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqlStore.open(url)
    (shard,) = store.shards()
    sums = store.sums(shard, (60,))
    store.close()
    sums.counts[0, 1, 0] = 61
    falsify(url, "checkpoint", codec.encode_checkpoint(sums))
    assert run(["db", "check"]) == 1
    assert "main: a: sum of 1h: bad is 61, its minutes say 60\n" in capsys.readouterr().out
    assert run(["db", "check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    only = {"shard": "main", "slot": "a", "kind": "sum", "window": "1h", "count": "bad", "expected": 60, "found": 61}
    assert (told["agrees"], told["differences"], told["damaged"]) == (False, [only], [])


def test_a_damaged_row_is_named_and_exits_with_one(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    falsify(url, "hour", b"\1 no row")
    assert run(["db", "check"]) == 1
    out = capsys.readouterr().out
    assert f"damaged: hour of minute {START + 60} in main\n" in out
    assert out.endswith("1 shards, 120 minutes, 2 hours: 0 differences, 2 damaged rows\n")
