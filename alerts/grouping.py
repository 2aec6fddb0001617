"""Many breaches at once are one page per root component: the on-call reads one message and not five hundred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.breach import Breach
    from slo.estate.spec import Component, Estate

GROUP_ABOVE = 20
"""So many pages of one tick are told one by one."""
_NO_TIER = 99


@dataclass(frozen=True, slots=True)
class Group:
    """`root` is the component that the others depend on; `members` are told in it, worst first."""

    root: str
    members: tuple[Breach, ...]


def groups(estate: Estate, told: Sequence[Breach], above: int = GROUP_ABOVE) -> tuple[Group, ...]:
    """None while they are few. What is alone under its root is told by itself."""
    if len(told) <= above:
        return ()
    components, homes = {c.name: c for c in estate.components}, _homes(estate)
    burning = {homes[b.objective] for b in told}
    roots: dict[str, str] = {}
    for name in burning:
        _find_root(name, components, burning, roots)
    found: dict[str, list[Breach]] = {}
    for breach in told:
        found.setdefault(roots[homes[breach.objective]], []).append(breach)
    return tuple(Group(root, worst_first(estate, found[root])) for root in sorted(found) if len(found[root]) > 1)


def worst_first(estate: Estate, breaches: Sequence[Breach]) -> tuple[Breach, ...]:
    """By tier, then how fast the budget burns, then how much of it is spent. What is declared no more comes last."""
    tiers, homes = {c.name: _tier(c) for c in estate.components}, _homes(estate)

    def rank(breach: Breach) -> tuple[object, ...]:
        tier = tiers.get(homes.get(breach.objective, ""), _NO_TIER)
        return tier, -breach.rule.factor, -breach.spent, breach.objective

    return tuple(sorted(breaches, key=rank))


def _homes(estate: Estate) -> dict[str, str]:
    return {o.id: o.component for o in estate.objectives}


def _find_root(name: str, components: Mapping[str, Component], burning: set[str], roots: dict[str, str]) -> str:
    """Down the dependencies as long as one of them burns too; of several the one with the lowest tier, then by name."""
    if name not in roots:
        below = [components[d] for d in components[name].depends_on if d in burning]
        first = min(below, key=lambda c: (_tier(c), c.name), default=None)
        roots[name] = name if first is None else _find_root(first.name, components, burning, roots)
    return roots[name]


def _tier(component: Component) -> int:
    return _NO_TIER if component.tier is None else component.tier
