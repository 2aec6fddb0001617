"""From the outbox to SNS, at least once and in order per key. A crash anywhere leaves the message to be sent again.

Claim, publish, mark: a message that was published but not marked is published again after its lease, under the same
key, so that the receiver folds it. What the first path refuses for good, or for two minutes, takes the second one; a key
that went the second way goes there until it is resolved, because its incident may be open there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from alerts.envelope import bare
from app import failpoints
from app.telemetry import TRACER
from slo.errors import DeliveryError, MessageRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from random import Random

    from app.ports import Delivery, Publisher, Store

LEASE_SECONDS = 30.0
LONGEST_BACKOFF = 300.0
BATCH = 10
"""What SNS takes at once, so that one claim is one call and a call ends within its lease."""
SECOND_AFTER = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(hours=24)

log = structlog.get_logger()

Answer = str | DeliveryError
"""The provider's message id, or why there is none."""


@dataclass(frozen=True, slots=True)
class Paths:
    """`second` must lead to the same incidents as `first`: equal keys fold only within one integration of the pager."""

    first: Publisher
    second: Publisher | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    delivery: Delivery
    sent: bool


def deliver_due(
    store: Store, paths: Paths, now: datetime, jitter: Random, *, wall: Callable[[], datetime] | None = None
) -> list[Outcome]:
    """One round over what is due at `now` (wall time), at most `BATCH`; `wall` tells when it was taken, else that is `now`."""
    claimed = store.claim(now, lease_seconds=LEASE_SECONDS, limit=BATCH)
    if not claimed:
        return []
    failpoints.reach("after_commit_before_publish")
    first = _publish(paths.first, claimed)
    second = _by_second(store, paths, claimed, first, now)
    if any(isinstance(answer, str) for answer in (*first.values(), *second.values())):
        failpoints.reach("after_publish_before_mark")
    taken = now if wall is None else wall()
    return [_settle(store, d, first[d.id], second.get(d.id), taken, jitter) for d in claimed]


def _publish(publisher: Publisher, deliveries: Sequence[Delivery]) -> dict[int, Answer]:
    """By delivery. A message that is refused as it is goes out without its text."""
    with TRACER.start_as_current_span("publish", attributes={"sloop.keys": [d.key for d in deliveries]}):
        answers = dict(zip((d.id for d in deliveries), publisher.publish_all([d.message for d in deliveries]), strict=True))
        for delivery in deliveries:
            refused = answers[delivery.id]
            if isinstance(refused, MessageRefused):
                log.warning("message refused as it is", key=delivery.key, error=str(refused))
                shorter = bare(delivery.message, int(delivery.created_at.timestamp()))
                (answers[delivery.id],) = publisher.publish_all([shorter])
    return answers


def _by_second(
    store: Store, paths: Paths, claimed: Sequence[Delivery], first: Mapping[int, Answer], now: datetime
) -> dict[int, Answer]:
    """Of those that have to go the second way; one whose claim was lost meanwhile is left to who has it now."""
    if paths.second is None:
        return {}
    until = now + timedelta(seconds=2 * LEASE_SECONDS)
    turned = [d for d in claimed if _must_turn(store, d, first[d.id], now) and store.renew(d, until)]
    return _publish(paths.second, turned) if turned else {}


def _must_turn(store: Store, delivery: Delivery, answer: Answer, now: datetime) -> bool:
    if isinstance(answer, DeliveryError) and (not answer.retryable or _tried_for(delivery, now) >= SECOND_AFTER):
        return True
    sent = [d for d in store.sent_as(delivery.key, limit=5) if d.sent_at is not None]
    return bool(sent) and sent[0].path == "second" and sent[0].message.state == "ALARM"


def _settle(store: Store, delivery: Delivery, first: Answer, second: Answer | None, now: datetime, jitter: Random) -> Outcome:
    """Who went the second way is sent when the second took it."""
    answer = first if second is None else second
    if isinstance(answer, str):
        store.mark_sent(delivery, answer, now, "first" if second is None else "second")
        failpoints.reach("after_mark")
        log.info("page sent", key=delivery.key, state=delivery.message.state, transition=delivery.message.transition)
        return Outcome(delivery, sent=True)
    error = str(answer) if second is None or isinstance(first, str) else f"{first}; by the second path: {answer}"
    if _tried_for(delivery, now) >= GIVE_UP_AFTER:
        log.error("page given up", key=delivery.key, attempts=delivery.attempts + 1, error=error)
        store.give_up(delivery, error, now)
        return Outcome(delivery, sent=False)
    wait = backoff(delivery.attempts, jitter, retryable=answer.retryable)
    log.warning("page not sent", key=delivery.key, attempts=delivery.attempts + 1, retry_in=wait, error=error)
    store.mark_failed(delivery, error, retry_at=now + timedelta(seconds=wait))
    return Outcome(delivery, sent=False)


def _tried_for(delivery: Delivery, now: datetime) -> timedelta:
    return timedelta(0) if delivery.first_tried_at is None else now - delivery.first_tried_at


def backoff(attempts: int, jitter: Random, *, retryable: bool) -> float:
    """Seconds: somewhere in the upper half of 1, 2, 4, ... 300. What only a person can mend is tried every 5 minutes."""
    if not retryable:
        return LONGEST_BACKOFF
    ceiling = min(LONGEST_BACKOFF, 2.0 ** min(attempts, 10))
    return jitter.uniform(ceiling / 2, ceiling)
