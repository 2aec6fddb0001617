"""Tests of the way to the pager through a real outbox: claimed, published, come back, or hung."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest

from alerts.envelope import Origin
from alerts.events import Event
from app.memory.publisher import MemoryPublisher
from app.outbox import Paths, deliver_due
from app.test_fire import RECEIPT_SECONDS, Range
from slo.errors import DeliveryError
from slo.estate.spec import Component
from tests.support.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alerts.envelope import Message
    from app.ports import Store

AT = 1_795_428_000
API = Component("api", "ecs")
ORIGIN = Origin("prod", "http://127.0.0.1:8000")
KEY = "sloop/prod/test/api"


@dataclass
class Service:
    """A sender that looks once in each pause, as long as it is up; what it sends may come back to the hook."""

    store: Store
    publisher: MemoryPublisher = field(default_factory=MemoryPublisher)
    clock: FakeClock = field(default_factory=lambda: FakeClock(AT))
    up: bool = True
    hook: bool = False

    def pause(self, seconds: float) -> None:
        self.clock.move(seconds)
        if not self.up:
            return
        for outcome in deliver_due(self.store, Paths(self.publisher), self.clock.wall(), Random(1), wall=self._later):
            if self.hook and outcome.sent:
                number = len(self.publisher.messages)
                back = {"alarm_name": KEY, "state": outcome.delivery.message.state}
                self.store.keep_events([Event(f"sns/memory-{number}", "sns", "alarm", AT, AT, "back", None, back)])

    def _later(self) -> datetime:
        """SNS takes a quarter of a second."""
        self.clock.move(0.25)
        return self.clock.wall()

    @property
    def range(self) -> Range:
        return Range(self.store, self.clock, self.pause)


@pytest.fixture
def service(store: Store) -> Service:
    return Service(store)


def test_alarm_and_ok_go_out_under_the_test_key_and_every_hop_is_timed(service: Service) -> None:
    evidence = service.range.fire(ORIGIN, API, "bob", at=AT)
    assert evidence.passed
    assert [(m.key, m.state) for m in service.publisher.messages] == [(KEY, "ALARM"), (KEY, "OK")]
    alarm, ok = evidence.legs
    assert alarm.hops == {"claimed": pytest.approx(0.05, abs=1e-3), "accepted": pytest.approx(0.25, abs=1e-3), "received": None}
    assert (alarm.provider_id, ok.provider_id, ok.path) == ("memory-1", "memory-2", "first")
    assert service.clock.passed < RECEIPT_SECONDS + 1, "it waits for the hook once, not twice"


def test_what_comes_back_to_the_hook_is_seen(service: Service) -> None:
    service.hook = True
    evidence = service.range.fire(ORIGIN, API, "bob", at=AT)
    assert all(leg.received is not None for leg in evidence.legs)
    assert service.clock.passed < 1


def test_the_evidence_is_stored_with_a_line_in_the_journal(service: Service) -> None:
    service.range.fire(ORIGIN, API, "bob", at=AT)
    (kept,) = service.store.events(limit=9, kind="test_fire", component="api")
    assert kept.document["passed"] is True
    ((_, entry),) = service.store.journal(limit=9)
    assert (entry.actor, entry.action, entry.subject, entry.outcome) == ("bob", "test-fire", "api", "passed")


def test_two_who_test_at_one_moment_make_one_test(service: Service) -> None:
    service.range.fire(ORIGIN, API, "bob", at=AT)
    again = service.range.fire(ORIGIN, API, "eve", at=AT)
    assert again.passed
    assert len(service.publisher.messages) == 2
    assert [entry.actor for _, entry in service.store.journal(limit=9)] == ["bob"]


def test_without_a_sender_the_alarm_hangs_in_the_outbox_and_no_ok_is_written(service: Service) -> None:
    service.up = False
    evidence = service.range.fire(ORIGIN, API, "bob", at=AT, wait=3)
    assert [(leg.state, leg.hung) for leg in evidence.legs] == [("ALARM", "claimed")]
    assert service.clock.passed == pytest.approx(3, abs=0.1)
    assert [d.message.state for d in service.store.sent_as(KEY, limit=9)] == ["ALARM"]
    assert [entry.outcome for _, entry in service.store.journal(limit=9)] == ["failed"]


def test_what_sns_does_not_take_in_time_hangs_at_that_hop_with_its_error(service: Service) -> None:
    service.publisher.failures = [DeliveryError("sns: InternalError: try again", retryable=True)] * 99
    evidence = service.range.fire(ORIGIN, API, "bob", at=AT, wait=2)
    assert [(leg.hung, leg.error) for leg in evidence.legs] == [("accepted", "sns: InternalError: try again")]


def test_a_sender_that_dies_between_the_two_is_told_of_the_ok(service: Service) -> None:
    class Dying(MemoryPublisher):
        def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
            service.up = False
            return super().publish_all(messages)

    service.publisher = Dying()
    evidence = service.range.fire(ORIGIN, API, "bob", at=AT, wait=2)
    assert [(leg.state, leg.hung) for leg in evidence.legs] == [("ALARM", None), ("OK", "claimed")]
    assert not evidence.passed
