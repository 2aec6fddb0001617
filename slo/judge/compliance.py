"""The numbers of a reporting period, exact: what was promised, what was measured, and what nobody can vouch for.

The promise is the objective over its own window as it stands at the period's end; the period's own sums say what this
week did to it. Slices prove nothing about the minutes that have none: what looks met is not evidenced below 99 % coverage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Literal

import numpy as np

from slo.judge.burn import budget_of, burn, reaches
from slo.judge.period import start, window_of
from slo.judge.verdict import Reason
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.estate.spec import Objective
    from slo.judge.series import Bools
    from slo.judge.windows import Counts
    from slo.units import Minute

WEEK = 7 * 1440
LEAST_COVERAGE = Fraction(99, 100)
Standing = Literal["met", "missed", "not_evidenced"]
Hour = Literal["good", "within", "over", "idle", "partly", "missing"]
Interval = tuple["Minute", "Minute"]
_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """Minutes start <= m < end, named like `2026-W46`."""

    name: str
    start: Minute
    end: Minute


def week(text: str) -> Period:
    """An ISO week, Monday 00:00Z to Monday 00:00Z. ValueError with the accepted form otherwise."""
    match = _WEEK.fullmatch(text)
    try:
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else None
        begin = None if monday is None else to_minute(datetime(monday.year, monday.month, monday.day, tzinfo=UTC))
    except ValueError:
        begin = None
    if begin is None:
        raise ValueError(f"{text!r} is not an ISO week; write a year and a week like 2026-W46")
    return Period(text, begin, begin + WEEK)


def week_before(at: datetime) -> Period:
    """The last week that is over at this moment (aware)."""
    # 1970-01-01 was a Thursday: the first Monday is day 4.
    monday = (to_minute(at) // 1440 - 4) // 7 * 7 + 4
    year, number, _ = datetime.fromtimestamp((monday - 7) * 86400, UTC).isocalendar()
    return week(f"{year:04}-W{number:02}")


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over `minutes` minutes of one objective, and the share of the budget of those sums that the bad ones used."""

    counts: Counts
    minutes: int
    used: Fraction | None

    @classmethod
    def of(cls, objective: Objective, counts: Counts, minutes: int) -> Tally:
        # used = bad / ((1 - target) x total), which is the burn rate over these minutes
        return cls(counts, minutes, burn(objective, counts))

    @property
    def sli(self) -> Fraction | None:
        """None when there were no events: 0 / 0 is unknown."""
        return Fraction(self.counts.good, self.counts.total) if self.counts.total else None

    @property
    def coverage(self) -> Fraction:
        return Fraction(self.counts.measured, self.minutes)

    @property
    def missing(self) -> int:
        return self.minutes - self.counts.measured

    @property
    def standing(self) -> Standing:
        """`missed` however little was measured; `met` only where nothing keeps the numbers from being evidence."""
        if self.used is not None and self.used > 1:
            return "missed"
        return "not_evidenced" if self.reasons else "met"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What keeps the numbers from being evidence."""
        if self.counts.measured == 0:
            return (Reason("not_measured", "nothing was measured"),)
        found = []
        if self.coverage < LEAST_COVERAGE:
            short = f"{self.missing} of {self.minutes} minutes were not measured: less than 99 % coverage"
            found.append(Reason("low_coverage", short))
        if self.used is None:
            found.append(Reason("idle", "measured, but there were no events: the ratio is unknown"))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One objective in one period: `week` the period's own sums, `window` the objective's window at its end."""

    objective: Objective
    week: Tally
    window: Tally


def judge(objective: Objective, week: Counts, minutes: int, window: Counts, at: Minute) -> Outcome:
    """`minutes` is the length of the judged part of the period, `at` where that and the window end."""
    elapsed = at - start(window_of(objective), at)
    return Outcome(objective, Tally.of(objective, week, minutes), Tally.of(objective, window, elapsed))


def hour(objective: Objective, counts: Counts, minutes: int) -> Hour:
    """The most telling word for an hour: `over` when bad events use up the budget of its own events, `within` if not."""
    if counts.measured == 0 and not counts.bad:
        return "missing"
    if counts.bad:
        return "over" if reaches(counts.bad, counts.total, budget_of(objective)) else "within"
    if counts.measured < minutes:
        return "partly"
    return "good" if counts.total else "idle"


def missing_intervals(measured: Bools, first: Minute) -> tuple[Interval, ...]:
    """The stretches of minutes that are False; `measured[n]` is minute first + n."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], measured, [True])).astype(np.int8)))
    return tuple((first + int(a), first + int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def union(intervals: Iterable[Interval], first: Minute, end: Minute) -> tuple[Interval, ...]:
    """Cut to first..end, ascending, what overlaps or touches as one."""
    merged: list[Interval] = []
    for low, high in sorted((max(a, first), min(b, end)) for a, b in intervals):
        if low >= high:
            continue
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def decimal_text(value: Fraction, places: int, *, percent: bool = False) -> str:
    """Rounded half to even, once, from the exact value; what is below 1 is never shown as 1.

    `percent` shows the same digits two places further left: 0.99950 and 99.950.
    """
    scaled = round(value * 10**places)
    if value < 1 and scaled == 10**places:
        scaled = floor(value * 10**places)
    shown = places - 2 if percent else places
    whole, rest = divmod(abs(scaled), 10**shown)
    return f"{'-' if scaled < 0 else ''}{whole}.{rest:0{shown}}"
