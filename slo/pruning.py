"""The careful way out of what nobody declares: made quiet and marked first, deleted a day later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from slo.guards import NOTHING_SAID, Permits, Situation, judge
from slo.plan import Change, Field, Plan, in_order, live_sha, ours_of
from slo.resource import KEPT, PRUNE_AFTER, SPEC_SHA

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from slo.resource import Live, Place, Resource

PUT_ASIDE = timedelta(hours=24)


def make_prune(
    estate: str,
    places: Sequence[Place],
    desired: Sequence[Resource],
    live: Sequence[Live],
    now: datetime,
    permits: Permits = NOTHING_SAID,
    protected: Collection[str] = (),
) -> Plan:
    """Of alarms and composites that are ours and declared by nobody: made quiet first, deleted a day later.

    Other kinds tell nobody anything; they are left to `sloop apply`. `unchanged` of the plan are those that still wait.
    """
    wanted = {r.identity for r in desired}
    ours = ours_of(estate, desired, live)
    orphans = [r for key, r in ours.items() if key not in wanted and r.kind in ("alarm", "composite")]
    turns = in_order(change for r in orphans if (change := _put_aside(r, now)) is not None)
    # To make them quiet is what this is for, so neither that nor its number needs a word.
    said = replace(permits, updates=sum(c.op == "update" for c in turns), codes=permits.codes | {"actions-disabled"})
    guard = judge(turns, Situation(estate, places, ours, len(ours), protected), said)
    waiting = len(orphans) - len(turns)
    return Plan(estate, tuple(sorted(places)), turns, waiting, (), (), guard, live_sha(live))


def prune_after(resource: Resource) -> datetime | None:
    """None where it was not put aside, or nobody can say until when."""
    try:
        found = datetime.fromisoformat(resource.tags.get(PRUNE_AFTER, KEPT))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _put_aside(orphan: Resource, now: datetime) -> Change | None:
    until = prune_after(orphan)
    if until is None:
        quiet = replace(orphan, spec={**orphan.spec, "ActionsEnabled": False})
        marks = {PRUNE_AFTER: f"{(now + PUT_ASIDE).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", SPEC_SHA: quiet.spec_sha}
        disabled = [Field("ActionsEnabled", True, False)] if orphan.spec.get("ActionsEnabled") else []
        tags = [Field(f"tags.{key}", orphan.tags.get(key), value) for key, value in marks.items()]
        after = replace(quiet, tags={**orphan.tags, **marks})
        return Change("update" if disabled else "tag", orphan, after, (*disabled, *tags), "nobody declares it: put aside")
    return Change("delete", orphan, None, reason="put aside, and still not declared") if until <= now else None
