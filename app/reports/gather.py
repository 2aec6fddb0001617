"""Everything a report is made of, read from the store: no clock, no network, nothing that differs on another machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.desired import Wanted, wanted_alarms
from app.drill_history import drill_events
from app.reports import recovered
from app.reports.counting import counting
from app.reports.stored import ShardHistory, places
from slo.errors import ProvisionError, ReportError
from slo.judge import compliance, recovery
from slo.judge.period import start as window_start
from slo.judge.period import window_of
from slo.judge.recovery_part import PROOF_DAYS, unseen_then
from slo.judge.windows import NOTHING
from slo.units import format_minute, from_minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports import BreachRow, Delivery, Shard, Store
    from app.reports.recovered import Recovered
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate, Objective
    from slo.judge.compliance import Interval, Outcome, Period
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.windows import Counts
    from slo.units import Minute

CUT_OFF = 360
"""Minutes after the period's end at which what came late still belongs to this revision."""


@dataclass(frozen=True, slots=True)
class Line:
    """One objective. `hours` are the judged hours of the period, and `around` what was going on in each of them;

    `source` is None where no slice was ever stored.
    """

    outcome: Outcome
    corrected: Outcome | None
    hours: tuple[Counts, ...]
    around: tuple[Counts, ...]
    missing: tuple[Interval, ...]
    source: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A breach as it stood at the cut-off, with its messages."""

    row: BreachRow
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Inputs:
    """`upto` is where what is judged ends: at the period's end, or before it in a partial report.

    `sources` are the cut-offs and `versions` the data versions of the shards, by name.
    """

    estate: Estate
    catalog: Catalog
    period: Period
    upto: Minute
    cut_off: Minute
    partial: bool
    sources: Mapping[str, Minute]
    versions: Mapping[str, int]
    lines: tuple[Line, ...]
    breaches: tuple[Told, ...]
    recovery: tuple[RecoveryVerdict, ...]
    recovered: Recovered
    wanted: Wanted


def watermark(store: Store, estate: Estate) -> Minute | None:
    """Every source that measures this estate is judged up to here; None before the first one is."""
    known = places(store.shards())
    return min((tick for o in estate.objectives if (tick := _tick(known, o)) is not None), default=None)


def _tick(known: Mapping[str, tuple[Shard, int]], objective: Objective) -> Minute | None:
    return known[objective.indicator_id][0].tick if objective.indicator_id in known else None


def gather(store: Store, estate: Estate, catalog: Catalog, period: Period, *, partial: bool = False) -> Inputs:
    """ReportError when nothing of the period is judged, or not all of it and `partial` is not asked for."""
    known = places(store.shards())
    used = {known[o.indicator_id][0].name: known[o.indicator_id][0] for o in estate.objectives if o.indicator_id in known}
    ticks = {name: shard.tick for name, shard in sorted(used.items()) if shard.tick is not None}
    upto = min(period.end, max(ticks.values(), default=period.start))
    short = _unfinished(period, ticks)
    if upto <= period.start:
        raise ReportError(
            f"week {period.name}: nothing of it is judged in this database; choose a later week, or look at `sloop slices`"
        )
    if short and not partial:
        raise ReportError(
            f"week {period.name} is not over: {short}; run again after {format_minute(period.end)}, or add --partial"
        )
    cut_off = min(period.end + CUT_OFF, max(ticks.values())) if upto == period.end else upto
    held = recovered.gather(store, estate, period.start, upto, cut_off)
    return Inputs(
        estate,
        catalog,
        period,
        upto,
        cut_off,
        partial=bool(short),
        sources={name: min(tick, cut_off) for name, tick in ticks.items()},
        versions={name: shard.version for name, shard in sorted(used.items())},
        lines=_lines(store, estate, known, period, upto),
        breaches=_breaches(store, period.start, upto, cut_off),
        recovery=_recovery(store, estate, upto, held),
        recovered=held,
        wanted=_wanted(estate, catalog),
    )


def _unfinished(period: Period, ticks: Mapping[str, Minute]) -> str:
    behind = [f"{name} is judged up to {format_minute(tick)}" for name, tick in ticks.items() if tick < period.end]
    return "; ".join(behind)


def _lines(
    store: Store, estate: Estate, known: Mapping[str, tuple[Shard, int]], period: Period, upto: Minute
) -> tuple[Line, ...]:
    begins = (window_start(window_of(o), upto) for o in estate.objectives)
    start = min((period.start, *begins))
    opened: dict[str, ShardHistory] = {}
    found = []
    for objective in estate.objectives:
        if objective.indicator_id not in known:
            found.append(_unmeasured(objective, period.start, upto))
            continue
        shard, slot = known[objective.indicator_id]
        if shard.name not in opened:
            opened[shard.name] = ShardHistory(store, shard, start, upto)
        found.append(_line(estate, objective, opened[shard.name], slot, period.start, upto))
    return tuple(found)


def _line(estate: Estate, objective: Objective, history: ShardHistory, slot: int, start: Minute, upto: Minute) -> Line:
    begin = window_start(window_of(objective), upto)
    first = min(start, begin)
    counted = counting(objective, history, slot, first, upto)
    excluded = [(e.start, e.end) for e in estate.exclusions_of(objective, "budget") if e.start < upto and e.end > first]
    corrected = None
    if excluded:
        ours, whole = (counted.counts(low, upto, excluded) for low in (start, begin))
        corrected = compliance.judge(objective, ours, upto - start, whole, upto)
    return Line(
        compliance.judge(objective, counted.counts(start, upto), upto - start, counted.counts(begin, upto), upto),
        corrected,
        counted.hourly(start, upto),
        counted.around(start, upto),
        history.missing(slot, start, upto),
        history.shard.name,
    )


def _unmeasured(objective: Objective, start: Minute, upto: Minute) -> Line:
    hours = tuple(NOTHING for _ in range(start, upto, 60))
    outcome = compliance.judge(objective, NOTHING, upto - start, NOTHING, upto)
    return Line(outcome, None, hours, hours, ((start, upto),), None)


def _breaches(store: Store, start: Minute, upto: Minute, cut_off: Minute) -> tuple[Told, ...]:
    """What became known after the cut-off is left to the next revision, or an old week would never come to rest."""
    found = []
    for row in store.breaches_between(start, upto):
        breach = row.breach
        known = replace(
            row,
            breach=replace(
                breach,
                notified_at=_until(breach.notified_at, cut_off),
                resolved_at=_until(breach.resolved_at, cut_off),
            ),
        )
        sent = tuple(d for d in store.deliveries(row.id) if d.created_at <= from_minute(cut_off))
        found.append(Told(known, sent))
    return tuple(found)


def _until(minute: Minute | None, cut_off: Minute) -> Minute | None:
    return minute if minute is not None and minute <= cut_off else None


def _wanted(estate: Estate, catalog: Catalog) -> Wanted:
    """An estate that cannot be provisioned has a report all the same; it says why there are no alarms."""
    try:
        return wanted_alarms(estate, catalog)
    except ProvisionError as error:
        return Wanted((), (), tuple((component.name, str(error)) for component in estate.components))


def _recovery(store: Store, estate: Estate, upto: Minute, held: Recovered) -> tuple[RecoveryVerdict, ...]:
    """As it would have been judged at the end: readings and events after it are not looked at."""
    events = [
        e if e.end is None or e.end <= upto * 60 else replace(e, end=None)
        for e in (*store.recovery_events(upto - PROOF_DAYS * 1440), *drill_events(store, upto * 60))
        if e.start <= upto * 60
    ]
    return recovery.judge_estate(estate, held.hours, events, unseen_then(held.hours), upto * 60, held.fired or {})
