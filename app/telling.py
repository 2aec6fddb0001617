"""From transitions to the messages that tell them, and the end of breaches whose objective the estate no longer declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from alerts import naming
from alerts.breach import Transition
from alerts.envelope import Message, Origin, bare
from alerts.group_message import group_message
from alerts.grouping import GROUP_ABOVE, groups
from alerts.message import NOTHING_KNOWN, Facts, page_message
from app.ports import Commit
from slo.estate.spec import Component, Objective
from slo.judge.forecast import HOUR
from slo.units import Minute

if TYPE_CHECKING:
    from fractions import Fraction

    from alerts.breach import Breach
    from alerts.envelope import State
    from alerts.events import Event
    from alerts.grouping import Group
    from app.ports import Shard, Store
    from slo.estate.spec import Estate
    from slo.judge.verdict import Verdict

Judged = Callable[[str], "Verdict | None"]
"""The verdict of an objective at T."""
Changes = Callable[[Component, Minute], tuple["Event", ...]]
"""What happened to a component, or to what it depends on, shortly before a minute; newest first."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Told:
    """Transitions as they are to be stored, what tells them, and by breach id the key of the group that tells it."""

    transitions: Sequence[Transition] = ()
    messages: Sequence[Message] = ()
    grouped: Mapping[str, str] = field(default_factory=dict)


Tell = Callable[[Sequence[Transition], Judged], Told]


def nothing_changed(component: Component, at: Minute) -> tuple[Event, ...]:  # noqa: ARG001  # it knows of nothing
    return ()


class Teller:
    """Nobody is told of what is muted (yet), nor of the end of what nobody was told of; a group's end is the keeper's."""

    def __init__(self, estate: Estate, base_url: str, changes: Changes = nothing_changed, *, above: int = GROUP_ABOVE) -> None:
        self._estate, self._base_url, self._changes, self._above = estate, base_url, changes, above
        self._objectives = {o.id: o for o in estate.objectives}
        self._components = {c.name: c for c in estate.components}

    def __call__(self, transitions: Sequence[Transition], judged: Judged) -> Told:
        pages = [t.breach for t in transitions if t.kind != "resolved" and t.breach.severity == "page" and t.breach.notified_at]
        found = groups(self._estate, pages, self._above)
        keys = {
            naming.breach_id(breach): naming.group_key(self._estate.name, group.root)
            for group in found
            for breach in group.members
        }
        marked = [_marked(t, keys) for t in transitions]
        alone = [t for t in marked if t.breach.notified_at is not None and t.breach.told_as is None]
        together = [self._group_message(group) for group in found]
        return Told(marked, [*together, *(self._alone(t, judged) for t in alone)], keys)

    def again(self, breach: Breach, at: Minute, occasion: str, verdict: Verdict | None) -> Message:
        """A page or ticket that is still open, told once more."""
        return self._message(Transition("repeated", breach), replace(facts_of(verdict), at=at, occasion=occasion))

    def resolved(self, breach: Breach, occasion: str) -> Message:
        """Its end told once more: the pager still holds it open."""
        return self._message(Transition("resolved", breach), Facts(occasion=occasion))

    def origin(self, component: Component) -> Origin:
        account = self._estate.account(component.account)
        if account is None:
            return Origin(self._estate.name, self._base_url)
        return Origin(self._estate.name, self._base_url, account.region, account.id)

    def _alone(self, transition: Transition, judged: Judged) -> Message:
        verdict = None if transition.kind == "resolved" else judged(transition.breach.objective)
        return self._message(transition, facts_of(verdict, transition.breach.spent if transition.kind == "opened" else None))

    def _message(self, transition: Transition, facts: Facts) -> Message:
        """A page that cannot be worded goes out without its words, and the others are not kept back."""
        breach, kind = transition.breach, transition.kind
        objective = self._objectives[breach.objective]
        component = self._components[objective.component]
        try:
            known = (
                facts if kind == "resolved" else replace(facts, changes=self._changes(component, facts.at or breach.fired_at))
            )
            return page_message(self.origin(component), breach, kind, component, objective, known)
        except Exception:  # whatever is wrong with the text: the tick and the other pages must not fail with it
            log.exception("a message lost its text", breach=naming.breach_id(breach), kind=kind)
            key = naming.key(self._estate.name, objective.id, breach.severity)
            state: State = "OK" if kind == "resolved" else "ALARM"
            transition_id = naming.transition_id(breach, kind, facts.occasion)
            at = breach.resolved_at if kind == "resolved" else facts.at or breach.notified_at
            return bare(Message(key, transition_id, state, "", "", {}, naming.breach_id(breach)), (at or breach.fired_at) * 60)

    def _group_message(self, group: Group) -> Message:
        root = self._components[group.root]
        at = max(b.notified_at or b.fired_at for b in group.members)
        try:
            return group_message(self.origin(root), root, group.members, at, changes=self._changes(root, at))
        except Exception:  # as with a page of its own
            log.exception("a group's message lost its text", root=root.name)
            about = {"component": root.name, "estate": self._estate.name}  # by these the keeper knows whose it is
            key, transition = naming.group_key(self._estate.name, root.name), naming.group_transition(root.name, at)
            return replace(bare(Message(key, transition, "ALARM", "", "", about), at * 60), attributes=about)


def facts_of(verdict: Verdict | None, spent: Fraction | None = None) -> Facts:
    """From the verdict that the pages show; without one only what is spent."""
    if verdict is None:
        return Facts(spent=spent) if spent is not None else NOTHING_KNOWN
    return Facts(verdict.spent, verdict.burns.get(HOUR), verdict.exhausts_at)


def close_orphans(store: Store, estate: Estate, shard: Shard, base_url: str, at: Minute) -> Sequence[Breach]:
    """Resolve and tell: nothing will ever judge these breaches again, and their incidents would stay open for ever.

    Nothing is done before the shard's first tick: a new database has no breaches.
    """
    declared = {o.id for o in estate.objectives}
    orphans = [replace(r.breach, resolved_at=at) for r in store.open_breaches() if r.breach.objective not in declared]
    if orphans and shard.tick is not None:
        told = [b for b in orphans if b.notified_at is not None and b.told_as is None]
        messages = [_farewell(store, estate, base_url, breach) for breach in told]
        transitions = [Transition("resolved", breach) for breach in orphans]
        store.commit(Commit(shard, shard.tick, transitions=transitions, messages=messages))
    return orphans


def _farewell(store: Store, estate: Estate, base_url: str, breach: Breach) -> Message:
    """With the objective as it was declared last; the component may be gone with it."""
    declared = store.definitions(breach.objective)[-1][1]
    objective = Objective(
        breach.objective, declared["component"], declared["indicator"], Decimal(declared["target"]), declared["window"], ()
    )
    known = {c.name: c for c in estate.components}
    component = known.get(objective.component, Component(objective.component, "gone"))
    return page_message(Teller(estate, base_url).origin(component), breach, "resolved", component, objective)


def _marked(transition: Transition, keys: Mapping[str, str]) -> Transition:
    key = keys.get(naming.breach_id(transition.breach))
    return transition if key is None else replace(transition, breach=replace(transition.breach, told_as=key))
