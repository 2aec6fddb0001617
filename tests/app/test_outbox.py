from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.memory.publisher import MemoryPublisher
from app.outbox import BATCH, LEASE_SECONDS, LONGEST_BACKOFF, Paths, backoff, deliver_due
from app.ports import Commit
from slo.errors import DeliveryError, MessageRefused
from slo.units import from_minute
from tests.support.minutes import START, message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alerts.envelope import Message
    from app.ports import Store

NOW = from_minute(START)


def put(store: Store, *messages: Message) -> None:
    shard = store.open_shard("s", ("a",), START)
    store.commit(Commit(shard, (shard.tick or START) + 1, messages=messages))


def deliver(store: Store, publisher: MemoryPublisher, now: datetime = NOW, second: MemoryPublisher | None = None) -> list[bool]:
    return [outcome.sent for outcome in deliver_due(store, Paths(publisher, second), now, Random(1))]


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


def test_f50_messages_of_one_key_go_out_in_order_even_when_the_first_one_fails(store: Store) -> None:
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


def test_f49_a_message_that_is_refused_as_it_is_goes_out_without_its_text(store: Store) -> None:
    publisher = MemoryPublisher()
    put(store, replace(message("k", "1", "a-breach"), body="x" * 300_000), message("other", "2"))

    assert deliver(store, publisher) == [True, True]
    sent = next(m for m in publisher.messages if m.key == "k")
    assert (sent.transition, sent.state) == ("1", "ALARM")
    assert json.loads(sent.body)["AlarmName"] == "k"


def test_f53_a_poison_row_keeps_no_other_back(store: Store) -> None:
    poison = MessageRefused("InvalidParameter")
    publisher = MemoryPublisher(failures=[poison, poison])
    put(store, message("poison", "1", "a-breach"))
    assert deliver(store, publisher) == [False]
    put(store, message("k", "2"), message("poison", "3"))

    assert deliver(store, publisher) == [True]
    assert transitions(publisher) == ["2"]
    assert "InvalidParameter" in (store.deliveries("a-breach")[0].last_error or "")


def test_f46_what_the_first_path_fails_for_two_minutes_takes_the_second(store: Store) -> None:
    first, second = MemoryPublisher(failures=[retryable() for _ in range(99)]), MemoryPublisher()
    put(store, message("k", "1", "a-breach"))

    tried = [(s, deliver(store, first, NOW + timedelta(seconds=s), second)) for s in range(0, 400, 5)]

    sent_at = next(seconds for seconds, sent in tried if sent == [True])
    assert 120 <= sent_at <= 260
    assert transitions(second) == ["1"]
    assert [d.path for d in store.deliveries("a-breach")] == ["second"]


@pytest.mark.parametrize("exists", [True, False])
def test_f47_a_topic_that_is_gone_is_passed_by_at_once_and_the_resolve_follows(store: Store, *, exists: bool) -> None:
    first, second = MemoryPublisher(exists=False), MemoryPublisher()
    put(store, message("k", "1"))
    assert deliver(store, first, NOW, second) == [True]
    first.exists = exists
    put(store, replace(message("k", "2"), state="OK"), message("other", "3"))
    sent = deliver(store, first, NOW + timedelta(minutes=1), second)

    assert sent == [True, True]
    assert transitions(second) == (["1", "2"] if exists else ["1", "2", "3"]), "its incident may be open there"
    put(store, message("k", "4"))
    deliver(store, first, NOW + timedelta(minutes=2), second)
    assert transitions(second)[-1] == ("2" if exists else "4"), "a new incident goes the first way again"


def test_a_resolve_that_the_second_path_does_not_take_is_not_sent(store: Store) -> None:
    first, second = MemoryPublisher(exists=False), MemoryPublisher()
    put(store, message("k", "1"))
    deliver(store, first, NOW, second)
    first.exists, second.failures = True, [retryable()]
    put(store, replace(message("k", "2"), state="OK"))

    assert deliver(store, first, NOW + timedelta(minutes=1), second) == [False]
    assert deliver(store, first, NOW + timedelta(minutes=2), second) == [True]
    assert transitions(second) == ["1", "2"]


def test_what_no_path_takes_for_a_day_is_given_up_and_keeps_nothing_back(store: Store) -> None:
    first = MemoryPublisher(failures=[retryable("down") for _ in range(9999)])
    put(store, message("k", "1", "a-breach"), message("k", "2"))
    minutes = [NOW + timedelta(minutes=m) for m in range(0, 26 * 60, 5)]
    for now in minutes:
        deliver(store, first, now)

    (given_up,) = store.deliveries("a-breach")
    assert given_up.gave_up_at is not None
    assert timedelta(hours=24) <= given_up.gave_up_at - NOW <= timedelta(hours=24, minutes=10)
    first.failures = []
    assert deliver(store, first, minutes[-1] + timedelta(minutes=5)) == [True]
    assert transitions(first) == ["2"]


def test_a_claim_that_is_lost_while_the_first_path_hangs_is_left_to_who_has_it(store: Store) -> None:
    class Slow(MemoryPublisher):
        def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
            store.claim(NOW + timedelta(seconds=LEASE_SECONDS), lease_seconds=LEASE_SECONDS, limit=9)
            return [DeliveryError("gone", retryable=False) for _ in messages]

    second = MemoryPublisher()
    put(store, message("k", "1"))
    assert deliver(store, Slow(), NOW, second) == [False]
    assert transitions(second) == []


def test_a_full_batch_is_one_call(store: Store) -> None:
    calls: list[int] = []

    class Counted(MemoryPublisher):
        def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
            calls.append(len(messages))
            return super().publish_all(messages)

    put(store, *(message(f"k{n}", f"{n}") for n in range(BATCH + 3)))
    publisher = Counted()
    while deliver(store, publisher):
        pass
    assert calls == [BATCH, 3]


@given(attempts=st.integers(0, 10_000), seed=st.integers())
def test_back_off_lies_in_the_upper_half_of_a_doubling_ceiling(attempts: int, seed: int) -> None:
    ceiling = min(LONGEST_BACKOFF, 2.0 ** min(attempts, 20))

    assert ceiling / 2 <= backoff(attempts, Random(seed), retryable=True) <= ceiling


@pytest.mark.parametrize("attempts", [0, 3, 1000])
def test_a_permanent_error_waits_longest_at_once(attempts: int) -> None:
    assert backoff(attempts, Random(1), retryable=False) == LONGEST_BACKOFF
