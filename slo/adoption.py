"""Resources of somebody's hand taken under our care, by name: they get our tags, and stay what they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slo.errors import UsageError
from slo.guards import Guard
from slo.plan import Change, Field, Plan, in_order, live_sha
from slo.resource import APPLIED, ESTATE, MANAGED_BY, PAGER, PAGER_SHA, SPEC_SHA

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from slo.resource import Live, Place, Resource

_MARKS = (APPLIED, PAGER, PAGER_SHA)


def make_adopt(
    estate: str, places: Sequence[Place], desired: Sequence[Resource], live: Sequence[Live], names: Collection[str]
) -> Plan:
    """Our tags on what has these names and nobody's; what it is stays, so that the next plan tells what differs.

    UsageError of a name that the estate does not want, that nothing has, or that is another estate's.
    """
    found = {one.resource.identity: one.resource for one in live}
    changes: list[Change] = []
    for name in dict.fromkeys(names):
        wanted = [r for r in desired if r.name == name and r.kind != "subscription"]
        if not wanted:
            raise UsageError(f"estate {estate} wants nothing of the name {name}; `sloop plan` lists what it wants")
        there = [(found[r.identity], r) for r in wanted if r.identity in found]
        if not there:
            raise UsageError(f"there is no {wanted[0].kind} {name} to adopt; `sloop apply` makes it")
        changes += [_taken_over(was, r, estate) for was, r in there if not was.belongs_to(estate)]
    return Plan(estate, tuple(sorted(places)), in_order(changes), 0, (), (), Guard(0, 0, 0), live_sha(live))


def _taken_over(was: Resource, wanted: Resource, estate: str) -> Change:
    """Its hash is that of what it is: whatever the estate wants otherwise is then a change, and not drift."""
    if was.tags.get(MANAGED_BY) is not None and was.tags.get(ESTATE) not in (None, estate):
        raise UsageError(f"{was.kind} {was.name} is of estate {was.tags[ESTATE]}; remove its tags there first")
    ours = {key: value for key, value in wanted.tags.items() if key not in _MARKS} | {SPEC_SHA: was.spec_sha}
    fields = tuple(Field(f"tags.{key}", was.tags.get(key), value) for key, value in sorted(ours.items()))
    return Change("tag", was, replace(was, tags=ours), fields, "adopted")
