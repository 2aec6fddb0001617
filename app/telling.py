"""From a transition to the message that tells it, and the end of breaches whose objective the estate no longer declares."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from alerts.breach import Transition
from alerts.message import page_message
from app.ports import Commit
from slo.estate.spec import Component, Objective

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.breach import Breach
    from alerts.message import Message
    from app.ports import Shard, Store
    from slo.estate.spec import Estate
    from slo.units import Minute


def teller(estate: Estate, base_url: str) -> Callable[[Transition], Message | None]:
    """None when nobody is to be told (yet), or was never told that it opened."""
    objectives = {o.id: (estate.component(o.component), o) for o in estate.objectives}

    def tell(transition: Transition) -> Message | None:
        if transition.breach.notified_at is None:
            return None
        component, objective = objectives[transition.breach.objective]
        return _message(estate, base_url, transition, component, objective)

    return tell


def close_orphans(store: Store, estate: Estate, shard: Shard, base_url: str, at: Minute) -> Sequence[Breach]:
    """Resolve and tell: nothing will ever judge these breaches again, and their incidents would stay open for ever.

    Nothing is done before the shard's first tick: a new database has no breaches.
    """
    declared = {o.id for o in estate.objectives}
    orphans = [replace(r.breach, resolved_at=at) for r in store.open_breaches() if r.breach.objective not in declared]
    if orphans and shard.tick is not None:
        transitions = [Transition("resolved", breach) for breach in orphans]
        told = [_farewell(store, estate, base_url, t) for t in transitions if t.breach.notified_at is not None]
        store.commit(Commit(shard, shard.tick, transitions=transitions, messages=told))
    return orphans


def _farewell(store: Store, estate: Estate, base_url: str, transition: Transition) -> Message:
    """With the objective as it was declared last; the component may be gone with it."""
    gone = transition.breach.objective
    declared = store.definitions(gone)[-1][1]
    objective = Objective(
        gone, declared["component"], declared["indicator"], Decimal(declared["target"]), declared["window"], ()
    )
    known = {c.name: c for c in estate.components}
    component = known.get(objective.component, Component(objective.component, "gone"))
    return _message(estate, base_url, transition, component, objective)


def _message(estate: Estate, base_url: str, transition: Transition, component: Component, objective: Objective) -> Message:
    account = estate.account(component.account)
    return page_message(
        estate.name,
        transition.breach,
        transition.kind,
        component,
        objective,
        spent=transition.breach.spent if transition.kind == "opened" else None,
        base_url=base_url,
        region=account.region if account else "us-east-1",
        account_id=account.id if account else "000000000000",
        runbook=component.runbook,
    )
