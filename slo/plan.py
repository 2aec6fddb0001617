"""What would have to change so that the live resources are the desired ones, and whether a guard forbids it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from slo.errors import ProvisionError
from slo.guards import NOTHING_SAID, Guard, Permits, Situation, judge
from slo.resource import (
    APPLIED,
    KEPT,
    ORDER,
    PAGER,
    PAGER_SHA,
    PRUNE_AFTER,
    SPEC_SHA,
    Identity,
    Live,
    Place,
    Resource,
    sha256,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

PENDING = "pending"
"""The status of a subscription that nobody has confirmed: it is there, and reaches nobody."""
Op = Literal["create", "update", "tag", "delete"]


@dataclass(frozen=True, slots=True)
class Field:
    """One difference; `path` is like `Dimensions[0].Value` or `tags.sloop:owner`, an absent side is None."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None for a create, `after` for a delete."""

    op: Op
    before: Resource | None
    after: Resource | None
    fields: tuple[Field, ...] = ()
    reason: str = ""

    @property
    def resource(self) -> Resource:
        found = self.after or self.before
        assert found is not None, "a change has at least one side"
        return found


@dataclass(frozen=True, slots=True)
class Drift:
    """What somebody else changed, removed, left or never confirmed: `live` is None where the resource is gone."""

    kind: Literal["changed", "missing", "orphan", "unconfirmed"]
    desired: Resource | None
    live: Resource | None
    fields: tuple[Field, ...] = ()

    @property
    def resource(self) -> Resource:
        found = self.desired or self.live
        assert found is not None, "a drift has at least one side"
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """The object that is shown, saved and applied. `live_sha` pins the world it was made against.

    `unmanaged` are names under our prefix that do not carry our tags; they are never touched.
    """

    estate: str
    places: tuple[Place, ...]
    changes: tuple[Change, ...]
    unchanged: int
    unmanaged: tuple[str, ...]
    drifted: tuple[Drift, ...]
    guard: Guard
    live_sha: str


def make_plan(
    estate: str,
    places: Sequence[Place],
    desired: Sequence[Resource],
    live: Sequence[Live],
    *,
    accept_drift: bool = False,
    keep_orphans: bool = False,
    permits: Permits = NOTHING_SAID,
    protected: Collection[str] = (),
) -> Plan:
    """ProvisionError when nothing is desired: an estate that could not be read must never empty an account.

    What was changed by hand is told as drift and written over only with `accept_drift`. `keep_orphans` leaves what is
    declared no more to `sloop prune`. `protected` are the components of tier 1.
    """
    if not desired:
        raise ProvisionError(
            f"estate {estate}: nothing to provision; declare an account and components whose kinds have alarms"
        )
    found = {one.resource.identity: one.resource for one in live}
    ours = ours_of(estate, desired, live)
    wanted = {r.identity: r for r in desired}
    drifted = drift_of(estate, desired, live)
    by_hand = frozenset(d.resource.identity for d in drifted if d.kind == "changed")
    left = frozenset() if accept_drift else by_hand
    changes = [
        step
        for r in desired
        if r.identity not in left
        for step in _steps(found.get(r.identity), r, "changed by hand" if r.identity in by_hand else "")
    ]
    if not keep_orphans:
        changes += [Change("delete", r, None, reason="no longer declared") for key, r in ours.items() if key not in wanted]
    touched = {c.resource.identity for c in changes}
    unmanaged = sorted(r.name for key, r in found.items() if not r.belongs_to(estate) and key not in wanted)
    turns = in_order(changes)
    return Plan(
        estate,
        tuple(sorted(places)),
        turns,
        sum(key not in touched and key not in by_hand for key in wanted),
        tuple(unmanaged),
        drifted,
        judge(turns, Situation(estate, places, ours, len(ours), protected), permits),
        live_sha(live),
    )


def make_destroy(estate: str, places: Sequence[Place], live: Sequence[Live]) -> Plan:
    """Everything that is tagged as this estate's goes, whatever its number: whoever applies this has been asked."""
    ours = [one.resource for one in live if one.resource.belongs_to(estate)]
    changes = [Change("delete", r, None, reason="destroy") for r in ours]
    unmanaged = sorted(one.resource.name for one in live if not one.resource.belongs_to(estate))
    guard = Guard(len(changes), len(ours), len(ours))
    return Plan(estate, tuple(sorted(places)), in_order(changes), 0, tuple(unmanaged), (), guard, live_sha(live))


