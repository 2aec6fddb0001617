"""Which schema a database has, and bringing it to this program's. A newer or unknown one is never touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, select, text

from app.store.engine import open_engine, reading, writing
from app.store.schema import REVISIONS, alembic_version, metadata
from slo.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config
    from sqlalchemy.engine import Connection, Engine

_LOCK = 5_076_700
"""Any number that no other user of the PostgreSQL database takes: two migrations at once would collide."""


def migrate(url: str) -> str | None:
    """Bring the database to this program's schema; the revision it had before, None when it was empty."""
    engine = open_engine(url)
    try:
        return _bring_up(engine)
    finally:
        engine.dispose()


def check(url: str) -> None:
    """SchemaMismatch unless the database has exactly this program's schema."""
    engine = open_engine(url)
    try:
        require(engine)
    finally:
        engine.dispose()


def require(engine: Engine) -> None:
    """As `check`."""
    with reading(engine) as connection:
        refuse_unless_current(_revision(connection))


def prepare(engine: Engine) -> None:
    """Before a store works on it: SQLite is migrated, PostgreSQL must have been."""
    if engine.dialect.name == "sqlite" and _older(engine):
        _bring_up(engine)
    else:
        require(engine)


def _older(engine: Engine) -> bool:
    with reading(engine) as connection:
        return _revision(connection) in (None, *REVISIONS[:-1])


def _bring_up(engine: Engine) -> str | None:
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        if found is None:
            create(connection)
        elif found in REVISIONS[:-1]:
            upgrade(connection)
        else:
            refuse_unless_current(found)
        return found


def create(connection: Connection) -> None:
    """The newest schema in an empty database: what all migrations would give, without running them."""
    metadata.create_all(connection, checkfirst=False)
    alembic_version.create(connection)
    connection.execute(insert(alembic_version).values(version_num=REVISIONS[-1]))


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision` within the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed

    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Back to `revision`, as `upgrade`: for whoever must run an older program on this database."""
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed

    command.downgrade(_config(connection), revision)


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - slow to import, and seldom needed

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    """None for a database without any table of ours."""
    tables = set(inspect(connection).get_table_names())
    if alembic_version.name in tables:
        found = connection.scalar(select(alembic_version.c.version_num))
        return "none" if found is None else found
    if tables & set(metadata.tables):
        raise SchemaMismatch("the database has tables of ours but no schema revision: use an empty one, or restore a backup")
    return None


def refuse_unless_current(found: str | None, known: Sequence[str] = REVISIONS) -> None:
    """SchemaMismatch, with what to run, unless `found` is the newest known revision."""
    if found is None:
        raise SchemaMismatch("the database has no Sloop tables yet: run `sloop db migrate`")
    if found in known[:-1]:
        raise SchemaMismatch(f"the database has schema {found}, this program needs {known[-1]}: run `sloop db migrate`")
    if found != known[-1]:
        raise SchemaMismatch(
            f"the database has schema {found}, newer than or unknown to this program, which knows up to {known[-1]}: "
            "run the sloop that wrote it, or a newer one after its `sloop db migrate`"
        )
