"""Messages on their way: written with what they tell, claimed for a while, sent at least once, in order per key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.envelope import Message
from app.ports import Delivery
from app.store import schema

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.engine import Connection

    from app.ports import Path

_row = schema.outbox.c
_earlier = schema.outbox.alias("earlier")
_next_seq = select(func.coalesce(func.max(_earlier.c.seq), 0) + 1).where(_earlier.c.key == bindparam("same_key"))
_INSERT = {
    "sqlite": sqlite.insert(schema.outbox)
    .values(seq=_next_seq.scalar_subquery())
    .on_conflict_do_nothing(index_elements=["transition"]),
    "postgresql": postgresql.insert(schema.outbox)
    .values(seq=_next_seq.scalar_subquery())
    .on_conflict_do_nothing(index_elements=["transition"]),
}
_waits_for_an_earlier_one = exists().where(
    _earlier.c.key == _row.key, _earlier.c.seq < _row.seq, _earlier.c.sent_at.is_(None), _earlier.c.gave_up_at.is_(None)
)
# Of two senders that look at once, PostgreSQL hands a row to one and skips it for the other; SQLite lets in one at a time.
_CLAIMABLE = (
    select(schema.outbox)
    .where(
        _row.sent_at.is_(None),
        _row.gave_up_at.is_(None),
        or_(_row.retry_at.is_(None), _row.retry_at <= bindparam("now")),
        or_(_row.claimed_until.is_(None), _row.claimed_until <= bindparam("now")),
        ~_waits_for_an_earlier_one,
    )
    .order_by(_row.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=schema.outbox)
)
_CLAIM = (
    update(schema.outbox)
    .where(_row.id == bindparam("delivery"))
    .values(
        claimed_until=bindparam("until"),
        attempts=_row.attempts + 1,
        first_tried_at=func.coalesce(_row.first_tried_at, bindparam("tried_at")),
    )
)


def add(connection: Connection, messages: Sequence[Message], created_at: datetime) -> None:
    """A message whose transition is known already is not added again."""
    rows = [
        {
            "key": message.key,
            "same_key": message.key,
            "transition": message.transition,
            "state": message.state,
            "subject": message.subject,
            "body": message.body,
            "attributes": dict(message.attributes),
            "breach": message.breach,
            "created_at": created_at,
            "attempts": 0,
        }
        for message in messages
    ]
    if rows:
        connection.execute(_INSERT[connection.dialect.name], rows)


def claim(connection: Connection, now: datetime, until: datetime, most: int) -> list[Delivery]:
    """As they were before this attempt."""
    rows = connection.execute(_CLAIMABLE, {"now": now, "most": most}).all()
    if rows:
        connection.execute(_CLAIM, [{"delivery": row.id, "until": until, "tried_at": now} for row in rows])
    return [_delivery(row) for row in rows]


def renew(connection: Connection, delivery: Delivery, until: datetime) -> bool:
    """Each claim counts an attempt, so the number of attempts says whose it is."""
    mine = (_row.id == delivery.id, _row.attempts == delivery.attempts + 1, _row.sent_at.is_(None), _row.gave_up_at.is_(None))
    return connection.execute(update(schema.outbox).where(*mine).values(claimed_until=until)).rowcount == 1


def mark_sent(connection: Connection, delivery: Delivery, provider_id: str, now: datetime, path: Path) -> None:
    """It went out, whoever holds the claim by now."""
    row = update(schema.outbox).where(_row.id == delivery.id, _row.sent_at.is_(None))
    connection.execute(row.values(sent_at=now, provider_id=provider_id, claimed_until=None, path=path))


def give_up(connection: Connection, delivery: Delivery, error: str, now: datetime) -> None:
    row = update(schema.outbox).where(_row.id == delivery.id, _row.sent_at.is_(None), _row.gave_up_at.is_(None))
    connection.execute(row.values(gave_up_at=now, last_error=error, claimed_until=None))


def mark_failed(connection: Connection, delivery: Delivery, error: str, retry_at: datetime) -> None:
    """Releases this claim. When it ran out and another sender claimed since, which counted an attempt, that one stays."""
    claimed = _row.attempts == delivery.attempts + 1
    row = update(schema.outbox).where(_row.id == delivery.id, claimed, _row.sent_at.is_(None))
    connection.execute(row.values(last_error=error, retry_at=retry_at, claimed_until=None))


def about(connection: Connection, breach_id: str) -> list[Delivery]:
    group = select(schema.breach.c.told_as).where(schema.breach.c.id == breach_id).scalar_subquery()
    mine = or_(_row.breach == breach_id, _row.key == group)
    rows = connection.execute(select(schema.outbox).where(mine).order_by(_row.id))
    return [_delivery(row) for row in rows]


def told_open(connection: Connection) -> list[Delivery]:
    newest = select(func.max(_earlier.c.seq)).where(_earlier.c.key == _row.key, _earlier.c.sent_at.is_not(None))
    waits = exists().where(_earlier.c.key == _row.key, _earlier.c.sent_at.is_(None), _earlier.c.gave_up_at.is_(None))
    mine = (_row.state == "ALARM", _row.sent_at.is_not(None), _row.seq == newest.scalar_subquery(), ~waits)
    return [_delivery(row) for row in connection.execute(select(schema.outbox).where(*mine).order_by(_row.id))]


def sent_as(connection: Connection, key: str, limit: int) -> list[Delivery]:
    rows = connection.execute(select(schema.outbox).where(_row.key == key).order_by(_row.seq.desc()).limit(limit))
    return [_delivery(row) for row in rows]


def oldest_unsent(connection: Connection) -> datetime | None:
    waiting = (_row.sent_at.is_(None), _row.gave_up_at.is_(None))
    oldest: datetime | None = connection.scalar(select(func.min(_row.created_at)).where(*waiting))
    return oldest


def _delivery(row: Row[Any]) -> Delivery:
    message = Message(row.key, row.transition, row.state, row.subject, row.body, row.attributes, row.breach)
    return Delivery(
        row.id,
        row.key,
        row.seq,
        message,
        row.created_at,
        row.attempts,
        row.sent_at,
        row.provider_id,
        row.last_error,
        row.path,
        row.first_tried_at,
        row.gave_up_at,
    )
