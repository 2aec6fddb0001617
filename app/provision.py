"""Reads the world and makes it what a plan says: each write tried again when AWS says to slow down, then looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.errors import ProvisionError, QuotaReached, SourceError, Throttled
from slo.plan import differences
from slo.resource import APPLIED, Identity, Live, Resource
from slo.resume import is_done, remaining

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ports import Resources
    from slo.plan import Change, Plan
    from slo.resource import Kind, Place

TRIES = 6
LOOK_AFTER = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between looks: AWS may answer from before a write for up to half a minute."""


@dataclass(frozen=True, slots=True)
class Failure:
    change: Change
    error: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` was written and read back as planned."""

    done: tuple[Change, ...] = ()
    failed: tuple[Failure, ...] = ()


@dataclass(slots=True)
class Full:
    """Of which kinds an account takes no more, and where: learnt from its first refusal, so that it is asked only once."""

    plan: Plan
    kinds: set[tuple[Kind, str, str]] = field(default_factory=set)

    def told(self, change: Change, error: SourceError) -> str:
        """The error; of a quota also how many this keeps from being made."""
        if not isinstance(error, QuotaReached):
            return str(error)
        there = _kind_there(change)
        self.kinds.add(there)
        alike = [c for c in self.plan.changes if c.op == "create" and _kind_there(c) == there]
        return f"{error}; {len(alike) - alike.index(change)} of kind {there[0]} remain to be made there"

    def why_not(self, change: Change) -> str | None:
        kind, account, region = there = _kind_there(change)
        if change.op == "create" and there in self.kinds:
            return f"not begun: the quota of kind {kind} in account {account}, {region} is reached"
        return "not begun: nothing is deleted after a quota was reached" if change.op == "delete" and self.kinds else None


def _kind_there(change: Change) -> tuple[Kind, str, str]:
    return change.resource.kind, change.resource.account, change.resource.region


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
    """One adapter per kind of resource. `told` hears each change as it is written; `sleep` takes wall seconds.

    `check` comes before anything is read or written: it raises WrongAccount where these are not the estate's accounts.
    """

    def __init__(
        self,
        adapters: Sequence[Resources],
        *,
        sleep: Callable[[float], None] = time.sleep,
        told: Callable[[Change], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._adapters, self._sleep, self._told, self._check = adapters, sleep, told, check

    def read(self, estate: str) -> tuple[Live, ...]:
        """Everything under the estate's prefix. SourceError when any part of it cannot be read."""
        self._check()
        return tuple(live for adapter in self._adapters for live in adapter.read(estate))

    def apply(self, plan: Plan, wrote: Callable[[Change], None] = lambda _: None) -> Outcome:
        """The plan as it stands; `wrote` hears each change once it is written, before the next.

        A failing change does not keep the others back; what cannot succeed is not begun.

        Where the account's quota of a kind is reached, no more of it is made there and nothing is deleted at all.
        ProvisionError when a guard forbids it.
        """
        if plan.guard.blocked:
            raise ProvisionError(f"blocked: {plan.guard.blocked[0]}")
        self._check()
        done: list[Change] = []
        failed: list[Failure] = []
        full = Full(plan)
        for change in plan.changes:
            error = full.why_not(change) or self._attempt(change, full, beside_failure=bool(failed))
            if error is None:
                wrote(change)
                done.append(change)
            else:
                failed.append(Failure(change, error))
        different = self._verify(plan.estate, done)
        wrong = {failure.change.resource.identity for failure in different}
        return Outcome(tuple(c for c in done if c.resource.identity not in wrong), (*failed, *different))

    def _attempt(self, change: Change, full: Full, *, beside_failure: bool) -> str | None:
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
                return full.told(change, error)
            else:
                self._told(change)
                return None
        return None

    def _verify(self, estate: str, done: Sequence[Change]) -> tuple[Failure, ...]:
        different: tuple[Failure, ...] = ()
        for wait in (0.0, *LOOK_AFTER) if done else ():
            if wait:
                self._sleep(wait)
            found = {live.resource.identity: live.resource for live in self.read(estate)}
            different = tuple(Failure(c, why) for c in done if (why := _unlike(c, found.get(c.resource.identity))))
            if not different:
                break
        return different


def left_to_do(plan: Plan, live: Sequence[Live]) -> Plan:
    """What of it is not done yet: all, or less after a run that was killed; its guards are judged once more.

    ProvisionError, naming a resource where one can be named, when anything else moved since the plan was made.
    """
    left = remaining(plan, live)
    if left is not None:
        return left
    found: dict[Identity, Resource] = {one.resource.identity: one.resource for one in live}
    there = ((c, found.get(c.resource.identity)) for c in plan.changes)
    moved = [c.resource.name for c, now in there if _moved(c, now) and not is_done(c, now)]
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
