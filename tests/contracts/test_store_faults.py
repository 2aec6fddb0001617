"""What goes wrong around a database: nothing counts twice, nothing is lost, nobody is told twice.

F41 is in test_store_damage.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, make_url, text, update

from app.ports import Commit
from app.store import schema
from app.store.engine import Pool, open_engine, reading, writing
from app.store.migrate import migrate
from app.store.proof import prove
from app.store.sql import SqlStore
from slo.errors import Fenced, StoreError
from tests.app import picture
from tests.support.faults import BURNING, agree, polled, source
from tests.support.minutes import START, frame, table
from tests.support.postgres import Postgres, running
from tests.support.rig import Rig, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

    from app.ports import Store

ON_POSTGRES = pytest.mark.needs("postgres")


def test_f17_a_minute_that_is_delivered_twice_counts_once(url: str, opened_at: Callable[[str], SqlStore]) -> None:
    rig = Rig(opened_at(url), watch(source())).start(START)
    rig.polls(START + 1, START + 20)
    before = table(rig.held.sums)
    rig.poll(START + 20)
    assert table(rig.held.sums) == before
    agree(rig, polled(START + 20))


def test_f18_minutes_in_whatever_order_give_the_sums_of_minutes_in_order(
    url: str, opened_at: Callable[[str], SqlStore]
) -> None:
    late = source()
    for minute in range(START, START + 40):
        traffic(late, [minute], bad=100 if minute in BURNING else 0, seen_from=START + 40 + (minute * 7) % 20)
    rig, clean = Rig(opened_at(url), watch(late)).start(START), polled(START + 60)
    rig.polls(START + 1, START + 60)
    assert table(rig.held.sums) == table(clean.held.sums)
    assert prove(url).holds


def test_f32_a_tick_that_is_run_twice_is_done_once(url: str, opened_at: Callable[[str], SqlStore]) -> None:
    rig, other = (Rig(opened_at(url), watch(source())) for _ in range(2))
    rig.start(START)
    other.start(START)
    rig.polls(START + 1, START + 20)
    other.restart(START + 20)
    for minute in range(START + 21, START + 60):
        rig.poll(minute)
        with pytest.raises(Fenced):
            other.poll(minute)
        other.restart(minute)
        rig.restart(minute)
    agree(rig, polled(START + 59))


def test_f33_a_process_that_was_paused_for_ten_minutes_writes_nothing_old(
    url: str, opened_at: Callable[[str], SqlStore]
) -> None:
    paused, other = (Rig(opened_at(url), watch(source())) for _ in range(2))
    paused.start(START).polls(START + 1, START + 20)
    other.start(START + 20).polls(START + 21, START + 30)
    with pytest.raises(Fenced):
        paused.poll(START + 21)
    agree(other, polled(START + 30))
    paused.restart(START + 30).polls(START + 31, START + 60)
    agree(paused, polled(START + 60))


def test_f35_of_two_leaders_every_tick_lets_one_through_and_each_page_leaves_once(
    url: str, opened_at: Callable[[str], SqlStore]
) -> None:
    rigs = [Rig(opened_at(url), watch(source())).start(START) for _ in range(2)]
    through = 0
    for minute in range(START + 1, START + 60):
        for rig in rigs if minute % 2 else rigs[::-1]:
            try:
                rig.poll(minute)
                through += 1
            except Fenced:
                rig.restart(minute)
    assert through >= 59
    rigs[0].restart(START + 59)
    agree(rigs[0], polled(START + 59))


@ON_POSTGRES
@pytest.mark.parametrize("statement", ["UPDATE shard", "INSERT INTO frame", "INSERT INTO hour"])
def test_f36_a_connection_that_is_cut_in_the_middle_of_a_commit_leaves_nothing_half_done(
    on_postgres: str, opened_at: Callable[[str], SqlStore], statement: str
) -> None:
    store, other = opened_at(on_postgres), open_engine(on_postgres)
    shard = store.open_shard("main", ["a"], START)
    shard = store.commit(Commit(shard, START + 1, [frame(START, (10, 1))]))
    commit = Commit(shard, START + 70, [frame(START + m, (10, 1)) for m in range(1, 70)])

    cut: list[int] = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def terminate(connection: Connection, _cursor: object, said: str, *_more: object) -> None:
        if statement in said and not cut:
            cut.append(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
            with reading(other) as another:
                another.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": cut[0]})

    with pytest.raises(StoreError, match="the database refused"):
        store.commit(commit)
    assert (store.reload(shard), list(store.hours(shard, START, START + 60))) == (shard, [])
    assert [f.minute for f in store.frames(shard, START, START + 70)] == [START]
    assert store.commit(commit).tick == START + 70
    other.dispose()


@ON_POSTGRES
def test_f37_a_primary_that_only_reads_is_told_and_left_as_soon_as_one_writes_again(
    postgres: Postgres, on_postgres: str, opened_at: Callable[[str], SqlStore]
) -> None:
    store, name = opened_at(on_postgres), _database(on_postgres)
    shard = store.open_shard("main", ["a"], START)
    _administer(postgres, f"ALTER DATABASE {name} SET default_transaction_read_only = on", cut_off=name)
    with pytest.raises(StoreError, match="read-only"):
        store.commit(Commit(shard, START + 1, [frame(START, (10, 1))]))
    # The connections to the old primary stay as they are: whoever went on with one would be refused for ever.
    _administer(postgres, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert store.commit(Commit(shard, START + 1, [frame(START, (10, 1))])).tick == START + 1


def _database(url: str) -> str:
    return str(make_url(url).database)


def _administer(postgres: Postgres, statement: str, cut_off: str | None = None) -> None:
    engine = open_engine(postgres.url("postgres"))
    with writing(engine) as connection:
        connection.execute(text(statement))
        if cut_off is not None:
            killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(killed), {"name": cut_off})
    engine.dispose()


@ON_POSTGRES
def test_f38_who_loses_a_serialization_race_is_fenced_and_gets_through_next(
    postgres: Postgres, on_postgres: str, opened_at: Callable[[str], SqlStore]
) -> None:
    name = _database(on_postgres)
    _administer(postgres, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    store, other = opened_at(on_postgres), open_engine(on_postgres)
    shard = store.open_shard("main", ["a"], START)
    commit = Commit(shard, START + 1, [frame(START, (10, 1))])
    with ThreadPoolExecutor(1) as pool:
        with writing(other) as connection:
            connection.execute(update(schema.shard).values(version=schema.shard.c.version + 1))
            waiting = pool.submit(store.commit, commit)
            _until_one_waits(other)
        with pytest.raises(Fenced, match="at the same moment"):
            waiting.result()
    assert store.commit(replace(commit, shard=store.reload(shard))).tick == START + 1
    other.dispose()


def _until_one_waits(engine: Engine) -> None:
    for _ in range(500):
        with reading(engine) as connection:
            if connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_f39_requests_that_take_every_connection_are_answered_503_and_a_tick_still_commits(
    url: str, opened_at: Callable[[str], SqlStore]
) -> None:
    rig = Rig(opened_at(url), watch(source())).start(START)
    rig.polls(START + 1, START + 20)
    requests = SqlStore.open(url, Pool(2, 0, 0.05))
    snapshot, history = picture.shared()
    site = picture.site(snapshot, history, requests)
    with ExitStack() as slow:
        for _ in range(2):
            slow.enter_context(reading(requests._engine))
        answer = site.get("/api/v1/breaches")
        rig.polls(START + 21, START + 40)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert (answer.headers["retry-after"], answer.json()["status"]) == ("5", 503)
    assert "every connection is taken" in answer.json()["detail"]
    agree(rig, polled(START + 40))
    assert site.get("/api/v1/breaches").status_code == 200
    requests.close()


def test_f40_a_full_disk_is_told_leaves_nothing_half_written_and_the_service_goes_on_when_there_is_room(
    tmp_path: Path, opened_at: Callable[[str], SqlStore]
) -> None:
    _make_small_pages(tmp_path / "sloop.db")
    url = f"sqlite:///{tmp_path}/sloop.db"
    rig = Rig(opened_at(url), watch(source())).start(START)
    _limit_pages(rig.store, None)
    told: list[str] = []
    for minute in range(START + 1, START + 60):
        try:
            rig.poll(minute)
        except StoreError as error:
            told.append(str(error))
            break
    assert "full" in told[0]
    assert (prove(url).holds, rig.store.reload(rig.held.shard).tick) == (True, minute - 1)
    _limit_pages(rig.store, 1_000_000)
    rig.restart(minute).polls(minute + 1, minute + 10)
    agree(rig, polled(minute + 10))


def _make_small_pages(file: Path) -> None:
    """So that a few minutes fill one: a file keeps the size that its first table was made with."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA page_size = 512; CREATE TABLE first (one); DROP TABLE first;")


def _limit_pages(store: Store, most: int | None) -> None:
    """None: to what the file has now. SQLite keeps the limit with the connection, so each one that is used is told."""
    assert isinstance(store, SqlStore)
    with store._engine.connect() as connection:
        limit = most or connection.exec_driver_sql("PRAGMA page_count").scalar()
    event.listen(store._engine, "checkout", lambda one, *_: one.execute(f"PRAGMA max_page_count={limit}"))


@ON_POSTGRES
def test_f42_after_half_an_hour_without_a_database_no_minute_is_missing_and_no_page_is_sent_twice(
    opened_at: Callable[[str], SqlStore],
) -> None:
    with running() as server:
        name = server.create()
        migrate(server.url(name))
        rig = Rig(opened_at(server.url(name)), watch(source())).start(START)
        rig.polls(START + 1, START + 10)
        server.halt()
        for minute in (START + 11, START + 25, START + 40):
            with pytest.raises(StoreError, match="the database refused"):
                rig.restart(minute)
        server.resume()
        rig.restart(START + 41).polls(START + 42, START + 80)
        agree(rig, polled(START + 80))
        assert prove(server.url(name)).holds
        rig.store.close()