def drift_of(estate: str, desired: Sequence[Resource], live: Sequence[Live]) -> tuple[Drift, ...]:
    """Where the world differs although the estate was not edited since it was applied.

    A resource carries the hash of the spec it was given, so a differing one with the desired hash was changed by hand. A
    missing or surplus one is drift only in a place whose topic says that all of the present declaration was applied.
    """
    found = {one.resource.identity: one.resource for one in live}
    ours = ours_of(estate, desired, live)
    wanted = {r.identity: r for r in desired}
    marked = {_place(r): _settled(r, ours.get(key), ours) for key, r in wanted.items() if APPLIED in r.tags}
    drifted = [
        Drift("changed", r, was, differences(was.spec, r.spec))
        for r in desired
        if (was := ours.get(r.identity)) and was.spec != r.spec and was.tags.get(SPEC_SHA) == r.spec_sha
    ]
    waiting = {one.resource.identity for one in live if one.status == PENDING}
    drifted += [Drift("unconfirmed", r, ours[key]) for key, r in wanted.items() if key in waiting and key in ours]
    drifted += [Drift("missing", r, None) for key, r in wanted.items() if key not in found and _near(r, marked)]
    left = [r for key, r in ours.items() if key not in wanted and PRUNE_AFTER not in r.tags]
    drifted += [Drift("orphan", None, r) for r in left if _near(r, marked)]
    return tuple(sorted(drifted, key=lambda d: _rank(d.resource)))


def ours_of(estate: str, desired: Sequence[Resource], live: Sequence[Live]) -> dict[Identity, Resource]:
    """What this plan may change. A subscription only where the pager's address is known: without it nobody is unsubscribed."""
    known = {_place(r) for r in desired if PAGER in r.tags}
    found = [one.resource for one in live if one.resource.belongs_to(estate)]
    return {r.identity: r for r in found if r.kind != "subscription" or _place(r) in known}


def _settled(wanted: Resource, live: Resource | None, ours: Mapping[Identity, Resource]) -> bool:
    """By the topic's mark; a topic that is gone while alarms still tell it was taken away."""
    if live is None:
        near = (r for r in ours.values() if _place(r) == _place(wanted))
        return any(action.endswith(f":{wanted.name}") for r in near for action in r.spec.get("AlarmActions", ()))
    return live.tags.get(APPLIED) == wanted.tags[APPLIED]


def _near(resource: Resource, marked: Mapping[tuple[str, str], bool]) -> bool:
    """Whether the mark of its place says so; what has no region, or no account, is under every mark that could be its own."""
    places = [p for p in marked if resource.account in ("", p[0]) and resource.region in ("", p[1])]
    return bool(places) and all(marked[p] for p in places)


def differences(old: Any, new: Any, path: str = "") -> tuple[Field, ...]:
    """Leaf by leaf, in the order of the paths."""
    if isinstance(old, dict) and isinstance(new, dict):
        dot = f"{path}." if path else ""
        keys = sorted(old.keys() | new.keys())
        return tuple(f for key in keys for f in differences(old.get(key), new.get(key), f"{dot}{key}"))
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return tuple(f for at, pair in enumerate(zip(old, new, strict=True)) for f in differences(*pair, f"{path}[{at}]"))
    return () if old == new and type(old) is type(new) else (Field(path, old, new),)


def live_sha(live: Iterable[Live]) -> str:
    """Of everything found: a plan is good for exactly this world. What a resource does (its state) does not count."""
    return sha256(sorted([*r.identity, r.spec, dict(r.tags)] for r in (one.resource for one in live)))


def _steps(was: Resource | None, resource: Resource, why: str) -> list[Change]:
    if was is None:
        return [Change("create", None, resource)]
    if was.tags.get(PRUNE_AFTER, KEPT) != KEPT:
        resource = replace(resource, tags={**resource.tags, PRUNE_AFTER: KEPT})
    tags = _tag_differences(was, resource)
    if was.spec != resource.spec:
        fields = (*differences(was.spec, resource.spec), *tags)
        return [Change("update", was, resource, fields, why)]
    return [Change("tag", was, resource, tags)] if tags else []


def _tag_differences(was: Resource, resource: Resource) -> tuple[Field, ...]:
    """Tags that others added stay; a subscription has none of its own (its topic's say whose it is)."""
    if resource.kind == "subscription":
        return ()
    return tuple(
        Field(f"tags.{key}", was.tags.get(key), value)
        for key, value in sorted(resource.tags.items())
        if was.tags.get(key) != value
    )


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Makes and updates, then deletes; what others point at is made before them and outlives them."""
    return tuple(sorted(changes, key=_turn))


def _turn(change: Change) -> tuple[int, int, bool, str, str, str]:
    """Makes and updates, then deletes, and at the very end the marks on the topics, which speak of all that went before.

    A composite that another alarm suppresses comes after that one, which may be a composite too.
    """
    resource = change.resource
    rank, account, region, name = _rank(resource)
    is_suppressed = "ActionsSuppressor" in resource.spec
    if change.op == "delete":
        return 1, -rank, not is_suppressed, account, region, name
    marks = change.op == "tag" and {f.path for f in change.fields} & {f"tags.{name}" for name in (APPLIED, PAGER, PAGER_SHA)}
    return 2 if marks else 0, rank, is_suppressed, account, region, name


def _rank(resource: Resource) -> tuple[int, str, str, str]:
    return ORDER.index(resource.kind), resource.account, resource.region, resource.name


def _place(resource: Resource) -> tuple[str, str]:
    return resource.account, resource.region
