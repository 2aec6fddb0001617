"""Maintenance windows as the estate declares them, beside what they hold back now and what mirrors them in CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from alerts.mutes import rule_names
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.alarm_inventory import AlarmLine
    from app.ports import BreachRow
    from app.snapshot import Snapshot
    from slo.estate.spec import Estate, Exclusion, Objective
    from slo.units import Minute

Status = Literal["active", "upcoming", "past"]
STATUSES: tuple[Status, ...] = ("active", "upcoming", "past")


@dataclass(frozen=True, slots=True)
class Held:
    """An open breach that nobody is told of yet; `until` is the first minute at which no mute covers it."""

    row: BreachRow
    until: Minute


@dataclass(frozen=True, slots=True)
class Maintenance:
    """`rules` mirror it in CloudWatch; None where that is not known, because AWS was not read yet."""

    exclusion: Exclusion
    status: Status
    objectives: tuple[Objective, ...]
    held: tuple[Held, ...]
    rules: tuple[AlarmLine, ...] | None

    @property
    def id(self) -> str:
        """Two that say the very same are one."""
        e = self.exclusion
        return f"{e.objective or e.component}.{e.kind}.{e.start}.{e.end}"


def maintenance(snapshot: Snapshot) -> tuple[Maintenance, ...]:
    """What is active first, then what comes, the soonest first, then what is over, the newest first; each once."""
    at = to_minute(snapshot.made_at)
    found = {one.id: one for one in (_one(snapshot, e, at) for e in snapshot.estate.exclusions)}
    return tuple(sorted(found.values(), key=_order))


def active(estate: Estate, objective: Objective, at: Minute) -> tuple[Exclusion, ...]:
    """Of both kinds, those that end first first."""
    found = (e for e in estate.exclusions if e.covers(objective) and e.start <= at < e.end)
    return tuple(sorted(found, key=lambda e: e.end))


def _one(snapshot: Snapshot, exclusion: Exclusion, at: Minute) -> Maintenance:
    covered = tuple(o for o in snapshot.estate.objectives if exclusion.covers(o))
    status = status_of(exclusion, at)
    mutes = status == "active" and exclusion.kind == "mute"
    held = tuple(_held(snapshot, covered, at)) if mutes else ()
    return Maintenance(exclusion, status, covered, held, _rules(snapshot, exclusion))


def status_of(exclusion: Exclusion, at: Minute) -> Status:
    return "upcoming" if at < exclusion.start else "active" if at < exclusion.end else "past"


def _held(snapshot: Snapshot, covered: Sequence[Objective], at: Minute) -> list[Held]:
    objectives = {o.id: o for o in covered}
    of_these = [row for row in snapshot.open_breaches if row.breach.objective in objectives]
    paged = {row.breach.objective for row in of_these if row.breach.severity == "page"}
    rows = [row for row in of_these if row.breach.notified_at is None and not _waits_for_page(row, paged)]
    return [Held(row, _heard_again(snapshot.estate, objectives[row.breach.objective], at)) for row in rows]


def _waits_for_page(row: BreachRow, paged: Collection[str]) -> bool:
    """A ticket is held back by the open page of its objective, mute or not."""
    return row.breach.severity == "ticket" and row.breach.objective in paged


def _heard_again(estate: Estate, objective: Objective, at: Minute) -> Minute:
    """One mute may begin before another one ends."""
    for exclusion in sorted(estate.exclusions_of(objective, "mute"), key=lambda e: e.start):
        if exclusion.start <= at < exclusion.end:
            at = exclusion.end
    return at


def _rules(snapshot: Snapshot, exclusion: Exclusion) -> tuple[AlarmLine, ...] | None:
    if exclusion.kind == "budget":
        return ()
    if snapshot.alarms is None or snapshot.alarms.read_at is None:
        return None
    names = rule_names(snapshot.estate, exclusion)
    return tuple(line for line in snapshot.alarms.lines if line.kind == "mute" and _is_named(line.name, names))


def _is_named(name: str, names: Sequence[str]) -> bool:
    """As one of these, or with the number of a further rule of the same window behind it."""
    stem, _, number = name.rpartition("-")
    return name in names or (number.isdigit() and stem in names)


def _order(one: Maintenance) -> tuple[int, int, str]:
    start = one.exclusion.start
    return STATUSES.index(one.status), -start if one.status == "past" else start, one.id
