"""Judging once more, straight from the contract's sentences: slow, obvious, exact. It shares no code with the engine."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 1440
DEFAULT = (
    ("page", Fraction(2, 100), 60, 5),
    ("page", Fraction(5, 100), 360, 30),
    ("ticket", Fraction(10, 100), DAY, 120),
    ("ticket", Fraction(10, 100), 3 * DAY, 360),
)

Rows = dict[int, tuple[int, int]]
"""minute -> (good, total)."""


def sums(rows: Rows, at: int, width: int) -> tuple[int, int, int]:
    """(bad, total, measured) over at - width <= minute < at."""
    held = [(good, total) for minute, (good, total) in rows.items() if at - width <= minute < at]
    return sum(t - g for g, t in held), sum(t for _, t in held), len(held)


def burn(rows: Rows, at: int, width: int, target: Fraction) -> Fraction | None:
    bad, total, _ = sums(rows, at, width)
    return Fraction(bad, total) / (1 - target) if total else None


def firing(rows: Rows, at: int, target: Fraction, window: int) -> list[tuple[str, int, int, Fraction]]:
    found = []
    for severity, share, long, short in DEFAULT:
        factor = max(Fraction(1), share * window / long)
        burns = burn(rows, at, long, target), burn(rows, at, short, target)
        if all(b is not None and b >= factor for b in burns):
            found.append((severity, long, short, factor))
    return found


def blind(rows: Rows, at: int) -> set[str]:
    """Severities with a rule whose short window has no measured minute."""
    return {severity for severity, _, _, short in DEFAULT if sums(rows, at, short)[2] == 0}


@dataclass
class Told:
    severity: str
    rule: tuple[int, int]
    fired_at: int
    resolved_at: int | None = None
    notified_at: int | None = None


def backtest(rows: Rows, target: Fraction, window: int, first: int, last: int) -> list[Told]:
    told: list[Told] = []
    live: dict[str, Told] = {}
    quiet: dict[str, int] = {}
    for at in range(first, last + 1):
        fires = firing(rows, at, target, window)
        for severity in ("page", "ticket"):
            mine = sorted((long, short) for s, long, short, _ in fires if s == severity)
            if mine and severity not in live:
                live[severity] = Told(severity, mine[0], at)
                told.append(live[severity])
            if mine:
                quiet[severity] = 0
            elif severity in live and severity not in blind(rows, at):
                quiet[severity] += 1
                if quiet[severity] == 15:
                    live.pop(severity).resolved_at = at
        if "page" in live and live["page"].notified_at is None:
            live["page"].notified_at = at
        if "ticket" in live and live["ticket"].notified_at is None and "page" not in live:
            live["ticket"].notified_at = at
    return sorted(told, key=lambda t: (t.fired_at, t.severity))


@dataclass(frozen=True)
class Clause:
    """A rule: windows in minutes, `hold` too."""

    severity: str
    long: int
    short: int | None
    factor: Fraction
    strict: bool = False
    hold: int = 0
    min_bad: int = 0
    min_total: int = 0

    @property
    def shortest(self) -> int:
        return self.long if self.short is None else self.short


@dataclass(frozen=True)
class Wanted:
    """What is judged, of every kind there is. `begin` gives the first minute of the objective's own window at T.

    `earlier` are targets with the minute from which the next one was in force.
    """

    target: Fraction
    window: int
    begin: Callable[[int], int]
    rules: tuple[Clause, ...] = ()
    method: str = "Occurrences"
    width: int = 1
    slice_target: Fraction | None = None
    no_data: str | None = None
    earlier: tuple[tuple[Fraction, int], ...] = ()


Intervals = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Held:
    good: int = 0
    total: int = 0
    measured: int = 0
    allowed: Fraction = Fraction(0)

    @property
    def bad(self) -> int:
        return self.total - self.good

    @property
    def burn(self) -> Fraction | None:
        return self.bad / self.allowed if self.total else None


def worth(wanted: Wanted, good: int, total: int) -> tuple[int, int]:
    """(good, total) that a measured slice counts."""
    if wanted.method == "Occurrences":
        return good, total
    if total == 0:
        return 0, 0
    if wanted.method == "RatioTimeslices":
        return good * 10**9 // total, 10**9
    assert wanted.slice_target is not None
    return (1, 1) if Fraction(good, total) >= wanted.slice_target else (0, 1)


def counted(rows: Rows, wanted: Wanted, at: int, excluded: Intervals = ()) -> dict[int, tuple[int, int]]:
    """What each slice that ends before T counts, by its first minute."""
    past = {minute: row for minute, row in rows.items() if minute < at}
    gone = {minute for start, end in excluded for minute in range(start, end)}
    found: dict[int, tuple[int, int]] = {}
    held: tuple[int, int] | None = None
    unit = 10**9 if wanted.method == "RatioTimeslices" else 1
    oldest = min(past, default=at)
    for start in range(oldest - oldest % wanted.width, at - wanted.width + 1, wanted.width):
        minutes = range(start, start + wanted.width)
        seen = [m for m in minutes if m in past]
        kept = [m for m in seen if m not in gone]
        if seen:
            held = worth(wanted, sum(past[m][0] for m in seen), sum(past[m][1] for m in seen))
        if kept:
            found[start] = worth(wanted, sum(past[m][0] for m in kept), sum(past[m][1] for m in kept))
        elif not seen and wanted.no_data is not None and not gone.issuperset(minutes):
            assert held is not None
            found[start] = {"bad": (0, unit), "good": (unit, unit), "hold": held}[wanted.no_data]
    return found


def held(rows: Rows, wanted: Wanted, begin: int, at: int, excluded: Intervals = ()) -> Held:
    """Over begin <= minute < at, slices wholly inside."""
    good, total, allowed = 0, 0, Fraction(0)
    for start, (some, all_of_it) in counted(rows, wanted, at, excluded).items():
        if start >= begin:
            good, total = good + some, total + all_of_it
            allowed += all_of_it * (1 - in_force(wanted, start + wanted.width - 1))
    measured = [m for m in rows if begin <= m < at and not any(a <= m < b for a, b in excluded)]
    return Held(good, total, len(measured), allowed)


def in_force(wanted: Wanted, minute: int) -> Fraction:
    return next((target for target, until in wanted.earlier if minute < until), wanted.target)


def burns_so(rows: Rows, wanted: Wanted, rule: Clause, at: int) -> bool:
    """At T by itself, whatever the hold."""
    long, short = held(rows, wanted, at - rule.long, at), held(rows, wanted, at - rule.shortest, at)
    if long.bad < rule.min_bad or long.total < rule.min_total:
        return False
    burns = (long.burn, short.burn)
    return all(b is not None and (b > rule.factor if rule.strict else b >= rule.factor) for b in burns)


def fires(rows: Rows, wanted: Wanted, rule: Clause, at: int) -> bool:
    return all(burns_so(rows, wanted, rule, at - ago) for ago in range(rule.hold + 1))


def state(rows: Rows, wanted: Wanted, at: int) -> str:
    own = held(rows, wanted, wanted.begin(at), at)
    remaining = None if own.burn is None else 1 - own.burn
    severities = {rule.severity for rule in wanted.rules if fires(rows, wanted, rule, at)}
    first = min((m for m in rows if m < at), default=None)
    if "page" in severities:
        return "burning_fast"
    if remaining is not None and remaining <= 0:
        return "exhausted"
    if "ticket" in severities:
        return "burning_slow"
    if own.measured == 0:
        return "no_data"
    if remaining is not None and remaining < Fraction(1, 4):
        return "warning"
    return "insufficient_history" if first is None or first > wanted.begin(at) else "ok"


def exhausts_at(rows: Rows, wanted: Wanted, at: int) -> int | None:
    own, hour = (held(rows, wanted, begin, at) for begin in (wanted.begin(at), at - 60))
    if own.burn is None or own.burn >= 1 or not hour.burn:
        return None
    ahead = (1 - own.burn) * wanted.window * 60 / hour.burn
    return None if ahead > 10 * 365 * DAY * 60 else at * 60 + int(ahead)


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # what clocks show, whatever the zone


@cache
def boundary(wall: datetime, zone: str) -> int:
    """The first minute at which clocks of the zone show this time or a later one."""
    near = (wall - EPOCH) // timedelta(minutes=1)
    return next(m for m in range(near - 15 * 60, near + 15 * 60) if shown(m, zone) >= wall)


def shown(minute: int, zone: str) -> datetime:
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None)


def period_start(at: int, count: int, unit: str, zone: str, begin: datetime) -> int:
    """Of the period that holds minute T - 1, counted from `begin` on, one period after the other, in either direction."""
    if unit in "mh":
        length, first = count * {"m": 1, "h": 60}[unit], boundary(begin, zone)
        return max(m for m in range(at - length, at) if (m - first) % length == 0)
    soon = shown(at, zone) + timedelta(days=2)
    near = [wall for wall in _walls(count, unit, begin) if wall <= soon][-4:]
    return max(m for m in (boundary(w, zone) for w in near) if m < at)


@cache
def _walls(count: int, unit: str, begin: datetime) -> list[datetime]:
    """Twenty years of boundaries to either side, as clocks show them."""
    if unit in "dw":
        step = timedelta(days=count * {"d": 1, "w": 7}[unit])
        return [begin + n * step for n in range(-(timedelta(days=7300) // step), timedelta(days=7300) // step)]
    months = count * {"M": 1, "Q": 3, "Y": 12}[unit]
    found = []
    for n in range(-(240 // months), 240 // months):
        year, month = divmod(begin.year * 12 + begin.month - 1 + n * months, 12)
        day = min(begin.day, monthrange(year, month + 1)[1])
        found.append(begin.replace(year=year, month=month + 1, day=day))
    return found
