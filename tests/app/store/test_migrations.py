from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.store import migrate as migrations
from app.store.engine import open_engine, reading, writing
from app.store.migrate import check, migrate
from app.store.schema import REVISIONS, metadata, quarantine
from app.store.sql import SqlStore
from slo.errors import SchemaMismatch, SettingsError, StoreError
from slo.judge.burn import Rule
from tests.support.postgres import Postgres, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sloop.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create())


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


def stamp(engine: Engine, revision: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def described(connection: Connection) -> object:
    """Every table as the database itself tells it."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
        # A table that was made anew to alter it has its name in quotes.
        return {name: sorted(line.strip(" ,\t") for line in sql.replace('"', "").splitlines()) for name, sql in rows}
    columns = connection.execute(
        text(
            "SELECT table_name, column_name, data_type, is_nullable, column_default "
            "FROM information_schema.columns WHERE table_schema = 'public'"
        )
    )
    indexes = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    constraints = connection.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace"
        )
    )
    return [sorted(map(tuple, rows)) for rows in (columns, indexes, constraints)]


def test_migrations_and_create_all_give_the_same_schema(engine: Engine) -> None:
    with writing(engine) as connection:
        migrations.upgrade(connection)
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        migrated = described(connection)
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        migrations.create(connection)
        assert described(connection) == migrated


def test_a_database_of_an_earlier_schema_is_brought_up_with_what_it_holds(url: str, engine: Engine) -> None:
    with writing(engine) as connection:
        migrations.upgrade(connection, REVISIONS[0])
        connection.execute(text("INSERT INTO shard (id, name, version) VALUES (1, 'main', 7)"))
    assert migrate(url) == REVISIONS[0]
    store = SqlStore.open(url)
    assert [(shard.name, shard.version) for shard in store.shards()] == [("main", 7)]
    assert store.recovery_hours(0) == []
    store.close()


OLD_BREACH = text(
    "INSERT INTO breach (id, objective, severity, long, short, factor, fired_at, spent, quiet) "
    "VALUES ('b', 'api.availability', 'page', 60, 5, '72/5', 7, '1/3', 2)"
)


def test_a_breach_of_an_earlier_schema_has_a_plain_rule(url: str, engine: Engine) -> None:
    with writing(engine) as connection:
        migrations.upgrade(connection, "0002")
        connection.execute(OLD_BREACH)
    migrate(url)
    store = SqlStore.open(url)
    (row,) = store.open_breaches()
    assert row.breach.rule == Rule("page", 60, 5, Fraction(72, 5))
    store.close()


def test_a_schema_can_be_taken_back_with_what_it_holds(engine: Engine) -> None:
    with writing(engine) as connection:
        migrations.upgrade(connection, "0002")
        before = described(connection)
        connection.execute(OLD_BREACH)
        migrations.upgrade(connection)
        connection.execute(text("UPDATE breach SET short = NULL"))
        migrations.downgrade(connection, "0002")
        assert connection.execute(text("SELECT long, short, factor FROM breach")).all() == [(60, 60, "72/5")]
        assert described(connection) == before


def test_what_was_put_aside_goes_when_the_schema_is_taken_back(engine: Engine) -> None:
    with writing(engine) as connection:
        migrations.upgrade(connection, "0003")
        before = described(connection)
        connection.execute(text("INSERT INTO shard (id, name, version) VALUES (1, 'main', 7)"))
        migrations.upgrade(connection)
        rows = quarantine.insert().values(shard_id=1, kind="frame", minute=7, data=b"?")
        connection.execute(rows)
        migrations.downgrade(connection, "0003")
        assert described(connection) == before
        assert connection.execute(text("SELECT id, version FROM shard")).all() == [(1, 7)]


def test_the_program_knows_every_migration_there_is() -> None:
    scripts = ScriptDirectory(str(ROOT / "app/store/migrations"))
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_a_fresh_database_is_brought_up_once(url: str) -> None:
    assert [migrate(url), migrate(url)] == [None, REVISIONS[-1]]
    check(url)
    SqlStore.open(url).close()


@pytest.mark.needs("postgres")
def test_postgresql_is_not_migrated_behind_your_back(postgres: Postgres) -> None:
    url = postgres.url(postgres.create())
    for opening in (check, SqlStore.open):
        with pytest.raises(SchemaMismatch, match="no Sloop tables yet: run `sloop db migrate`"):
            opening(url)


def test_sqlite_migrates_itself(tmp_path: Path) -> None:
    SqlStore.open(f"sqlite:///{tmp_path}/new/folder/sloop.db").close()
    check(f"sqlite:///{tmp_path}/new/folder/sloop.db")
    assert (tmp_path / "new/folder").stat().st_mode & 0o077 == 0


def test_a_newer_schema_is_refused_and_left_alone(url: str, engine: Engine) -> None:
    migrate(url)
    stamp(engine, "9999")
    for opening in (check, migrate, SqlStore.open):
        with pytest.raises(SchemaMismatch, match=r"schema 9999, newer than or unknown to this program.*`sloop db migrate`"):
            opening(url)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_tables_without_a_revision_are_refused(url: str, engine: Engine) -> None:
    migrate(url)
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    for opening in (check, migrate, SqlStore.open):
        with pytest.raises(SchemaMismatch, match="no schema revision"):
            opening(url)


def test_an_older_schema_is_named_with_the_command_that_heals_it() -> None:
    with pytest.raises(SchemaMismatch, match=r"schema 0001, this program needs 0002: run `sloop db migrate`"):
        migrations.refuse_unless_current("0001", known=("0001", "0002"))


def test_many_processes_may_bring_up_one_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sorted(str(found) for found in pool.map(migrate, [url] * 4)) == [REVISIONS[-1]] * 3 + ["None"]


def test_sqlite_writes_durably_and_keeps_its_keys(tmp_path: Path) -> None:
    store = SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    with reading(store._engine) as connection:
        pragmas = [
            connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys", "page_size")
        ]
    assert pragmas == ["wal", 2, 1, 16384]
    store.close()


def test_a_frame_has_no_row_number_beside_its_key(engine: Engine, url: str) -> None:
    migrate(url)
    assert [c["name"] for c in inspect(engine).get_columns("frame")] == ["minute", "shard_id", "data"]
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            assert "WITHOUT ROWID" in str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'frame'")))


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_a_database_that_cannot_be_used_is_a_setting_to_mend(url: str) -> None:
    with pytest.raises(SettingsError, match="SLOOP_DATABASE_URL"):
        SqlStore.open(url)


def test_both_spellings_of_postgresql_use_psycopg() -> None:
    names = [open_engine(f"{scheme}://user@host/name").url.drivername for scheme in ("postgres", "postgresql")]
    assert names == ["postgresql+psycopg"] * 2


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "sloop.db").write_text("not a database, " * 100)
    with pytest.raises(StoreError, match="the database refused: file is not a database") as refused:
        SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    assert "\n" not in str(refused.value)


def test_a_server_that_is_away_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the database refused: ") as refused:
        SqlStore.open(f"postgresql://sloop@/x?host={tmp_path}")
    assert "\n" not in str(refused.value)


def test_a_start_on_a_current_database_imports_no_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sloop.db"
    program = f"import sys; from app.store.sql import SqlStore; SqlStore.open({url!r}); sys.exit('alembic' in sys.modules)"
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, env=dict(os.environ)).returncode == 0
    with closing(sqlite3.connect(tmp_path / "sloop.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[-1],)]
