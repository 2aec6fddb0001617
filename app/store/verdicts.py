"""Verdict changes: the state of an objective from this minute on, with the document that was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.ports import VerdictChange
from app.store import schema
from app.store.upsert import Upsert
from slo.judge.document import document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from slo.judge.verdict import Verdict

_row = schema.verdict_change.c
_PUT = Upsert(schema.verdict_change)


def put(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    rows = [
        {
            "objective": verdict.objective.id,
            "at": verdict.at,
            "state": verdict.state,
            "data_version": verdict.data_version,
            "document": document(verdict),
        }
        for verdict in verdicts
    ]
    _PUT.execute(connection, rows)


def newest(connection: Connection, objective: str, limit: int) -> list[VerdictChange]:
    query = select(schema.verdict_change).where(_row.objective == objective).order_by(_row.at.desc()).limit(limit)
    return [
        VerdictChange(row.objective, row.at, row.state, row.data_version, row.document) for row in connection.execute(query)
    ]
