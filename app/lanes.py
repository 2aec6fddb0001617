"""The fast lane: what burns is asked for each minute, everything else in whole polls, and then judged minute by minute.

Between two whole polls T moves each minute, but only the sums of the hot slots are right at T. Those of the others stay
`behind`, at the last whole poll; there they are judged and shown until the next one. It lays the minutes in between in as
late data and judges the others on each of them, so every objective is judged at every minute, once and on its own minutes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import burn, screened
from slo.judge.forecast import HOUR
from slo.judge.seat import narrowed
from slo.judge.windows import BAD, MEASURED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from app.derive import DerivedSlot
    from app.pipeline import Held
    from app.watch import Watch
    from slo.judge.rule_table import RuleTable
    from slo.judge.series import Bools
    from slo.judge.windows import Sums
    from slo.units import Minute


def is_whole(watch: Watch, held: Held, upto: Minute) -> bool:
    """Whether the poll up to T = `upto` asks for every slot: at multiples of the poll, and always where nothing is hot."""
    return held.fresh or not held.hot or upto - upto % watch.pace.poll > held.last_whole


def due(watch: Watch, held: Held, now_seconds: float) -> Minute:
    """The T that is due. A whole poll ends at a multiple of the poll, whatever came later: what others store is whole there."""
    whole = watch.pace.watermark(now_seconds)
    return whole if not held.hot or whole > held.last_whole else watch.pace.settled(now_seconds)


def next_due(watch: Watch, held: Held) -> Minute:
    """The T that comes after the present one."""
    at, poll = held.sums.at, watch.pace.poll
    return at + 1 if held.hot else at - at % poll + poll


def hot_keys(watch: Watch, held: Held, turned: Container[str] = ()) -> frozenset[str]:
    """The slots to ask for each minute from here on: of what burns, has a breach open or `turned`, or is declared so.

    None where every one of them fails: asked for alone, one bad query would look like a failing source.
    """
    if watch.pace.poll == 1:
        return frozenset()
    burning = burns(held.table, held.behind or held.sums)
    keys = set(watch.always)
    for n, (objective, key) in enumerate(watch.objectives):
        standing = held.standings.get(objective.id)
        restless = burning[n] or (standing is not None and not standing.quiet) or objective.id in turned
        # A composite reads what others have stored, and that is whole at whole polls only.
        if objective.lane == "fast" or (restless and objective.composite is None):
            keys.add(key)
    return frozenset() if keys <= held.failures.keys() else frozenset(keys)


def burns(table: RuleTable, sums: Sums) -> Bools:
    """Objective by objective: whether burn(1h) >= 1. Slices longer than that have none."""
    seats = table.seats
    row_of = {window: row for row, window in enumerate(sums.windows)}
    hours = [narrowed(HOUR, seat.width) for seat in seats]
    rows = np.array([0 if hour is None else row_of[hour] for hour in hours], np.int64)
    counted = np.array([seat.counted for seat in seats], np.int64)
    found = screened(
        sums.counts[rows, BAD, counted],
        sums.counts[rows, TOTAL, counted],
        np.array([float(b) for b in table.budgets], np.float64),
        lambda n: (table.budgets[n], False),
    )
    found &= np.array([hour is not None for hour in hours], np.bool_)
    for n in (n for n, seat in enumerate(seats) if seat.objective.earlier):
        found[n] = (burn(seats[n].objective, seats[n].counts(sums, HOUR)) or 0) >= 1
    return found


def hot_objectives(watch: Watch, held: Held) -> Bools:
    """Objective by objective: whether it is judged each minute, because its slot is asked for."""
    return np.array([key in held.hot for _, key in watch.objectives], np.bool_)


def derived_of(held: Held, keys: Container[str]) -> tuple[DerivedSlot, ...]:
    """The derived slots that are made from the slots of these keys."""
    slots = {slot for key, slot in held.shard.slots.items() if key in keys}
    return tuple(one for one in held.derived if one.of in slots)


def sums_for(held: Held, key: str) -> Sums:
    """Those that hold every minute before their T of the slot of this key."""
    return held.sums if held.behind is None or key in held.hot else held.behind


def both(held: Held) -> Iterator[Sums]:
    """The sums at T, and where they differ those of the last whole poll."""
    yield held.sums
    if held.behind is not None:
        yield held.behind


def recent_coverage(held: Held) -> Fraction | None:
    """The measured share of the last hour before the last whole poll, of all objectives together."""
    sums, seats = held.behind or held.sums, held.table.seats
    if not seats:
        return None
    measured = sums.counts[sums.windows.index(HOUR), MEASURED, [seat.minutes for seat in seats]]
    return Fraction(int(measured.sum()), HOUR * len(seats))


def recent_gaps(held: Held) -> tuple[tuple[str, int], ...]:
    """(objective, minutes of that hour that were not measured), the most first; whole ones are left out."""
    sums, seats = held.behind or held.sums, held.table.seats
    if not seats:
        return ()
    measured = sums.counts[sums.windows.index(HOUR), MEASURED, [seat.minutes for seat in seats]]
    gaps = [(seats[n].objective.id, HOUR - int(measured[n])) for n in np.flatnonzero(measured < HOUR)]
    return tuple(sorted(gaps, key=lambda gap: (-gap[1], gap[0])))
