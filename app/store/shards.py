"""Shards and their slots: the watermark, the fence, and which indicator counts where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.ports import Shard
from app.store import schema
from slo.errors import Fenced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from slo.units import Minute

_INSERT = {
    "sqlite": sqlite.insert(schema.shard).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(schema.shard).on_conflict_do_nothing(),
}
_MOVE = (
    update(schema.shard)
    .where(schema.shard.c.id == bindparam("shard_id"), schema.shard.c.version == bindparam("read_version"))
    .values(tick=bindparam("new_tick"), version=schema.shard.c.version + 1)
)


def open_shard(connection: Connection, name: str, indicators: Sequence[str], at: Minute) -> Shard:
    connection.execute(_INSERT[connection.dialect.name], {"name": name, "version": 0})
    connection.execute(select(schema.shard.c.id).where(schema.shard.c.name == name).with_for_update())
    shard = load(connection, name)
    gone = [slot for indicator, slot in shard.slots.items() if indicator not in indicators]
    new = [indicator for indicator in dict.fromkeys(indicators) if indicator not in shard.slots]
    if not gone and not new:
        return shard
    _close(connection, shard, gone, at)
    _assign(connection, shard, new, at)
    # Whoever read the old slots is fenced: its next frame and checkpoint would lack the new ones.
    return load(connection, move(connection, shard, shard.tick).name)


def load(connection: Connection, name: str) -> Shard:
    """The shard of that name, which must exist."""
    shard = connection.execute(select(schema.shard).where(schema.shard.c.name == name)).one()
    slot = schema.slot.c
    rows = connection.execute(select(slot.slot, slot.indicator, slot.closed_at).where(slot.shard_id == shard.id)).all()
    live = {row.indicator: row.slot for row in rows if row.closed_at is None}
    return Shard(shard.id, shard.name, shard.tick, shard.version, live, len(rows))


def every(connection: Connection) -> list[Shard]:
    names = connection.scalars(select(schema.shard.c.name).order_by(schema.shard.c.id)).all()
    return [load(connection, name) for name in names]


def move(connection: Connection, shard: Shard, tick: Minute | None) -> Shard:
    """The fence: of all who read this version only the first one gets past it. Fenced for the others."""
    moved = connection.execute(_MOVE, {"shard_id": shard.id, "read_version": shard.version, "new_tick": tick})
    if moved.rowcount != 1:
        raise Fenced(f"shard {shard.name} was moved by another process since version {shard.version}: reload it and go on")
    return replace(shard, tick=tick, version=shard.version + 1)


def _close(connection: Connection, shard: Shard, slots: Sequence[int], at: Minute) -> None:
    slot = schema.slot.c
    if slots:
        connection.execute(update(schema.slot).where(slot.shard_id == shard.id, slot.slot.in_(slots)).values(closed_at=at))


def _assign(connection: Connection, shard: Shard, indicators: Sequence[str], at: Minute) -> None:
    rows = [
        {"shard_id": shard.id, "slot": slot, "indicator": indicator, "opened_at": at}
        for slot, indicator in enumerate(indicators, start=shard.width)
    ]
    if rows:
        connection.execute(insert(schema.slot), rows)
