"""From minute to minute: frames enter the sums and leave them, and what changes about breaches on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alerts.breach import Reading, Standing, step
from app.patience import wait
from slo.judge import windows
from slo.judge.burn import burn
from slo.judge.period import window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.breach import Transition
    from app.pipeline import Held
    from app.ports import Store
    from app.watch import Watch
    from slo.judge.series import Bools
    from slo.judge.windows import Frame
    from slo.units import Minute


def run(
    store: Store, watch: Watch, held: Held, upto: Minute, known: Mapping[Minute, Frame], who: Bools | None
) -> list[Transition]:
    """Every minute from where the sums stand to `upto`; `known` frames win over stored ones, `who` are judged (None: all)."""
    moving = _moving(store, held, upto, known)
    found: list[Transition] = []
    for minute in range(held.sums.at, upto):
        windows.advance(held.sums, moving.get(minute), moving)
        found += change(watch, held, who)
    return found


def _moving(store: Store, held: Held, upto: Minute, known: Mapping[Minute, Frame]) -> dict[Minute, Frame]:
    """Every frame that enters or leaves a window between the T of the sums and `upto`."""
    lengths = [0, *(length for length in held.sums.windows if isinstance(length, int))]
    wanted = {minute - length for minute in range(held.sums.at, upto) for length in lengths}
    return {**store.frames_at(held.shard, sorted(wanted - known.keys())), **known}


def change(watch: Watch, held: Held, who: Bools | None) -> list[Transition]:
    """One evaluated minute of those of `who` that burn or have a breach open; all others cannot change."""
    firing = wait(held, held.table.firing(held.sums), who)
    touched = {int(n) for n in held.table.objective[firing]}
    if held.standings:
        touched |= {n for n, (o, _) in enumerate(watch.objectives) if o.id in held.standings and (who is None or who[n])}
    if not touched:
        return []
    blind = held.table.blind(held.sums)
    changes: list[Transition] = []
    for n in sorted(touched):
        objective = watch.objectives[n][0]
        standing, found = step(
            objective.id,
            held.standings.pop(objective.id, Standing()),
            _reading(watch, held, n, firing, blind),
            quiet_minutes=watch.quiet_minutes,
            flap_transitions=watch.flap_transitions,
        )
        changes += found
        if not standing.forgettable:
            held.standings[objective.id] = standing
    return changes


def _reading(watch: Watch, held: Held, n: int, firing: Bools, blind: Bools) -> Reading:
    objective, _ = watch.objectives[n]
    rows = np.flatnonzero(held.table.objective == n)
    counts = held.table.seats[n].counts(held.sums, window_of(objective))
    return Reading(
        held.sums.at,
        tuple(held.table.rules[r] for r in rows if firing[r]),
        tuple(held.table.rules[r] for r in rows if blind[r]),
        burn(objective, counts),
        watch.estate.muted(objective, held.sums.at),
    )
