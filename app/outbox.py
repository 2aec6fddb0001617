"""From the outbox to SNS, at least once and in order per key. A crash anywhere leaves the message to be sent again.

Claim, publish, mark: a message that was published but not marked is published again after its lease, under the same
key, so that the receiver folds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from app import failpoints
from app.telemetry import TRACER
from slo.errors import DeliveryError

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from app.ports import Delivery, Publisher, Store

LEASE_SECONDS = 30.0
LONGEST_BACKOFF = 300.0
BATCH = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    delivery: Delivery
    sent: bool


def deliver_due(store: Store, publisher: Publisher, now: datetime, jitter: Random) -> list[Outcome]:
    """One round over what is due at `now` (wall time)."""
    claimed = store.claim(now, lease_seconds=LEASE_SECONDS, limit=BATCH)
    if claimed:
        failpoints.reach("after_commit_before_publish")
    return [Outcome(d, _deliver(store, publisher, d, now, jitter)) for d in claimed]


def _deliver(store: Store, publisher: Publisher, delivery: Delivery, now: datetime, jitter: Random) -> bool:
    try:
        with TRACER.start_as_current_span("publish", attributes={"sloop.key": delivery.key}):
            provider_id = publisher.publish(delivery.message)
    except DeliveryError as error:
        wait = backoff(delivery.attempts, jitter, retryable=error.retryable)
        log.warning("page not sent", key=delivery.key, attempts=delivery.attempts + 1, retry_in=wait, error=str(error))
        store.mark_failed(delivery, str(error), retry_at=now + timedelta(seconds=wait))
        return False
    failpoints.reach("after_publish_before_mark")
    store.mark_sent(delivery, provider_id, now)
    log.info("page sent", key=delivery.key, state=delivery.message.state, transition=delivery.message.transition)
    return True


def backoff(attempts: int, jitter: Random, *, retryable: bool) -> float:
    """Seconds: somewhere in the upper half of 1, 2, 4, ... 300. What only a person can mend is tried every 5 minutes."""
    if not retryable:
        return LONGEST_BACKOFF
    ceiling = min(LONGEST_BACKOFF, 2.0 ** min(attempts, 10))
    return jitter.uniform(ceiling / 2, ceiling)
