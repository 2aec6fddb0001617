"""What a plan may not do unless it was said by name: each guard has a code that stays, for `--allow`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from slo.resource import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from slo.plan import Change
    from slo.resource import Identity, Place, Resource

Code = Literal["deletes", "updates", "name-taken", "actions-disabled", "last-page", "threshold-widened", "unknown-topic"]
ALLOWABLE: tuple[Code, ...] = ("actions-disabled", "last-page", "threshold-widened", "unknown-topic")
"""Those that `--allow` permits; two want a number of their own, and a name that is taken is adopted or left."""
FREE = 5
DELETES_SHARE, UPDATES_SHARE = Fraction(1, 5), Fraction(1, 2)
"""So many deletes or updates never need a word, and beyond them this share of what exists."""
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_UPWARD = {
    "GreaterThanThreshold": 1,
    "GreaterThanOrEqualToThreshold": 1,
    "LessThanThreshold": -1,
    "LessThanOrEqualToThreshold": -1,
}


@dataclass(frozen=True, slots=True)
class Permits:
    """What was said: exactly so many deletes or updates, and the codes of guards that shall not hold."""

    destroy: int | None = None
    updates: int | None = None
    codes: frozenset[str] = frozenset()


NOTHING_SAID = Permits()


@dataclass(frozen=True, slots=True)
class Block:
    """`resource` is its name, "" where it is about the plan as a whole."""

    code: Code
    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Guard:
    """`blocks` are the reasons why this plan may not be applied; `limit` is how many deletes need no permission.

    `permits` and `protected` (components of tier 1) are kept, so that a saved plan can be judged again.
    """

    deletes: int
    existing: int
    limit: int
    blocks: tuple[Block, ...] = ()
    updates: int = 0
    permits: Permits = NOTHING_SAID
    protected: tuple[str, ...] = ()

    @property
    def blocked(self) -> tuple[str, ...]:
        return tuple(map(str, self.blocks))


@dataclass(frozen=True, slots=True)
class Situation:
    """`ours` is what carries our tags before the plan; `existing` how much that was when the plan was made."""

    estate: str
    places: Sequence[Place]
    ours: Mapping[Identity, Resource]
    existing: int
    protected: Collection[str] = ()


def judge(changes: Sequence[Change], situation: Situation, permits: Permits) -> Guard:
    """Blocks in the order: names, numbers, then resources by the order of the changes."""
    ops = Counter(c.op for c in changes)
    limit = _free(situation.existing, DELETES_SHARE)
    blocks = [
        *_taken(changes, situation.estate),
        *_too_many("deletes", ops["delete"], situation.existing, limit, permits.destroy, "--allow-destroy"),
        *_too_many(
            "updates",
            ops["update"],
            situation.existing,
            _free(situation.existing, UPDATES_SHARE),
            permits.updates,
            "--allow-updates",
        ),
        *(b for b in _by_resource(changes, situation) if b.code not in permits.codes),
    ]
    protected = tuple(sorted(situation.protected))
    return Guard(ops["delete"], situation.existing, limit, tuple(blocks), ops["update"], permits, protected)


def _by_resource(changes: Sequence[Change], situation: Situation) -> Iterator[Block]:
    topics = _topics(_after(changes, situation.ours).values(), situation.places)
    for change in changes:
        if change.after is None or change.after.kind not in ("alarm", "composite"):
            continue
        found: dict[Code, str] = {
            "actions-disabled": _disabled(change),
            "threshold-widened": _widened(change),
            "unknown-topic": _unknown(change, topics, situation.places),
        }
        for code, what in found.items():
            if what:
                yield _block(code, change.resource.name, f"{change.resource.kind} {change.resource.name}: {what}")
    yield from _last_pages(changes, situation)


def _block(code: Code, name: str, what: str) -> Block:
    return Block(code, name, f"{what}; say --allow {code} if that is meant")


def _taken(changes: Sequence[Change], estate: str) -> Iterator[Block]:
    """A subscription is known by its address, which nobody else declares: made by hand, it is still the one that is meant."""
    for change in changes:
        was = change.before
        if was is not None and was.kind != "subscription" and not was.belongs_to(estate):
            how = f"rename it, or take it over: sloop adopt {was.name}"
            yield Block("name-taken", was.name, f"{was.kind} {was.name} exists and is not tagged as ours; {how}")


def _free(existing: int, share: Fraction) -> int:
    return max(FREE, int(existing * share))


def _too_many(code: Code, count: int, existing: int, free: int, allowed: int | None, option: str) -> Iterator[Block]:
    if count > free and count != allowed:
        yield Block(code, "", f"{code} {count} of {existing}, and {free} are free; say {option} {count} if that is meant")


def _disabled(change: Change) -> str:
    assert change.after is not None, "a delete disables nothing"
    was, now = (side is not None and side.spec.get("ActionsEnabled") for side in (change.before, change.after))
    return "its actions would be disabled" if was and not now else ""


def _widened(change: Change) -> str:
    """Quieter is upward where it fires above its threshold, and downward where it fires below."""
    if change.before is None or change.after is None:
        return ""
    was, now = change.before.spec, change.after.spec
    sign = _UPWARD.get(str(now.get("ComparisonOperator")), 0)
    old, new = was.get("Threshold"), now.get("Threshold")
    if not sign or was.get("ComparisonOperator") != now["ComparisonOperator"] or old is None or new is None:
        return ""
    if sign * Fraction(str(new)) <= _twice(sign * Fraction(str(old))):
        return ""
    return f"its threshold would be widened more than twofold, {old:g} → {new:g}"


def _twice(threshold: Fraction) -> Fraction:
    """The quietest that is at most twofold; of one below nothing that is half of it."""
    return threshold * 2 if threshold >= 0 else threshold / 2


def _unknown(change: Change, topics: Collection[str], places: Sequence[Place]) -> str:
    """What was told before stays allowed: only a new address can be a wrong one."""
    assert change.after is not None, "a delete tells nobody"
    told = set() if change.before is None else _actions(change.before)
    wrong = sorted(_actions(change.after) - told - set(topics))
    if not wrong:
        return ""
    account = (wrong[0].split(":") + [""] * 5)[4]
    elsewhere = "" if account in {p.id for p in places} else f", in account {account or 'unknown'},"
    return f"it would tell {wrong[0]}{elsewhere} which is no topic of this estate"


def _last_pages(changes: Sequence[Change], situation: Situation) -> Iterator[Block]:
    before, after = (
        {r.tags.get(COMPONENT) for r in world.values() if pages(r)}
        for world in (situation.ours, _after(changes, situation.ours))
    )
    for component in sorted(set(situation.protected) & before - after):
        what = f"component {component} is of tier 1, and its last alarm that pages would be gone or made quiet"
        yield _block("last-page", component, what)


def pages(resource: Resource) -> bool:
    """Whether it wakes somebody by itself."""
    told = resource.spec.get("AlarmActions", ())
    return bool(resource.spec.get("ActionsEnabled")) and any(action.endswith("-pages") for action in told)


def _after(changes: Iterable[Change], ours: Mapping[Identity, Resource]) -> dict[Identity, Resource]:
    world = dict(ours)
    for change in changes:
        if change.after is None:
            world.pop(change.resource.identity, None)
        else:
            world[change.resource.identity] = change.after
    return world


def _topics(resources: Iterable[Resource], places: Sequence[Place]) -> set[str]:
    known = {(p.account, p.region): p for p in places}
    return {
        known[r.account, r.region].arn("sns", r.name) for r in resources if r.kind == "topic" and (r.account, r.region) in known
    }


def _actions(resource: Resource) -> set[str]:
    return {action for name in _ACTIONS for action in resource.spec.get(name, ())}
