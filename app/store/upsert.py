"""Insert or replace by primary key: one statement in either dialect's words, built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection


class Upsert:
    """The same rows twice leave what the first time left; of two rows with one key the later one stands."""

    def __init__(self, table: Table) -> None:
        keys = list(table.primary_key.columns)
        values = [column.name for column in table.columns if not column.primary_key]
        lite, post = sqlite.insert(table), postgresql.insert(table)
        self._statements = {
            "sqlite": lite.on_conflict_do_update(index_elements=keys, set_={v: lite.excluded[v] for v in values}),
            "postgresql": post.on_conflict_do_update(index_elements=keys, set_={v: post.excluded[v] for v in values}),
        }

    def execute(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            connection.execute(self._statements[connection.dialect.name], rows)
