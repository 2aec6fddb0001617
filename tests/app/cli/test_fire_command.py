"""`sloop test-fire` as typed, beside a sender that works on the same database, and without one."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from alerts.events import Event as Happened
from app.cli.main import run
from app.clock import WallClock
from app.memory.publisher import MemoryPublisher
from app.store.sql import SqlStore
from tests.support.wishes import GOLDEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sloop/small/test/database"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/sloop.db"
    SqlStore.open(url).close()
    monkeypatch.setenv("SLOOP_DATABASE_URL", url)
    monkeypatch.setenv("SLOOP_ESTATE", str(GOLDEN / "small.yaml"))
    monkeypatch.setenv("USER", "bob")
    return url


@dataclass
class Sender:
    """Another process' part, without its log: what it sends comes back to the hook at once."""

    store: SqlStore
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)

    def turn(self) -> None:
        clock = WallClock()
        for delivery in self.store.claim(clock.wall(), lease_seconds=30, limit=10):
            provider_id = self.publisher.publish(delivery.message)
            self.store.mark_sent(delivery, provider_id, clock.wall())
            now, message = int(clock.wall().timestamp()), delivery.message
            known = {"alarm_name": message.key, "state": message.state}
            self.store.keep_events([Happened(f"sns/{provider_id}", "sns", "alarm", now, now, "back", "database", known)])


@contextmanager
def sending(url: str) -> Iterator[Sender]:
    sender, stop = Sender(SqlStore.open(url)), Event()

    def work() -> None:
        while not stop.wait(0.02):
            sender.turn()

    thread = Thread(target=work)
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        thread.join()
        sender.store.close()


def test_alarm_and_ok_go_down_the_live_way_and_each_hop_is_timed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with sending(url) as sender:
        assert run(["test-fire", "database", "--json"]) == 0
        sent = [(m.key, m.state) for m in sender.publisher.messages]
        ((_, entry),) = sender.store.journal(limit=9)
        (kept,) = sender.store.events(limit=9, kind="test_fire")
    told = json.loads(capsys.readouterr().out)
    assert sent == [(KEY, "ALARM"), (KEY, "OK")]
    assert (told["passed"], told["key"], told["actor"]) == (True, KEY, "bob")
    assert all(seconds >= 0 for message in told["messages"] for seconds in message["hops"].values())
    assert kept.document == told
    assert (entry.actor, entry.action, entry.outcome) == ("bob", "test-fire", "passed")


def test_people_get_a_table_and_may_name_themselves(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with sending(url) as sender:
        assert run(["test-fire", "database", "--actor", "eve"]) == 0
        assert [entry.actor for _, entry in sender.store.journal(limit=9)] == ["eve"]
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[1].split()) == (KEY, ["message", "claimed", "accepted", "received", "provider", "id"])
    assert [line.split()[0] for line in lines[2:]] == ["ALARM", "OK"]


def test_without_a_service_it_exits_with_one_and_says_which_hop_hung(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test-fire", "database", "--wait", "0.2", "--json"]) == 1
    out, err = capsys.readouterr()
    assert err.startswith(
        "sloop: test-fire database: ALARM hung: no sender claimed it from the outbox within 0.2 s; start `sloop"
    )
    assert err.count("\n") == 1
    (message,) = json.loads(out)["messages"]
    assert (message["hung"], message["hops"]) == ("claimed", {"claimed": None, "accepted": None, "received": None})
    store = SqlStore.open(url)
    assert [entry.outcome for _, entry in store.journal(limit=9)] == ["failed"]
    store.close()


def test_an_unknown_component_is_wrong_usage(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert url
    assert run(["test-fire", "databse"]) == 64
    assert capsys.readouterr().err == "sloop: there is no component 'databse' in estate small; is it database?\n"


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert url
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path}/other.db")
    assert run(["test-fire", "database"]) == 1
    assert not (tmp_path / "other.db").exists()
