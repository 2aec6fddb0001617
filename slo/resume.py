"""A plan of which a part is done already: told apart from a world that somebody else moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slo.guards import Situation, judge
from slo.plan import live_sha
from slo.resource import Live

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.plan import Change, Plan
    from slo.resource import Identity, Resource


def remaining(plan: Plan, live: Sequence[Live]) -> Plan | None:
    """What is left to do of it, judged anew as a whole; None where the world differs by more than its own changes.

    Undone in thought, what this plan has written must give back the world that it was made against, by its hash.
    A change that stopped between two calls of AWS counts as begun: it is left to do.
    """
    found = {one.resource.identity: one.resource for one in live}
    begun = [c for c in plan.changes if _is_begun(c, found.get(c.resource.identity))]
    before = _undone(found, begun)
    if live_sha(map(Live, before.values())) != plan.live_sha:
        return None
    guard = plan.guard
    ours = {key: r for key, r in before.items() if r.belongs_to(plan.estate)}
    situation = Situation(plan.estate, plan.places, ours, guard.existing, guard.protected)
    left = tuple(c for c in plan.changes if not is_done(c, found.get(c.resource.identity)))
    return replace(plan, changes=left, guard=judge(plan.changes, situation, guard.permits))


def is_done(change: Change, now: Resource | None) -> bool:
    """Whether the world holds what the change makes, to the last tag."""
    if change.after is None or now is None:
        return change.after is now
    if change.after.kind == "subscription":
        return now.spec == change.after.spec
    return now.spec == change.after.spec and dict(now.tags) == _tags_after(change)


def _is_begun(change: Change, now: Resource | None) -> bool:
    """Done, or of an update every part of it as it was before or as it will be."""
    if is_done(change, now):
        return True
    was, then = change.before, change.after
    if was is None or then is None or now is None:
        return False
    keys = was.spec.keys() | then.spec.keys() | now.spec.keys()
    parts = all(now.spec.get(key) in (was.spec.get(key), then.spec.get(key)) for key in keys)
    return parts and dict(now.tags) in (dict(was.tags), _tags_after(change))


def _tags_after(change: Change) -> dict[str, str]:
    """Tags that others added stay."""
    assert change.after is not None, "a delete leaves no tags"
    return {**(change.before.tags if change.before is not None else {}), **change.after.tags}


def _undone(found: Mapping[Identity, Resource], begun: Sequence[Change]) -> dict[Identity, Resource]:
    world = dict(found)
    for change in begun:
        if change.before is None:
            world.pop(change.resource.identity, None)
        else:
            world[change.resource.identity] = change.before
    return world
