"""The alarms of one component: what the catalogue declares and why, beside what lives in AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.naming import alarm_name
from app.alarm_inventory import STANDINGS
from app.web.alarms import BADGES, STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.alarm_inventory import AlarmLine
    from app.snapshot import Snapshot
    from app.web.badges import Badge
    from slo.catalog.signal import DefaultAlarm
    from slo.estate.spec import Component

ALARMS = ("alarm", "composite")
IN_ORDER = ("page", "ticket", "nobody")
_PART = "Rings only together with the others of its composite"


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """`standing` is None while nothing was compared with AWS, `why` what is the matter then; `state` None where nothing lives.

    `source` is that of the threshold.
    """

    name: str
    severity: str
    standing: Badge | None
    why: str
    state: Badge | None
    condition: str
    reason: str
    source: str


def alarm_rows(snapshot: Snapshot, component: Component, defaults: Sequence[DefaultAlarm]) -> tuple[AlarmRow, ...]:
    """Those that live or should, the most urgent first; before the first comparison those that the catalogue declares."""
    declared = {alarm_name(snapshot.estate.name, component.name, a.name): a for a in defaults}
    read = () if snapshot.alarms is None else snapshot.alarms.lines
    live = sorted((line for line in read if line.component == component.name and line.kind in ALARMS), key=_rank)
    known = {line.name for line in live}
    prefix = alarm_name(snapshot.estate.name, "")
    return (
        *(_live(line, declared.get(line.name), component, prefix) for line in live),
        *(_declared(a) for name, a in declared.items() if name not in known),
    )


def _rank(line: AlarmLine) -> tuple[int, int, str]:
    return STANDINGS.index(line.standing), IN_ORDER.index(line.severity or "nobody"), line.name


def _live(line: AlarmLine, declared: DefaultAlarm | None, component: Component, prefix: str) -> AlarmRow:
    name = line.name.removeprefix(prefix)
    burns = any(name.startswith(f"{o.id}/") for o in component.objectives)
    return AlarmRow(
        name=name if declared is None else declared.name,
        severity=line.severity or "nobody",
        standing=BADGES[line.standing],
        why="" if line.standing == "missing" else line.why,
        state=STATES.get(line.state),
        condition=condition(declared) if declared else "its objective burns too fast" if burns else "",
        reason=declared.reason if declared else _PART if burns and line.severity is None else "",
        source="" if declared is None else declared.source,
    )


def _declared(alarm: DefaultAlarm) -> AlarmRow:
    return AlarmRow(alarm.name, alarm.severity, None, "", None, condition(alarm), alarm.reason, alarm.source)


def condition(alarm: DefaultAlarm) -> str:
    """`CPUUtilization Average > 80 in 15 of 15 min`."""
    by_id = {i: f"{q.metric} {q.stat}" for i, q in alarm.queries.items()}
    watched = alarm.expression or next(iter(by_id.values()))
    where = f" where {', '.join(f'{i} = {text}' for i, text in by_id.items())}" if alarm.expression else ""
    minutes = alarm.period // 60
    unit = "min" if minutes == 1 else f"x {minutes} min"
    return f"{watched} {alarm.comparison} {alarm.threshold:f} in {alarm.datapoints} of {alarm.periods} {unit}{where}"
