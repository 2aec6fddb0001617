"""Connections: SQLite with durable writes, PostgreSQL through psycopg 3, and one way to turn their refusals into ours."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from slo.errors import Fenced, SettingsError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

_BUSY_MILLISECONDS = 10_000
_CONNECT_SECONDS = 10
_WAL_ATTEMPTS = 20
_PAGE_BYTES = 16_384
_LOST_A_RACE = ("40001", "40P01", "23514")
"""PostgreSQL's serialization failure and deadlock, and a week that another process just dropped: the other one got through.

No table has checks of its own, so the last one, a check that failed, is always of a partition.
"""
_READ_ONLY = "25006"
_FORMS = "sqlite:///path/to/file.db or postgresql://user@host/name"


@dataclass(frozen=True, slots=True)
class Pool:
    """`size` connections are kept and `more` opened for a while; who finds none free waits `seconds`, and then is refused."""

    size: int
    more: int
    seconds: float


WORKERS = Pool(5, 10, 30.0)
"""For collecting, judging and sending."""
REQUESTS = Pool(5, 0, 2.0)
"""For pages and the API: a flood of slow requests takes these, and never one that a tick needs."""


def open_engine(url: str, pool: Pool = WORKERS) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`. SettingsError for any other URL; nothing is connected yet."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(f"SLOOP_DATABASE_URL is not a URL: write {_FORMS}") from None
    sizes = {"pool_size": pool.size, "max_overflow": pool.more, "pool_timeout": pool.seconds}
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        wanted = {"connect_timeout": _CONNECT_SECONDS}
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=wanted, **sizes)
    if parsed.drivername != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise SettingsError(f"SLOOP_DATABASE_URL names no database that Sloop can use: write {_FORMS}")
    assert parsed.database is not None
    _make_folder(Path(parsed.database).parent)
    return _sqlite(create_engine(parsed, hide_parameters=True, **sizes))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the database's folder {folder}: {error.strerror}") from None


def _sqlite(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: object) -> None:
        # Python's driver would begin transactions by itself, and only before the first write; we begin them ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        # Whole minutes of a thousand slots fit a page of this size; on smaller ones most of the file would be gaps.
        # Only a new file takes it.
        for pragma in (f"page_size={_PAGE_BYTES}", f"busy_timeout={_BUSY_MILLISECONDS}", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        _use_wal(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that becomes a writer can fail at once when another one wrote meanwhile: writers take the lock first.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(cursor: DBAPICursor) -> None:
    """Of several that switch a fresh file at once SQLite turns all but one away without waiting: they wait here."""
    for _ in range(_WAL_ATTEMPTS - 1):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("COMMIT")
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the database and changes nothing."""
    with _refusals(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction, committed when the block ends and rolled back when it raises."""
    with _refusals(), engine.connect() as connection:
        connection.execution_options(writes=True)
        try:
            with connection.begin():
                yield connection
        except DBAPIError as error:
            # After a failover the old primary only reads: the next one to write must ask anew who the primary is.
            if _state(error) == _READ_ONLY:
                connection.invalidate()
            raise


@contextmanager
def _refusals() -> Iterator[None]:
    """What the database refuses, as our error in one line; Fenced where another writer was faster."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreError("the database is busy: every connection is taken; ask again in some seconds") from error
    except DBAPIError as error:
        cause = str(error.orig).strip().partition("\n")[0]
        if _state(error) in _LOST_A_RACE:
            raise Fenced(f"another process wrote at the same moment: {cause}; reload and go on") from error
        raise StoreError(f"the database refused: {cause}; check SLOOP_DATABASE_URL, the server and the disk") from error


def _state(error: DBAPIError) -> str | None:
    """PostgreSQL's code of the error; SQLite has none."""
    return getattr(error.orig, "sqlstate", None)
