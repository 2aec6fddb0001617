"""Tells of recovery targets in danger: from verdicts and stored rows to new rows and messages, in one transaction."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import structlog

from alerts.recovery_message import recovery_message
from alerts.recovery_step import Step, ended, step
from alerts.recovery_trouble import troubles
from slo.estate.spec import Component

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from alerts.envelope import Message
    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Store
    from app.telling import Teller
    from slo.estate.spec import Estate
    from slo.judge.recovery import RecoveryVerdict

COLD_SECONDS = 600
"""Nothing is told in the first ten minutes in which anything was looked at."""

log = structlog.get_logger()


class RecoveryPager:
    """It holds nothing that a restart could lose but when it began to look."""

    def __init__(self, store: Store, estate: Estate, teller: Teller, wake: Callable[[], None]) -> None:
        self._store, self._estate, self._teller, self._wake = store, estate, teller, wake
        self._components = {c.name: c for c in estate.components}
        self._began: int | None = None

    def tell(self, verdicts: Sequence[RecoveryVerdict], now: datetime, *, looked_at: int | None) -> Sequence[Message]:
        """What was put into the outbox. `looked_at` is when anybody looked last before this (epoch seconds); StoreError."""
        at = int(now.timestamp())
        if self._began is None:
            self._began = at if looked_at is None or at - looked_at > COLD_SECONDS else at - COLD_SECONDS
        held = _by_target(self._store.open_recovery_breaches())
        steps = list(self._steps(verdicts, held, at))
        rows = [row for s in steps for row in s.rows]
        messages = [message for s in steps for message in self._messages(s, at)]
        if rows or messages:
            self._store.commit_recovery(rows, messages, now)
        if messages:
            log.info("recovery told", keys=sorted({m.key for m in messages}))
            self._wake()
        return messages

    def _steps(
        self, verdicts: Iterable[RecoveryVerdict], held: dict[tuple[str, str], list[RecoveryBreach]], at: int
    ) -> Iterator[Step]:
        cold = self._began is None or at - self._began < COLD_SECONDS
        for verdict in verdicts:
            if verdict.scenario is None:
                continue
            component = self._components[verdict.component]
            known = held.pop((verdict.component, verdict.scenario), [])
            quiet = cold or self._estate.muted_component(component.name, at // 60)
            yield step(component.name, verdict.scenario, troubles(verdict, component.tier), known, at, quiet=quiet)
        for left in held.values():
            yield ended(left, at)

    def _messages(self, made: Step, at: int) -> Iterator[Message]:
        if made.told is not None:
            breach, change = made.told.breach, made.told.change
            component = self._components.get(breach.component, Component(breach.component, "gone"))
            occasion = str(at) if change == "changed" else ""
            yield recovery_message(self._teller.origin(component), component, breach, change, at, occasion=occasion)


def _by_target(rows: Iterable[RecoveryBreach]) -> dict[tuple[str, str], list[RecoveryBreach]]:
    ordered = sorted(rows, key=lambda r: (r.component, r.scenario, r.kind))
    return {key: list(found) for key, found in groupby(ordered, key=lambda r: (r.component, r.scenario))}
