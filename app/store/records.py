"""`app.records.Records` on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from alerts.events import Event
from alerts.recovery_breach import RecoveryBreach
from app.records import Entry
from app.store import outbox, schema
from app.store.engine import reading, writing
from app.store.upsert import Upsert
from slo.judge.drill import Drill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Column, Row, Select, Table
    from sqlalchemy.engine import Engine

    from alerts.envelope import Message

_event, _journal, _drill = schema.event.c, schema.journal.c, schema.drill.c
_trouble, _spending = schema.recovery_breach.c, schema.spending.c
_PUT_DRILL, _PUT_TROUBLE = Upsert(schema.drill), Upsert(schema.recovery_breach)
_NEW_EVENT = {
    name: dialect.insert(schema.event).on_conflict_do_nothing(index_elements=["id"]).returning(_event.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


def _add(dialect: Any) -> Any:
    insert = dialect.insert(schema.spending)
    more = {"amount": _spending.amount + insert.excluded.amount}
    return insert.on_conflict_do_update(index_elements=[_spending.name, _spending.day], set_=more).returning(_spending.amount)


_SPEND = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}


class SqlRecords:
    """What `app.store.sql.SqlStore` keeps beside minutes and breaches."""

    _engine: Engine

    def keep_events(self, events: Sequence[Event]) -> list[Event]:
        with writing(self._engine) as connection:
            insert = _NEW_EVENT[connection.dialect.name]
            return [event for event in events if connection.execute(insert, [_event_values(event)]).first() is not None]

    def events(
        self, *, limit: int, before: str | None = None, component: str | None = None, kind: str | None = None
    ) -> list[Event]:
        query = _page(schema.event, _event.at, limit, before)
        if component is not None:
            query = query.where(_event.component == component)
        if kind is not None:
            query = query.where(_event.kind == kind)
        with reading(self._engine) as connection:
            return [_to_event(row) for row in connection.execute(query)]

    def events_between(self, start: int, end: int) -> list[Event]:
        query = select(schema.event).where(_event.at >= start, _event.at < end).order_by(_event.at, _event.id)
        with reading(self._engine) as connection:
            return [_to_event(row) for row in connection.execute(query)]

    def note(self, entry: Entry) -> None:
        with writing(self._engine) as connection:
            connection.execute(schema.journal.insert(), _entry_values(entry))

    def journal(self, *, limit: int, before: int | None = None) -> list[tuple[int, Entry]]:
        query = select(schema.journal).order_by(_journal.id.desc()).limit(limit)
        query = query if before is None else query.where(_journal.id < before)
        with reading(self._engine) as connection:
            return [
                (row.id, Entry(row.at, row.actor, row.action, row.subject, row.outcome, row.document))
                for row in connection.execute(query)
            ]

    def put_drill(self, drill: Drill) -> None:
        with writing(self._engine) as connection:
            _PUT_DRILL.execute(connection, [_drill_values(drill)])

    def commit_drill(self, drill: Drill, event: Event, entry: Entry) -> bool:
        with writing(self._engine) as connection:
            # Who is second waits here until the first one has committed.
            if connection.execute(_NEW_EVENT[connection.dialect.name], [_event_values(event)]).first() is None:
                return False
            _PUT_DRILL.execute(connection, [_drill_values(drill)])
            connection.execute(schema.journal.insert(), _entry_values(entry))
            return True

    def drill(self, drill_id: str) -> Drill | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(schema.drill).where(_drill.id == drill_id)).one_or_none()
            return None if row is None else _to_drill(row)

    def drills(
        self, *, limit: int, before: str | None = None, component: str | None = None, scenario: str | None = None
    ) -> list[Drill]:
        query = _page(schema.drill, _drill.started_at, limit, before)
        query = query if component is None else query.where(_drill.component == component)
        query = query if scenario is None else query.where(_drill.scenario == scenario)
        with reading(self._engine) as connection:
            return [_to_drill(row) for row in connection.execute(query)]

    def commit_recovery(self, breaches: Sequence[RecoveryBreach], messages: Sequence[Message], now: datetime) -> None:
        with writing(self._engine) as connection:
            _PUT_TROUBLE.execute(connection, [_trouble_values(breach) for breach in breaches])
            outbox.add(connection, messages, now)

    def open_recovery_breaches(self) -> list[RecoveryBreach]:
        query = select(schema.recovery_breach).where(_trouble.resolved_at.is_(None))
        with reading(self._engine) as connection:
            return [_to_trouble(row) for row in connection.execute(query.order_by(_trouble.opened_at.desc(), _trouble.id))]

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(schema.recovery_breach).where(_trouble.id == breach_id)).one_or_none()
            return None if row is None else _to_trouble(row)

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> list[RecoveryBreach]:
        with reading(self._engine) as connection:
            rows = connection.execute(_page(schema.recovery_breach, _trouble.opened_at, limit, before))
            return [_to_trouble(row) for row in rows]

    def spend(self, name: str, day: int, amount: int) -> int:
        with writing(self._engine) as connection:
            row = {"name": name, "day": day, "amount": amount}
            return int(connection.execute(_SPEND[connection.dialect.name], row).scalar_one())

    def spent(self, name: str, day: int) -> int:
        query = select(_spending.amount).where(_spending.name == name, _spending.day == day)
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0


def _page(table: Table, moment: Column[int], limit: int, before: str | None) -> Select[Any]:
    """Newest first, of one moment by id; nothing when `before` is no id."""
    query = select(table).order_by(moment.desc(), table.c.id).limit(limit)
    if before is None:
        return query
    last = select(moment).where(table.c.id == before).scalar_subquery()
    return query.where(or_(moment < last, and_(moment == last, table.c.id > before)))


def _event_values(event: Event) -> dict[str, Any]:
    names = ("id", "source", "kind", "at", "received_at", "title", "component")
    return {name: getattr(event, name) for name in names} | {"document": dict(event.document)}


def _to_event(row: Row[Any]) -> Event:
    return Event(row.id, row.source, row.kind, row.at, row.received_at, row.title, row.component, row.document)


def _entry_values(entry: Entry) -> dict[str, Any]:
    names = ("at", "actor", "action", "subject", "outcome")
    return {name: getattr(entry, name) for name in names} | {"document": dict(entry.document)}


def _drill_values(drill: Drill) -> dict[str, Any]:
    names = [column.name for column in schema.drill.columns]
    return {name: getattr(drill, name) for name in names} | {"participants": list(drill.participants)}


def _to_drill(row: Row[Any]) -> Drill:
    return Drill(**{**row._mapping, "participants": tuple(row.participants)})  # noqa: SLF001  # its public name, says SQLAlchemy


def _trouble_values(breach: RecoveryBreach) -> dict[str, Any]:
    return {column.name: getattr(breach, column.name) for column in schema.recovery_breach.columns}


def _to_trouble(row: Row[Any]) -> RecoveryBreach:
    return RecoveryBreach(
        row.component, row.scenario, row.kind, row.severity, row.opened_at, row.detail, row.notified_at, row.resolved_at
    )
