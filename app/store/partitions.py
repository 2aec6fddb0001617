"""PostgreSQL keeps minutes in a table per week: made before the week's first row, dropped whole when all of it is old.

SQLite has one table, and nothing to do here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, exists, select, text

from app.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Connection

    from slo.units import Minute

WEEK = 10_080
"""Minutes. They are counted from the epoch, so a week begins on a Thursday."""
_LOCK = 5_076_701
"""Any number that no other user of the database takes: two that make one partition at once would collide."""
_PATIENCE = "2s"
_WEEKS = text(
    "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = CAST(:parent AS regclass)"
).bindparams(parent=schema.frame.name)
_row = schema.frame.c
_of_another = _row.shard_id != bindparam("shard_id")
_HELD = select(exists().where(_row.minute >= bindparam("start"), _row.minute < bindparam("end"), _of_another))


class Rooms:
    """What one store knows of the weeks that have a partition: a tick must not ask the catalogue each time."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def make(self, connection: Connection, minutes: Iterable[Minute]) -> None:
        """First in its transaction: it waits for those that write, and must hold nothing that they wait for."""
        if not _partitioned(connection):
            return
        wanted = {minute // WEEK for minute in minutes}
        if not wanted <= self._known:
            _make(connection, wanted)

    def keep(self, minutes: Iterable[Minute]) -> None:
        """They are committed, so their weeks are there."""
        self._known.update({minute // WEEK for minute in minutes})

    def forget(self) -> None:
        """Another process may have dropped what was known."""
        self._known.clear()

    def drop(self, connection: Connection, shard_id: int, before: Minute) -> list[int]:
        """The weeks that went, in a transaction of its own. It fails rather than waits: others wait while it does."""
        if not _partitioned(connection):
            return []
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        _lock(connection)
        if not any(_past(connection, shard_id, before)):
            return []
        # Looked at again when nobody writes any more: a minute that came meanwhile is not lost.
        connection.execute(text(f"LOCK TABLE {schema.frame.name} IN ACCESS EXCLUSIVE MODE"))
        gone = [week for week, whole in _past(connection, shard_id, before) if whole]
        for week in gone:
            connection.execute(text(f"DROP TABLE {_name(week)}"))
        self._known.difference_update(gone)
        return gone


def goes_until(connection: Connection, shard_id: int, before: Minute) -> Minute:
    """Minutes of the shard before this one go with their weeks, so nobody need delete them."""
    until = 0
    for week, whole in _past(connection, shard_id, before) if _partitioned(connection) else ():
        if not whole:
            break
        until = (week + 1) * WEEK
    return until


def _partitioned(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _name(week: int) -> str:
    return f"{schema.frame.name}_{week}"


def _lock(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _weeks(connection: Connection) -> set[int]:
    return {int(name.rpartition("_")[2]) for name in connection.scalars(_WEEKS)}


def _make(connection: Connection, wanted: set[int]) -> None:
    """Readers and writers of minutes go on while a table is attached; CREATE TABLE ... PARTITION OF would stop them all."""
    _lock(connection)
    for week in sorted(wanted - _weeks(connection)):
        span = f"FROM ({week * WEEK}) TO ({(week + 1) * WEEK})"
        connection.execute(text(f"CREATE TABLE {_name(week)} (LIKE {schema.frame.name} INCLUDING STORAGE)"))
        connection.execute(text(f"ALTER TABLE {schema.frame.name} ATTACH PARTITION {_name(week)} FOR VALUES {span}"))


def _past(connection: Connection, shard_id: int, before: Minute) -> Iterator[tuple[int, bool]]:
    """Each week that ends by `before`, oldest first, and whether the shard may drop it.

    Another shard may keep its minutes longer, or stand still: the last one to give a week up drops it.
    """
    for week in sorted(_weeks(connection)):
        if (week + 1) * WEEK <= before:
            span = {"start": week * WEEK, "end": (week + 1) * WEEK, "shard_id": shard_id}
            yield week, not connection.scalar(_HELD, span)
