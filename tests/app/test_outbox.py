from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.memory.publisher import MemoryPublisher
from app.outbox import LEASE_SECONDS, LONGEST_BACKOFF, backoff, deliver_due
from app.ports import Commit
from slo.errors import DeliveryError
from slo.units import from_minute
from tests.support.minutes import START, message

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.message import Message
    from app.ports import Store

NOW = from_minute(START)


def put(store: Store, *messages: Message) -> None:
    shard = store.open_shard("s", ("a",), START)
    store.commit(Commit(shard, (shard.tick or START) + 1, messages=messages))


def deliver(store: Store, publisher: MemoryPublisher, now: datetime = NOW) -> list[bool]:
    return [outcome.sent for outcome in deliver_due(store, publisher, now, Random(1))]


def transitions(publisher: MemoryPublisher) -> list[str]:
    return [m.transition for m in publisher.messages]


def retryable(text: str = "throttled") -> DeliveryError:
    return DeliveryError(text, retryable=True)


def test_what_is_due_is_sent_once(store: Store) -> None:
    publisher = MemoryPublisher()
    put(store, message("k", "1"))

    assert deliver(store, publisher) == [True]
    assert deliver(store, publisher, NOW + timedelta(days=1)) == []
    assert transitions(publisher) == ["1"]
    assert store.outbox_oldest() is None


def test_messages_of_one_key_go_out_in_order_even_when_the_first_one_fails(store: Store) -> None:
    publisher = MemoryPublisher(failures=[retryable(), retryable()])
    put(store, message("k", "1"), message("k", "2"), message("k", "3"))

    sent = [outcome for n in range(10) for outcome in deliver(store, publisher, NOW + timedelta(seconds=10 * n))]

    assert transitions(publisher) == ["1", "2", "3"]
    assert sent == [False, False, True, True, True]


def test_a_failing_key_does_not_hold_the_others(store: Store) -> None:
    publisher = MemoryPublisher(failures=[retryable()])
    put(store, message("a", "1"), message("b", "2"))

    assert deliver(store, publisher) == [False, True]
    assert transitions(publisher) == ["2"]


def test_what_was_claimed_by_a_sender_that_died_is_sent_after_its_lease(store: Store) -> None:
    publisher = MemoryPublisher()
    put(store, message("k", "1"))
    store.claim(NOW, lease_seconds=LEASE_SECONDS, limit=10)

    assert deliver(store, publisher, NOW + timedelta(seconds=LEASE_SECONDS - 1)) == []
    assert deliver(store, publisher, NOW + timedelta(seconds=LEASE_SECONDS)) == [True]


def test_what_was_published_but_not_marked_is_published_again_under_the_same_key(store: Store) -> None:
    publisher = MemoryPublisher()
    put(store, message("k", "1"))
    (lost,) = store.claim(NOW, lease_seconds=LEASE_SECONDS, limit=10)
    publisher.publish(lost.message)

    deliver(store, publisher, NOW + timedelta(seconds=LEASE_SECONDS))

    assert [(m.key, m.transition) for m in publisher.messages] == [("k", "1"), ("k", "1")]


def test_a_failure_is_tried_again_after_its_back_off_and_not_before(store: Store) -> None:
    publisher = MemoryPublisher(failures=[retryable("SNS is throttled")])
    put(store, message("k", "1", "a-breach"))

    deliver(store, publisher)

    assert store.deliveries("a-breach")[0].last_error == "SNS is throttled"
    assert deliver(store, publisher, NOW + timedelta(seconds=0.4)) == []
    assert deliver(store, publisher, NOW + timedelta(seconds=1)) == [True]


def test_what_only_a_person_can_mend_is_kept_and_tried_every_five_minutes(store: Store) -> None:
    publisher = MemoryPublisher(exists=False)
    put(store, message("k", "1"))

    assert deliver(store, publisher) == [False]
    assert deliver(store, publisher, NOW + timedelta(seconds=LONGEST_BACKOFF - 1)) == []
    publisher.exists = True
    assert deliver(store, publisher, NOW + timedelta(seconds=LONGEST_BACKOFF)) == [True]


def test_a_message_that_no_topic_takes_stays_visible(store: Store) -> None:
    publisher = MemoryPublisher()
    put(store, replace(message("k", "1", "a-breach"), body="x" * 300_000))

    assert deliver(store, publisher) == [False]
    assert "256 KiB" in (store.deliveries("a-breach")[0].last_error or "")
    assert store.outbox_oldest() is not None


@given(attempts=st.integers(0, 10_000), seed=st.integers())
def test_back_off_lies_in_the_upper_half_of_a_doubling_ceiling(attempts: int, seed: int) -> None:
    ceiling = min(LONGEST_BACKOFF, 2.0 ** min(attempts, 20))

    assert ceiling / 2 <= backoff(attempts, Random(seed), retryable=True) <= ceiling


@pytest.mark.parametrize("attempts", [0, 3, 1000])
def test_a_permanent_error_waits_longest_at_once(attempts: int) -> None:
    assert backoff(attempts, Random(1), retryable=False) == LONGEST_BACKOFF
