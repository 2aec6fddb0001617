"""From history rows to what a chart draws: curves, stretches, the one-line takeaway and the table that says the same."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from app import charts
from app.charts import Stretch
from app.history import RECENT
from app.web import methods, numbers, spans
from slo.judge.windows import NOTHING, Counts
from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from markupsafe import Markup

    from app.charts import Kind
    from app.ports import BreachRow
    from slo.judge.verdict import Verdict
    from slo.units import Minute

    Rows = Sequence[tuple[Minute, Counts]]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Sums of `length` minutes from `start`."""

    start: Minute
    length: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its takeaway and the same content as a table; without `svgs` the takeaway says why there is none."""

    takeaway: str
    svgs: tuple[Markup, ...] = ()
    heads: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def buckets(hourly: Rows, recent: Rows, at: Minute, start: Minute) -> list[Bucket]:
    """Hours, and from the first whole hour of the last six on minutes, ascending, none before the window's start."""
    border = max(start, -(-(at - RECENT) // 60) * 60)
    hours = [Bucket(m, 60, c) for m, c in hourly if start < m + 60 <= border]
    return [*hours, *(Bucket(m, 1, c) for m, c in recent if border <= m < at)]


def budget_curve(verdict: Verdict, parts: Sequence[Bucket]) -> list[tuple[Minute, Fraction]]:
    """Budget left over time, from 1 at the window's start to exactly the verdict's `remaining` at its end.

    left(t) = remaining + bad after t / allowance: summed from the end, because the first hour may lie only
    partly inside the window. Empty where the budget is unknown.
    """
    allowance = verdict.allowance
    if verdict.remaining is None or not allowance:
        return []
    start, after = verdict.begin, 0
    curve = [(verdict.at, verdict.remaining)]
    for part in reversed(parts):
        after += part.counts.bad
        if part.start > start:
            curve.append((part.start, min(Fraction(1), verdict.remaining + after / allowance)))
    return [(start, Fraction(1)), *reversed(curve)]


def burn_down(verdict: Verdict, parts: Sequence[Bucket], breaches: Sequence[BreachRow]) -> Figure:
    curve = budget_curve(verdict, parts)
    if not curve:
        return Figure(f"No budget to draw: no events were measured in {spans.name(verdict)}.")
    groups = _grouped(parts, max(60, verdict.objective.window // 30))
    text = f"{_standing(verdict)} {_dearest(verdict, groups)}"
    bands = [(r.breach.fired_at, r.breach.resolved_at or verdict.at) for r in breaches]
    svgs = tuple(charts.burn_down(curve, bands, size, text) for size in (charts.WIDE, charts.NARROW))
    table = tuple(
        (f"{from_minute(g.start):%Y-%m-%d %H:%M}Z", *_counted(verdict, g.counts), _spent(verdict, g)) for g in reversed(groups)
    )
    return Figure(text, svgs, ("from", "total", "bad", "budget spent"), table)


def _counted(verdict: Verdict, counts: Counts) -> tuple[str, str]:
    objective = verdict.objective
    return methods.count(objective, counts.total), methods.count(objective, counts.bad)


def _standing(verdict: Verdict) -> str:
    window = spans.name(verdict)
    if verdict.remaining is not None and verdict.remaining < 0:
        return f"{numbers.spent(1 - verdict.remaining)} of the {window} budget was spent."
    return f"{numbers.budget(verdict.remaining)} of the {window} budget is left."


def _grouped(parts: Sequence[Bucket], length: int) -> list[Bucket]:
    """Sums per stretch of `length` minutes, aligned to it."""
    sums: dict[Minute, Counts] = {}
    for part in parts:
        start = part.start // length * length
        sums[start] = _added((sums.get(start, NOTHING), part.counts))
    return [Bucket(start, length, counts) for start, counts in sums.items()]


def _added(counts: Iterable[Counts]) -> Counts:
    every = tuple(counts)
    total, bad, measured = (sum(getattr(c, part) for c in every) for part in ("total", "bad", "measured"))
    return Counts(total, bad, measured)


def _spent(verdict: Verdict, group: Bucket) -> str:
    return numbers.spent(group.counts.bad / verdict.allowance)


def _dearest(verdict: Verdict, groups: Sequence[Bucket]) -> str:
    worst = max(groups, key=lambda g: g.counts.bad, default=None)
    if worst is None or worst.counts.bad == 0:
        return "Nothing of it was spent."
    when = from_minute(worst.start)
    if worst.length == 1440:
        return f"The dearest day, {when.day} {when:%b}, cost {_spent(verdict, worst)} of it."
    began = f"{when.day} {when:%b %H:%M}Z"
    return f"The dearest {numbers.window(worst.length)} began on {began} and cost {_spent(verdict, worst)} of it."


def indicator(verdict: Verdict, minutely: Rows) -> Figure:
    """The SLI over the last six hours, minute by minute, or slice by slice where slices are judged."""
    start, objective = verdict.at - RECENT, verdict.objective
    counts = {m: c for m, c in minutely if start <= m < verdict.at and c.measured}
    if not counts:
        return Figure("Nothing was measured in the last 6 h.")
    width, reached = objective.budgeting.slice_window, objective.budgeting.slice_target or objective.target
    minutes = _in_slices(counts, start, verdict.at, width)
    text = _minutes_in_words(reached, width, start, minutes)
    pieces = stretches(start, minutes, Fraction(reached))
    svgs = tuple(charts.indicator(pieces, float(reached), size, text) for size in (charts.WIDE, charts.NARROW))
    measured = [counts.get(m) for m in range(start, verdict.at)]
    table = tuple(_ten_minutes(reached, start + n, measured[n : n + 10]) for n in range(RECENT - 10, -1, -10))
    return Figure(text, svgs, ("from", "SLI", "good", "total", "measured"), table)


def _in_slices(counts: Mapping[Minute, Counts], start: Minute, end: Minute, width: int) -> list[Counts | None]:
    """Each minute with the sums of the slice that holds it; None where no minute of it was measured."""
    if width == 1:
        return [counts.get(m) for m in range(start, end)]
    sums: dict[int, list[Counts]] = {}
    for minute, one in counts.items():
        sums.setdefault(minute // width, []).append(one)
    whole = {number: _added(held) for number, held in sums.items()}
    return [whole.get(m // width) for m in range(start, end)]


def kind_of(counts: Counts | None, target: Fraction) -> Kind:
    """For the colour only; what counts for the budget is decided on sums."""
    if counts is None:
        return "missing"
    if counts.total == 0:
        return "idle"
    return "good" if counts.good >= target * counts.total else "bad"


def stretches(start: Minute, minutes: Sequence[Counts | None], target: Fraction) -> list[Stretch]:
    """Consecutive minutes of the same kind joined."""
    found: list[Stretch] = []
    for minute, counts in enumerate(minutes, start):
        kind = kind_of(counts, target)
        value = () if counts is None or counts.total == 0 else (counts.good / counts.total,)
        if found and found[-1].kind == kind:
            found[-1] = Stretch(kind, found[-1].start, minute + 1, (*found[-1].values, *value))
        else:
            found.append(Stretch(kind, minute, minute + 1, value))
    return found


def _minutes_in_words(reached: Decimal, width: int, start: Minute, minutes: Sequence[Counts | None]) -> str:
    """Of wide slices each is told once, by its first minute here."""
    firsts = [n for n in range(len(minutes)) if n == 0 or (start + n) % width == 0]
    kinds = {n: kind_of(minutes[n], Fraction(reached)) for n in firsts}
    bad = [(Fraction(c.good, c.total), n) for n in firsts if kinds[n] == "bad" and (c := minutes[n]) is not None]
    things = "minutes" if width == 1 else f"slices of {numbers.window(width)}"
    found = list(kinds.values())
    text = (
        f"{len(bad)} of the {len(found) - found.count('missing')} {things} measured in the last 6 h were below "
        f"{numbers.share(reached)}"
    )
    if bad:
        lowest, where = min(bad)
        text += f", the lowest {numbers.sli(lowest, reached)} at {from_minute(start + where):%H:%M}Z"
    rest = [f"{found.count(k)} {k}" for k in ("idle", "missing") if k in found]
    return f"{text}; {', '.join(rest)}." if rest else f"{text}."


def _ten_minutes(reached: Decimal, start: Minute, minutes: Sequence[Counts | None]) -> tuple[str, ...]:
    sums = _added(counts for counts in minutes if counts is not None)
    share = Fraction(sums.good, sums.total) if sums.total else None
    return (
        f"{from_minute(start):%H:%M}Z",
        numbers.sli(share, reached) if sums.measured else "missing",
        f"{sums.good:,}",
        f"{sums.total:,}",
        f"{sums.measured} of {len(minutes)} min",
    )
