"""Reads the world and makes it what a plan says: each write tried again when AWS says to slow down, then looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.errors import ProvisionError, SourceError, Throttled
from slo.plan import differences, live_sha
from slo.resource import APPLIED, Identity, Live, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ports import Resources
    from slo.plan import Change, Plan
    from slo.resource import Place

TRIES = 6
LOOKS = 3
LOOK_SECONDS = 1.0
"""CloudWatch and SNS may answer from before a write for a moment."""


@dataclass(frozen=True, slots=True)
class Failure:
    change: Change
    error: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` was written and read back as planned."""

    done: tuple[Change, ...] = ()
    failed: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Provisioning:
    """What an estate wants to exist, and the way to where it does. `without` are components without alarms, and why.

    `notes` are objectives whose burn CloudWatch cannot tell, and why.
    """

    desired: tuple[Resource, ...]
    places: tuple[Place, ...]
    without: tuple[tuple[str, str], ...]
    provisioner: Provisioner
    notes: tuple[tuple[str, str], ...] = ()


class Provisioner:
    """One adapter per kind of resource. `told` hears each change as it is written; `sleep` takes wall seconds."""

    def __init__(
        self,
        adapters: Sequence[Resources],
        *,
        sleep: Callable[[float], None] = time.sleep,
        told: Callable[[Change], None] = lambda _: None,
    ) -> None:
        self._adapters, self._sleep, self._told = adapters, sleep, told

    def read(self, estate: str) -> tuple[Live, ...]:
        """Everything under the estate's prefix. SourceError when any part of it cannot be read."""
        return tuple(live for adapter in self._adapters for live in adapter.read(estate))

    def apply(self, plan: Plan) -> Outcome:
        """The plan as it stands. A failing change does not keep the others back; what cannot succeed is not begun.

        ProvisionError when a guard forbids it.
        """
        if plan.guard.blocked:
            raise ProvisionError(f"blocked: {plan.guard.blocked[0]}")
        done: list[Change] = []
        failed: list[Failure] = []
        for change in plan.changes:
            error = self._attempt(change, beside_failure=bool(failed))
            if error is None:
                done.append(change)
            else:
                failed.append(Failure(change, error))
        different = self._verify(plan.estate, done)
        wrong = {failure.change.resource.identity for failure in different}
        return Outcome(tuple(c for c in done if c.resource.identity not in wrong), (*failed, *different))

    def _attempt(self, change: Change, *, beside_failure: bool) -> str | None:
        """The error, if there is one that trying again does not mend."""
        if beside_failure and change.op == "tag" and APPLIED in {f.path.removeprefix("tags.") for f in change.fields}:
            return "not marked as applied, because another change failed"
        adapter = next((a for a in self._adapters if change.resource.kind in a.kinds), None)
        if adapter is None:
            return f"this program was set up without access to a {change.resource.kind}"
        for attempt in range(TRIES):
            try:
                adapter.write(change)
            except Throttled as error:
                if attempt == TRIES - 1:
                    return str(error)
                self._sleep(2.0**attempt)
            except SourceError as error:
                return str(error)
            else:
                self._told(change)
                return None
        return None

    def _verify(self, estate: str, done: Sequence[Change]) -> tuple[Failure, ...]:
        different: tuple[Failure, ...] = ()
        for look in range(LOOKS if done else 0):
            if look:
                self._sleep(LOOK_SECONDS)
            found = {live.resource.identity: live.resource for live in self.read(estate)}
            different = tuple(Failure(c, why) for c in done if (why := _unlike(c, found.get(c.resource.identity))))
            if not different:
                break
        return different


def check_unmoved(plan: Plan, live: Sequence[Live]) -> None:
    """ProvisionError, naming a resource where one can be named, when the world is not the one the plan was made against."""
    if live_sha(live) == plan.live_sha:
        return
    found: dict[Identity, Resource] = {one.resource.identity: one.resource for one in live}
    moved = [c.resource.name for c in plan.changes if _moved(c, found.get(c.resource.identity))]
    what = f"{moved[0]} changed" if moved else "a resource that the plan does not touch changed"
    raise ProvisionError(f"the world moved since this plan was made: {what}; make a new plan and review it")


def _moved(change: Change, now: Resource | None) -> bool:
    was = change.before
    if was is None or now is None:
        return was is not now
    return was.spec != now.spec or dict(was.tags) != dict(now.tags)


def _unlike(change: Change, now: Resource | None) -> str | None:
    """Why what was written does not read back as planned."""
    wanted = change.after
    if wanted is None:
        return None if now is None else "deleted, and still there"
    if now is None:
        return "written, and not there"
    fields = differences(dict(now.spec), dict(wanted.spec))
    absent = () if wanted.kind == "subscription" else tuple(k for k, v in wanted.tags.items() if now.tags.get(k) != v)
    wrong = [f.path for f in fields] + [f"tags.{key}" for key in absent]
    return f"written, and reads back different in {', '.join(wrong)}" if wrong else None
