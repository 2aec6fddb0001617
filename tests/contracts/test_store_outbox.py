"""Messages on their way: at least once, in order per key, whoever sends and whenever it dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.ports import Commit
from slo.units import from_minute
from tests.support.minutes import START, message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.envelope import Message
    from app.ports import Delivery, Store

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def commit(store: Store, *messages: Message) -> None:
    shard = store.open_shard("main", ["a"], START)
    store.commit(Commit(shard, (shard.tick or START) + 1, messages=messages))


def claim(store: Store, now: datetime = NOW, limit: int = 10) -> Sequence[Delivery]:
    return store.claim(now, lease_seconds=30, limit=limit)


def told(deliveries: Sequence[Delivery]) -> list[str]:
    return [delivery.message.transition for delivery in deliveries]


def test_a_committed_message_is_handed_out_whole(store: Store) -> None:
    sent = message("sloop/demo/api/page", "b/opened", "b")
    commit(store, sent)
    (delivery,) = claim(store)
    assert (delivery.message, delivery.key, delivery.seq, delivery.attempts) == (sent, sent.key, 1, 0)
    assert delivery.created_at == from_minute(START + 1)
    assert delivery.created_at.tzinfo is not None


def test_a_transition_is_told_once_however_often_it_is_committed(store: Store) -> None:
    commit(store, message("k", "b/opened"), message("k", "b/opened"))
    commit(store, message("k", "b/opened"), message("k", "b/resolved"))
    (first,) = claim(store)
    store.mark_sent(first, "id", NOW)
    (second,) = claim(store)
    assert [(d.message.transition, d.seq) for d in (first, second)] == [("b/opened", 1), ("b/resolved", 2)]
    store.mark_sent(second, "id", NOW)
    assert claim(store) == []


def test_a_resolve_never_overtakes_its_trigger(store: Store) -> None:
    commit(store, message("k", "b/opened"), message("k", "b/resolved"))
    (trigger,) = claim(store)
    assert (trigger.seq, claim(store)) == (1, [])
    store.mark_failed(trigger, "throttled", retry_at=NOW + 5 * SECOND)
    assert told(claim(store, NOW + SECOND)) == []
    assert told(claim(store, NOW + 5 * SECOND)) == ["b/opened"]


def test_one_key_that_waits_holds_up_no_other(store: Store) -> None:
    commit(store, message("k", "b/opened"), message("k", "b/resolved"), message("other", "c/opened"))
    (trigger, _) = claim(store)
    store.mark_failed(trigger, "throttled", retry_at=NOW + 99 * SECOND)
    commit(store, message("third", "d/opened"))
    assert told(claim(store)) == ["d/opened"]


def test_a_claim_takes_no_more_than_it_asks_for_oldest_first(store: Store) -> None:
    commit(store, *(message(f"k{n}", f"b{n}/opened") for n in range(5)))
    assert [told(claim(store, limit=2)) for _ in range(4)] == [
        ["b0/opened", "b1/opened"],
        ["b2/opened", "b3/opened"],
        ["b4/opened"],
        [],
    ]


def test_a_sender_that_died_between_claim_and_publish_loses_nothing(opened: Callable[[], Store]) -> None:
    commit(opened(), message("k", "b/opened"))
    assert told(claim(opened())) == ["b/opened"]
    assert claim(opened(), NOW + 29 * SECOND) == []
    (again,) = claim(opened(), NOW + 30 * SECOND)
    assert (again.message.transition, again.attempts) == ("b/opened", 1)


def test_a_message_published_but_not_marked_goes_out_again_under_its_key(opened: Callable[[], Store]) -> None:
    commit(opened(), message("k", "b/opened"))
    (first,) = claim(opened())
    (second,) = claim(opened(), NOW + 31 * SECOND)
    assert first.message == second.message
    opened().mark_sent(second, "second", NOW + 32 * SECOND)
    opened().mark_sent(first, "first", NOW + 33 * SECOND)
    assert claim(opened(), NOW + 99 * SECOND) == []


def test_a_sender_that_comes_too_late_cannot_release_the_claim_of_another(store: Store) -> None:
    commit(store, message("k", "b/opened"))
    (slow,) = claim(store)
    claim(store, NOW + 31 * SECOND)
    store.mark_failed(slow, "timed out", retry_at=NOW + 32 * SECOND)
    assert claim(store, NOW + 33 * SECOND) == []


def test_deliveries_of_a_breach_say_what_became_of_them(store: Store) -> None:
    commit(store, message("k", "b/opened", "b"), message("k", "b/resolved", "b"), message("k", "c/opened", "c"))
    (first,) = claim(store)
    store.mark_failed(first, "access denied", retry_at=NOW)
    (first,) = claim(store)
    store.mark_sent(first, "sns-1", NOW + SECOND)
    opened, resolved = store.deliveries("b")
    assert (opened.attempts, opened.sent_at, opened.provider_id, opened.last_error) == (
        2,
        NOW + SECOND,
        "sns-1",
        "access denied",
    )
    assert (resolved.attempts, resolved.sent_at, resolved.provider_id, resolved.last_error) == (0, None, None, None)
    assert store.deliveries("d") == []


def test_the_oldest_unsent_message_is_known(store: Store) -> None:
    assert store.outbox_oldest() is None
    commit(store, message("k", "b/opened"))
    commit(store, message("j", "c/opened"))
    assert store.outbox_oldest() == from_minute(START + 1)
    first, second = claim(store)
    store.mark_sent(first, "id", NOW)
    assert store.outbox_oldest() == from_minute(START + 2)
    store.mark_sent(second, "id", NOW)
    assert store.outbox_oldest() is None


@pytest.mark.parametrize("senders", [4])
def test_many_senders_at_once_never_share_a_message(opened: Callable[[], Store], senders: int) -> None:
    stores = [opened() for _ in range(senders)]
    commit(stores[0], *(message(f"k{n % 20}", f"b{n}/opened") for n in range(40)))

    def drain(store: Store) -> list[str]:
        found = []
        while batch := claim(store, limit=3):
            for delivery in batch:
                store.mark_sent(delivery, "id", NOW)
            found += told(batch)
        return found

    with ThreadPoolExecutor(senders) as pool:
        sent = [transition for found in pool.map(drain, stores) for transition in found]
    rest = drain(stores[0])
    assert sorted(sent + rest) == sorted(f"b{n}/opened" for n in range(40))


def test_a_sender_that_is_slow_keeps_what_it_claimed(store: Store) -> None:
    commit(store, message("k", "b/opened"))
    (claimed,) = claim(store)
    assert store.renew(claimed, NOW + 60 * SECOND)
    assert claim(store, NOW + 59 * SECOND) == []
    (taken,) = claim(store, NOW + 60 * SECOND)
    assert not store.renew(claimed, NOW + 99 * SECOND), "another sender has it"
    assert store.renew(taken, NOW + 99 * SECOND)
    store.mark_sent(taken, "id", NOW)
    assert not store.renew(taken, NOW + 99 * SECOND), "it is sent"


def test_what_is_given_up_keeps_nothing_back_and_is_told(store: Store) -> None:
    commit(store, message("k", "b/opened"), message("k", "b/resolved"))
    (poison,) = claim(store)
    store.give_up(poison, "a day of refusals", NOW)
    assert told(claim(store)) == ["b/resolved"]
    given_up = store.sent_as("k", limit=9)[1]
    assert (given_up.gave_up_at, given_up.last_error, given_up.waits) == (NOW, "a day of refusals", False)


def test_nothing_waits_when_all_is_sent_or_given_up(store: Store) -> None:
    commit(store, message("a", "a/opened"), message("b", "b/opened"))
    first, second = claim(store)
    store.mark_sent(first, "id", NOW)
    assert store.outbox_oldest() == second.created_at
    store.give_up(second, "no", NOW)
    assert store.outbox_oldest() is None


def test_a_message_that_no_tick_brings_forth_is_sent_in_its_turn(store: Store) -> None:
    commit(store, message("k", "b/opened"))
    store.enqueue([message("k", "b/again-1"), message("k", "b/opened")], NOW)
    assert [d.message.transition for d in store.sent_as("k", limit=9)] == ["b/again-1", "b/opened"]
    (first,) = claim(store)
    store.mark_sent(first, "id", NOW, "second")
    assert told(claim(store)) == ["b/again-1"]
    newest, oldest = store.sent_as("k", limit=2)
    assert (newest.created_at, newest.path, oldest.path) == (NOW, None, "second")
    assert store.sent_as("k", limit=1) == [newest]
