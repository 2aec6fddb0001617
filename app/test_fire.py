"""Sends a test down the live path, ALARM then OK: puts them into the outbox, and watches what the running service does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.message import test_message
from alerts.naming import test_key
from alerts.test_fire import Evidence, Leg, document, event, words
from app.records import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.envelope import Origin, State
    from app.clock import Clock
    from app.ports import Delivery, Store
    from slo.estate.spec import Component

WAIT_SECONDS = 30.0
RECEIPT_SECONDS = 5.0
"""How long it is waited for a message to come back: most services do not subscribe to their own topic."""
LOOK_SECONDS = 0.05
RECENT_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Range:
    """Where tests are fired: `pause` waits so many wall seconds, `wake` tells the sender of this process, if there is one."""

    store: Store
    clock: Clock
    pause: Callable[[float], object]
    wake: Callable[[], object] = lambda: None

    def fire(self, origin: Origin, component: Component, actor: str, *, at: int, wait: float = WAIT_SECONDS) -> Evidence:
        """Waits up to `wait` wall seconds for each of the two; what hung is closed by the keeper once it was sent.

        The evidence is stored with a line in the journal, unless somebody stored the evidence of this very test before.
        """
        legs = [self._send(origin, component, "ALARM", at, wait)]
        if legs[0].hung is None:
            legs[0] = self._seen_again(legs[0], RECEIPT_SECONDS)
            legs.append(self._send(origin, component, "OK", at, wait))
            # Whoever has not heard of the first one will not hear of the second.
            legs[1] = legs[1] if legs[0].received is None else self._seen_again(legs[1], RECEIPT_SECONDS)
        evidence = Evidence(component.name, test_key(origin.estate, component.name), at, actor, tuple(legs))
        self._keep(evidence)
        return evidence

    def _send(self, origin: Origin, component: Component, state: State, at: int, wait: float) -> Leg:
        message = test_message(origin, component, state, at=at)
        leg = Leg(state, self.clock.wall())
        self.store.enqueue([message], self.clock.now())
        self.wake()

        def look() -> Leg | None:
            found = self._delivery(message.key, message.transition)
            return None if found is None or found.waits else _as_told(leg, found)

        return self._wait(look, wait) or _as_told(leg, self._delivery(message.key, message.transition))

    def _delivery(self, key: str, transition: str) -> Delivery | None:
        return next((d for d in self.store.sent_as(key, limit=10) if d.message.transition == transition), None)

    def _seen_again(self, leg: Leg, wait: float) -> Leg:
        """`/hooks/sns` names an event by the id that SNS gave the message; when it came is stored to a whole second only."""
        wanted = f"sns/{leg.provider_id}"

        def look() -> Leg | None:
            recent = self.store.events(limit=RECENT_EVENTS, kind="alarm")
            return replace(leg, received=self.clock.wall()) if any(e.id == wanted for e in recent) else None

        return self._wait(look, wait) or leg

    def _wait(self, look: Callable[[], Leg | None], seconds: float) -> Leg | None:
        until = self.clock.monotonic() + seconds
        while (found := look()) is None and self.clock.monotonic() < until:
            self.pause(LOOK_SECONDS)
        return found

    def _keep(self, evidence: Evidence) -> None:
        now = self.clock.now()
        if self.store.keep_events([event(evidence, int(now.timestamp()))]):
            outcome = "passed" if evidence.passed else "failed"
            told = {**document(evidence), "words": words(evidence)}
            self.store.note(Entry(now, evidence.actor, "test-fire", evidence.component, outcome, told))


def _as_told(leg: Leg, delivery: Delivery | None) -> Leg:
    if delivery is None:
        return leg
    return replace(
        leg,
        claimed=delivery.first_tried_at,
        accepted=delivery.sent_at,
        provider_id=delivery.provider_id,
        path=delivery.path,
        error=delivery.last_error,
    )
