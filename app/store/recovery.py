"""Recovery as rows: what was read, summed up by the hour, and what interrupted a component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store import schema
from app.store.upsert import Upsert
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Reading, ReadingHour, Unknown, added, hour_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.engine import Connection

    from slo.units import Minute

_hour = schema.recovery_hour.c
_event = schema.recovery_event.c
_PUT_HOUR = Upsert(schema.recovery_hour)


def _put_event(dialect: Any) -> Any:
    """A poll that sees only the start again must not forget an end that is known."""
    insert = dialect.insert(schema.recovery_event)
    new = insert.excluded
    kept = {"ended_at": func.coalesce(new.ended_at, _event.ended_at), "source": new.source, "scenario": new.scenario}
    return insert.on_conflict_do_update(index_elements=list(schema.recovery_event.primary_key.columns), set_=kept)


_PUT_EVENT = {"sqlite": _put_event(sqlite), "postgresql": _put_event(postgresql)}


def put_readings(connection: Connection, readings: Sequence[Reading]) -> None:
    if not readings:
        return
    hours = {hour.key: hour for hour in _read(connection, or_(*{_same_hour(r) for r in readings}), lock=True)}
    for reading in sorted(readings, key=lambda r: r.at):
        key = (reading.component, reading.mechanism, hour_of(reading.at))
        hours[key] = added(hours.get(key), reading)
    _PUT_HOUR.execute(connection, [_values(hour) for hour in hours.values()])


def put_events(connection: Connection, events: Iterable[RecoveryEvent]) -> None:
    rows = [
        {
            "component": event.component,
            "kind": event.kind,
            "started_at": event.start,
            "ended_at": event.end,
            "source": event.source,
            "scenario": event.scenario,
        }
        for event in events
    ]
    if rows:
        connection.execute(_PUT_EVENT[connection.dialect.name], rows)


def prune(connection: Connection, before: Minute) -> None:
    connection.execute(delete(schema.recovery_hour).where(_hour.hour < before))
    connection.execute(delete(schema.recovery_event).where(_event.ended_at < before * 60))


def hours_since(connection: Connection, start: Minute, components: Collection[str] | None = None) -> list[ReadingHour]:
    since = _hour.hour >= start
    return _read(connection, since if components is None else and_(since, _hour.component.in_(sorted(components))))


def events_since(connection: Connection, start: Minute) -> list[RecoveryEvent]:
    query = select(schema.recovery_event).where(or_(_event.ended_at.is_(None), _event.ended_at >= start * 60))
    rows = connection.execute(query.order_by(_event.started_at, _event.component, _event.kind))
    return [RecoveryEvent(r.component, r.kind, r.started_at, r.ended_at, r.source, r.scenario) for r in rows]


def _same_hour(reading: Reading) -> ColumnElement[bool]:
    hour = hour_of(reading.at) // 60
    return and_(_hour.component == reading.component, _hour.mechanism == reading.mechanism, _hour.hour == hour)


def _read(connection: Connection, wanted: ColumnElement[bool], *, lock: bool = False) -> list[ReadingHour]:
    query = select(schema.recovery_hour).where(wanted).order_by(_hour.component, _hour.mechanism, _hour.hour)
    return [_as_hour(row) for row in connection.execute(query.with_for_update() if lock else query)]


def _values(hour: ReadingHour) -> dict[str, Any]:
    newest = hour.last.newest
    unknown = newest if isinstance(newest, Unknown) else None
    return {
        "component": hour.component,
        "mechanism": hour.mechanism,
        "hour": hour.hour // 60,
        "read_at": hour.last.at,
        "newest": None if unknown else newest,
        "code": unknown and unknown.code,
        "text": unknown and unknown.text,
        "source": hour.last.source,
        "note": hour.last.note,
        "worst": hour.worst,
        "unknown": hour.unknown,
        "spread": {str(minutes): count for minutes, count in hour.spread.items()},
    }


def _as_hour(row: Row[Any]) -> ReadingHour:
    newest = Unknown(row.code, row.text) if row.newest is None else row.newest
    last = Reading(row.component, row.mechanism, row.read_at, newest, row.source, row.note)
    spread = {int(minutes): count for minutes, count in row.spread.items()}
    return ReadingHour(row.component, row.mechanism, row.hour * 60, last, row.worst, row.unknown, spread)
