"""What was declared from when on: editing an objective adds a row and never rewrites the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.store import schema
from app.store.rules import declaration
from app.store.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from slo.estate.spec import Objective
    from slo.units import Minute

_row = schema.definition.c
_PUT = Upsert(schema.definition)


def record(connection: Connection, objectives: Iterable[Objective], at: Minute) -> None:
    known = connection.execute(select(_row.objective, _row.document).order_by(_row.valid_from))
    newest: dict[str, Any] = {row.objective: row.document for row in known}
    declared = {objective.id: declaration(objective) for objective in objectives}
    rows = [
        {"objective": objective, "valid_from": at, "document": document}
        for objective, document in declared.items()
        if newest.get(objective) != document
    ]
    _PUT.execute(connection, rows)


def history(connection: Connection, objective: str) -> list[tuple[Minute, dict[str, Any]]]:
    query = select(_row.valid_from, _row.document).where(_row.objective == objective).order_by(_row.valid_from)
    return [(row.valid_from, row.document) for row in connection.execute(query)]
