"""What a report shows of recovery beside the verdicts: the readings behind them, interruptions, drills and breaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from slo.judge.exposure_hours import exposure_hours, places
from slo.judge.recovery_document import phases
from slo.judge.recovery_part import PERIOD_DAYS
from slo.judge.recovery_point import exposures
from slo.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Store
    from slo.estate.spec import Estate
    from slo.judge.drill import Drill
    from slo.judge.exposure_hours import ExposureHour
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_point import ReadingHour
    from slo.units import Minute

PAGE = 500


@dataclass(frozen=True, slots=True)
class Recovered:
    """`hours` of the 30 days before the end, `drills` and `breaches` that were going on in the period, as then known.

    `fired` is when breaches of objectives were told, by component, in epoch seconds.
    """

    hours: tuple[ReadingHour, ...] = ()
    drills: tuple[Drill, ...] = ()
    breaches: tuple[RecoveryBreach, ...] = ()
    fired: Mapping[str, tuple[int, ...]] | None = None


def gather(store: Store, estate: Estate, start: Minute, upto: Minute, cut_off: Minute) -> Recovered:
    """Whatever became known of them after the cut-off is left to the next revision."""
    return Recovered(
        tuple(h for h in store.recovery_hours(upto - PERIOD_DAYS * 1440) if h.hour < upto * 60),
        tuple(_known_drill(d, upto * 60) for d in _drills(store) if _touches(d.started_at, d.finished_at, start, upto)),
        tuple(_known_breach(b, cut_off * 60) for b in _breaches(store) if _touches(b.opened_at, b.resolved_at, start, upto)),
        fired(store, estate, upto),
    )


def fired(store: Store, estate: Estate, upto: Minute) -> dict[str, tuple[int, ...]]:
    owner = {o.id: o.component for o in estate.objectives}
    found: dict[str, list[int]] = {}
    for row in store.breaches_between(upto - PERIOD_DAYS * 1440, upto):
        at = row.breach.notified_at
        if row.breach.objective in owner and at is not None and at <= upto:
            found.setdefault(owner[row.breach.objective], []).append(at * 60)
    return {name: tuple(sorted(moments)) for name, moments in found.items()}


def _drills(store: Store) -> list[Drill]:
    """Ascending by begin and id."""
    found: list[Drill] = []
    while page := store.drills(limit=PAGE, before=found[-1].id if found else None):
        found += page
    return sorted(found, key=lambda d: (d.started_at, d.id))


def _breaches(store: Store) -> list[RecoveryBreach]:
    found: list[RecoveryBreach] = []
    while page := store.recovery_breaches(limit=PAGE, before=found[-1].id if found else None):
        found += page
    return sorted(found, key=lambda b: (b.opened_at, b.id))


def _touches(begin: int, end: int | None, start: Minute, upto: Minute) -> bool:
    return begin < upto * 60 and (end is None or end >= start * 60)


def _known_drill(drill: Drill, at: int) -> Drill:
    """One that ended later was still running."""
    if drill.finished_at is None or drill.finished_at <= at:
        return drill
    return replace(drill, finished_at=None, outcome=None, lost_seconds=None, artefact=None)


def _known_breach(breach: RecoveryBreach, at: int) -> RecoveryBreach:
    told, ended = (None if t is not None and t > at else t for t in (breach.notified_at, breach.resolved_at))
    return replace(breach, notified_at=told, resolved_at=ended)


def section(
    estate: Estate, verdicts: Sequence[RecoveryVerdict], found: Recovered, start: Minute, upto: Minute
) -> dict[str, Any]:
    """All that the verdicts can be made of again; `start` and `upto` are those of the week."""
    return {
        "exposure": [_exposure(estate, v, found, start, upto) for v in verdicts if v.mechanism is not None],
        "interruptions": [row for v in verdicts for row in _interruptions(estate, v, found, start)],
        "drills": [_drill(d) for d in found.drills],
        "breaches": [_breach(b) for b in found.breaches],
    }


def id_of(verdict: RecoveryVerdict) -> str:
    return verdict.component if verdict.scenario is None else f"{verdict.component}/{verdict.scenario}"


def _exposure(estate: Estate, verdict: RecoveryVerdict, found: Recovered, start: Minute, upto: Minute) -> dict[str, Any]:
    """`spread`: [exposure in whole minutes, rounded up; readings] of 30 days, from which the share within any RPO follows."""
    known = places(verdict, estate.component(verdict.component))
    hours = [h for h in found.hours if h.component in known and h.mechanism == verdict.mechanism]
    summed = exposures(hours)
    week = [h for h in exposure_hours(verdict, hours, PERIOD_DAYS) if start * 60 <= h.start < upto * 60]
    return {
        "id": id_of(verdict),
        "mechanism": verdict.mechanism,
        "sources": sorted({h.last.source for h in hours}),
        "notes": sorted({h.last.note for h in hours if h.last.note}),
        "readings": summed.readings,
        "unknown": sum(h.unknown for h in hours),
        "worst_seconds": summed.worst,
        "spread": [[minutes, count] for minutes, count in sorted(summed.spread.items())],
        "hours": [_hour(h) for h in week if h.known or h.unknown],
    }


def _hour(hour: ExposureHour) -> dict[str, Any]:
    return {
        "hour": format_seconds(hour.start),
        "least_seconds": hour.least,
        "worst_seconds": hour.worst,
        "readings": hour.known,
        "unknown": hour.unknown,
    }


def _interruptions(estate: Estate, verdict: RecoveryVerdict, found: Recovered, start: Minute) -> list[dict[str, Any]]:
    users = [c.name for c in estate.components if verdict.component in (c.name, *c.depends_on)]
    told = [at for name in users for at in (found.fired or {}).get(name, ())]
    return [
        {
            "id": id_of(verdict),
            "start": format_seconds(group.start),
            "end": None if group.end is None else format_seconds(group.end),
            "seconds": group.seconds,
            "kinds": sorted(group.kinds),
            **phases(group.phases(told)),
            "lost_seconds": group.lost,
            "in_week": group.end is None or group.end >= start * 60,
            "sources": sorted({e.source for e in group.events}),
        }
        for group in verdict.interruptions
    ]


def _drill(drill: Drill) -> dict[str, Any]:
    end = drill.finished_at
    return {
        "id": drill.id,
        "component": drill.component,
        "scenario": drill.scenario,
        "started_at": format_seconds(drill.started_at),
        "finished_at": None if end is None else format_seconds(end),
        "seconds": None if end is None else end - drill.started_at,
        "outcome": drill.outcome,
        "lost_seconds": drill.lost_seconds,
        "actor": drill.actor,
        "participants": list(drill.participants),
        "artefact_sha256": drill.artefact,
        "note": drill.note,
    }


def _breach(breach: RecoveryBreach) -> dict[str, Any]:
    return {
        "id": breach.id,
        "component": breach.component,
        "scenario": breach.scenario,
        "kind": breach.kind,
        "severity": breach.severity,
        "opened_at": format_seconds(breach.opened_at),
        "notified_at": None if breach.notified_at is None else format_seconds(breach.notified_at),
        "resolved_at": None if breach.resolved_at is None else format_seconds(breach.resolved_at),
        "detail": breach.detail,
    }
