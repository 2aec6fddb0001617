"""Breaches as rows: written as they are after each change, exact fractions as text."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from alerts.breach import Breach
from alerts.naming import breach_id
from app.ports import BreachRow
from app.store import schema
from app.store.upsert import Upsert
from slo.judge.burn import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row
    from sqlalchemy.engine import Connection

    from slo.units import Minute

_row = schema.breach.c
_PUT = Upsert(schema.breach)
_NEWEST_FIRST = select(schema.breach).order_by(_row.fired_at.desc(), _row.id)


def put(connection: Connection, breaches: Iterable[Breach]) -> None:
    _PUT.execute(connection, [_values(breach) for breach in breaches])


def still_open(connection: Connection) -> list[BreachRow]:
    rows = connection.execute(_NEWEST_FIRST.where(_row.resolved_at.is_(None)))
    return [_breach(row) for row in rows]


def page(connection: Connection, limit: int, before: str | None) -> list[BreachRow]:
    """Newest first, of one minute by id; nothing when `before` is not the id of a breach."""
    query = _NEWEST_FIRST.limit(limit)
    if before is not None:
        fired_at = select(_row.fired_at).where(_row.id == before).scalar_subquery()
        query = query.where(or_(_row.fired_at < fired_at, and_(_row.fired_at == fired_at, _row.id > before)))
    return [_breach(row) for row in connection.execute(query)]


def between(connection: Connection, start: Minute, end: Minute) -> list[BreachRow]:
    """Resolved at `start` is open no more in the minute that begins there."""
    open_then = or_(_row.resolved_at.is_(None), _row.resolved_at > start)
    query = select(schema.breach).where(_row.fired_at < end, open_then).order_by(_row.fired_at, _row.id)
    return [_breach(row) for row in connection.execute(query)]


def find(connection: Connection, breach_id: str) -> BreachRow | None:
    row = connection.execute(select(schema.breach).where(_row.id == breach_id)).one_or_none()
    return None if row is None else _breach(row)


def _values(breach: Breach) -> dict[str, Any]:
    return {
        "id": breach_id(breach),
        "objective": breach.objective,
        "severity": breach.severity,
        "long": breach.rule.long,
        "short": breach.rule.short,
        "factor": str(breach.rule.factor),
        "fired_at": breach.fired_at,
        "spent": str(breach.spent),
        "quiet": breach.quiet,
        "notified_at": breach.notified_at,
        "resolved_at": breach.resolved_at,
        "strict": breach.rule.strict,
        "hold": breach.rule.hold,
        "label": breach.rule.label,
        "min_bad": breach.rule.min_bad,
        "min_total": breach.rule.min_total,
        "confidence": None if breach.rule.confidence is None else str(breach.rule.confidence),
        "flapping": breach.flapping,
        "told_as": breach.told_as,
    }


def _breach(row: Row[Any]) -> BreachRow:
    rule = Rule(
        row.severity,
        row.long,
        row.short,
        Fraction(row.factor),
        row.strict,
        row.hold,
        row.label,
        row.min_bad,
        row.min_total,
        None if row.confidence is None else Decimal(row.confidence),
    )
    breach = Breach(
        row.objective,
        row.severity,
        rule,
        row.fired_at,
        Fraction(row.spent),
        row.quiet,
        row.notified_at,
        row.resolved_at,
        row.flapping,
        row.told_as,
    )
    return BreachRow(row.id, breach)
