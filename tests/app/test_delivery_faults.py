"""Faults of the catalogue between a committed page and the pager: each test is named after its fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from prometheus_client import CollectorRegistry

from alerts.breach import Breach, Transition
from app.aws.sns import SnsPublisher
from app.board import Board
from app.exposition import meters
from app.memory.publisher import MemoryPublisher
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.outbox import LEASE_SECONDS, Paths, deliver_due
from app.ports import Commit
from app.service import DRAIN_SECONDS, Service
from app.telling import Teller
from app.worker import OutboxWorker
from slo.estate.spec import Exclusion
from slo.judge.burn import rules_of
from slo.units import from_minute
from tests.support.clocks import FakeClock
from tests.support.minutes import message
from tests.support.objectives import estate_of
from tests.support.rig import API, DAY, START, Rig, traffic, watch
from tests.support.topic import LATE, topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.envelope import Message
    from app.ports import Store
    from slo.errors import DeliveryError

NOW = from_minute(START)
KEY = "sloop/test/api.availability/page"
ECS_KILLS_AFTER = 30.0


def impatient(url: str) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=LATE / 4)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("sns", region_name="us-east-1", endpoint_url=url, config=config, **keys)


def test_f45_a_page_that_sns_took_but_answered_too_late_is_sent_again_and_folded() -> None:
    store, teller = MemoryStore(), Teller(estate_of(API), "http://127.0.0.1:8000")
    opened = Breach(API.id, "page", rules_of(API)[0], START, Fraction(1, 30), notified_at=START)
    ended = replace(opened, resolved_at=START + 30)
    shard = store.open_shard("s", ("a",), START)
    fates = ["late"]
    with topic() as pages:
        pages.forget(lambda: fates.pop() if fates else "taken")
        paths = Paths(SnsPublisher(impatient(pages.url), pages.arn))
        told = teller([Transition("opened", opened)], lambda _: None)
        shard = store.commit(Commit(shard, START, transitions=told.transitions, messages=told.messages))
        first = deliver_due(store, paths, NOW, Random(1))
        again = deliver_due(store, paths, NOW + timedelta(seconds=2), Random(1))
        told = teller([Transition("resolved", ended)], lambda _: None)
        store.commit(Commit(shard, START + 30, transitions=told.transitions, messages=told.messages))
        last = deliver_due(store, paths, NOW + timedelta(minutes=30), Random(1))

        assert [[o.sent for o in tried] for tried in (first, again, last)] == [[False], [True], [True]]
        assert pages.accepted[0] == pages.accepted[1]
        assert [key for key, _ in pages.accepted] == [KEY] * 3
        assert [(i.dedup_key, i.status) for i in pages.pager.incidents] == [(KEY, "resolved")]


def works(start: int, end: int) -> Exclusion:
    return Exclusion(start, end, "mute", "works", None, component="api")


def burning(minutes: int) -> MemorySource:
    source = MemorySource()
    traffic(source, range(START - DAY, START))
    traffic(source, range(START, START + minutes), bad=100)
    traffic(source, range(START + minutes, START + 600))
    return source


def told(rig: Rig) -> list[tuple[int, str]]:
    """(minute after START of the newest judgement, kind) of pages that somebody hears of, as they come."""
    found: list[tuple[int, str]] = []
    for minute in range(1, 121):
        before = len(rig.messages())
        rig.poll(START + minute)
        found += [(minute, transition.rpartition("/")[2]) for transition in rig.messages()[before:] if ".page." in transition]
    return found


def test_f54_what_still_burns_when_a_silence_ends_pages_with_the_next_tick(store: Store) -> None:
    rig = Rig(store, watch(burning(60), exclusions=[works(START - 5, START + 40)])).start(START)
    assert [(kind, minute) for minute, kind in told(rig)][:1] == [("notified", 40)]


def test_f54_what_ends_within_a_silence_pages_nobody(store: Store) -> None:
    rig = Rig(store, watch(burning(10), exclusions=[works(START - 5, START + 90)])).start(START)
    assert told(rig) == []


def test_f54_a_silence_that_begins_while_it_burns_takes_back_nothing_and_its_end_is_told(store: Store) -> None:
    rig = Rig(store, watch(burning(30), exclusions=[works(START + 10, START + 110)])).start(START)
    (opened, kind), (resolved, end) = told(rig)
    assert (kind, end) == ("opened", "resolved")
    assert opened < 10
    assert 30 < resolved < 110


def test_f54_a_silence_that_is_cut_short_while_it_burns_pages_with_the_next_tick(store: Store) -> None:
    source = burning(60)
    silent = Rig(store, watch(source, exclusions=[works(START - 5, START + 90)])).start(START)
    silent.polls(START + 1, START + 20)
    assert silent.messages() == []
    edited = Rig(store, watch(source, exclusions=[works(START - 5, START + 20)])).start(START + 20)
    edited.poll(START + 21)
    assert [transition.rpartition("/")[2] for transition in edited.messages() if ".page." in transition] == ["notified"]


@dataclass(slots=True, eq=False)
class Slow(MemoryPublisher):
    """Says when it has begun, and takes its time."""

    began: Event = field(default_factory=Event)

    def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
        self.began.set()
        time.sleep(0.3)
        return MemoryPublisher.publish_all(self, messages)


@pytest.mark.parametrize("many", [1, 25])
def test_f55_what_is_being_sent_when_it_is_told_to_stop_is_sent_and_marked_and_the_rest_is_free(many: int) -> None:
    store, publisher, woken = MemoryStore(), Slow(), Event()
    clock, registry = FakeClock(START * 60), CollectorRegistry()
    counters, board = meters(registry), Board(estate_of(API), store, clock, indicators={})
    shard = store.open_shard("s", ("a",), START)
    store.commit(Commit(shard, START, messages=[message(f"k{n}", f"{n}") for n in range(many)]))
    outbox = OutboxWorker(store, Paths(publisher), clock, Random(1), woken, counters)
    service = Service(store, store, board, (), outbox, woken, registry, counters)
    service.start()
    assert publisher.began.wait(5)

    begun = time.monotonic()
    service.stop()

    assert time.monotonic() - begun < 2
    sent = len(publisher.messages)
    assert 1 <= sent <= 10
    assert len(store.claim(clock.wall(), lease_seconds=LEASE_SECONDS, limit=100)) == many - sent
    assert DRAIN_SECONDS < ECS_KILLS_AFTER
