"""Minutes on PostgreSQL: a partition per week, made when it is needed, dropped when nobody keeps a minute of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event, text

from app.ports import Commit
from app.store import migrate as migrations
from app.store.engine import open_engine, reading, writing
from app.store.partitions import WEEK
from app.store.proof import prove
from slo.errors import Fenced
from tests.support.minutes import START, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy.engine import Connection, Engine

    from app.ports import Shard
    from app.store.sql import SqlStore

pytestmark = pytest.mark.needs("postgres")

FIRST = -(-START // WEEK)
"""A week, counted from the epoch; so are `FIRST + 1` and those after it."""
BEGIN = FIRST * WEEK


@pytest.fixture
def store(on_postgres: str, opened_at: Callable[[str], SqlStore]) -> SqlStore:
    return opened_at(on_postgres)


@pytest.fixture
def engine(on_postgres: str) -> Iterator[Engine]:
    engine = open_engine(on_postgres)
    yield engine
    engine.dispose()


def weeks(engine: Engine) -> list[tuple[int, int]]:
    """(week, rows) of every partition."""
    with reading(engine) as connection:
        found = connection.scalars(text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'frame'::regclass"))
        names = sorted(found)
        return [
            (int(name.removeprefix("frame_")), connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in names
        ]


def filled(store: SqlStore, name: str, minutes: Iterable[int], tick: int) -> Shard:
    shard = store.open_shard(name, ["a"], BEGIN)
    return store.commit(Commit(shard, tick, [frame(minute, (10, 1)) for minute in minutes]))


def test_a_minute_goes_into_the_partition_of_its_week(store: SqlStore, engine: Engine) -> None:
    minutes = [BEGIN - 1, BEGIN, BEGIN + WEEK - 1, BEGIN + 3 * WEEK]
    shard = filled(store, "main", minutes, BEGIN + 4 * WEEK)
    assert weeks(engine) == [(FIRST - 1, 1), (FIRST, 2), (FIRST + 3, 1)]
    assert [f.minute for f in store.frames(shard, 0, shard.tick or 0)] == minutes


def test_minutes_from_the_past_get_a_partition_too(store: SqlStore, engine: Engine) -> None:
    shard = filled(store, "main", [BEGIN], BEGIN + 1)
    store.commit(Commit(shard, BEGIN + 1, patches=[(None, frame(minute, (5, 0))) for minute in (7, BEGIN - 60 * WEEK)]))
    assert weeks(engine) == [(0, 1), (FIRST - 60, 1), (FIRST, 1)]


def test_a_tick_within_a_known_week_asks_nothing_about_partitions(store: SqlStore) -> None:
    shard = filled(store, "main", [BEGIN], BEGIN + 1)
    said: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda _c, _u, statement, *_: said.append(statement))
    shard = store.commit(Commit(shard, BEGIN + 2, [frame(BEGIN + 1, (10, 1))]))
    assert [statement.split()[0] for statement in said] == ["UPDATE", "INSERT"]
    store.commit(Commit(shard, BEGIN + WEEK + 1, [frame(BEGIN + WEEK, (10, 1))]))
    assert [statement for statement in said if "ATTACH" in statement] != []


def test_many_processes_may_need_the_same_new_week_at_once(on_postgres: str, opened_at: Callable[[str], SqlStore]) -> None:
    stores = [opened_at(on_postgres) for _ in range(4)]
    held = [(store, store.open_shard(f"shard {n}", ["a"], BEGIN)) for n, store in enumerate(stores)]
    for week in range(4):
        minute = BEGIN + week * WEEK
        commits = [Commit(shard, minute + 1, [frame(minute, (10, 1))]) for _, shard in held]
        with ThreadPoolExecutor(len(stores)) as pool:
            moved = list(pool.map(lambda store, commit: store.commit(commit), stores, commits))
        held = list(zip(stores, moved, strict=True))
    for store, shard in held:
        assert [f.minute for f in store.frames(shard, 0, BEGIN + 9 * WEEK)] == [BEGIN + week * WEEK for week in range(4)]


def test_a_commit_that_is_rolled_back_takes_its_new_week_back_and_the_next_makes_it_again(
    store: SqlStore, engine: Engine
) -> None:
    stale = store.open_shard("main", ["a"], BEGIN)
    shard = store.commit(Commit(stale, BEGIN + 1, [frame(BEGIN, (10, 1))]))
    with pytest.raises(Fenced):
        store.commit(Commit(stale, BEGIN + WEEK + 1, [frame(BEGIN + WEEK, (10, 1))]))
    assert weeks(engine) == [(FIRST, 1)]
    store.commit(Commit(shard, BEGIN + WEEK + 1, [frame(BEGIN + WEEK, (10, 1))]))
    assert weeks(engine) == [(FIRST, 1), (FIRST + 1, 1)]


def test_weeks_that_are_over_are_dropped_whole_and_rows_are_deleted_only_in_the_one_that_is_cut(
    store: SqlStore, engine: Engine
) -> None:
    minutes = [BEGIN, BEGIN + 9, BEGIN + WEEK, BEGIN + 2 * WEEK, BEGIN + 2 * WEEK + 1, BEGIN + 3 * WEEK]
    shard = filled(store, "main", minutes, BEGIN + 4 * WEEK)
    deleted: list[int] = []

    @event.listens_for(store._engine, "after_cursor_execute")
    def note(_connection: Connection, cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("DELETE FROM frame"):
            deleted.append(cursor.rowcount)  # type: ignore[attr-defined]

    shard = store.commit(Commit(shard, BEGIN + 4 * WEEK, prune_before=BEGIN + 2 * WEEK + 1))
    assert (weeks(engine), deleted) == ([(FIRST + 2, 1), (FIRST + 3, 1)], [1])
    assert [f.minute for f in store.frames(shard, 0, BEGIN + 4 * WEEK)] == minutes[-2:]


def test_a_week_of_which_another_shard_keeps_a_minute_stays_until_that_gives_it_up(store: SqlStore, engine: Engine) -> None:
    end, minutes = BEGIN + 2 * WEEK, [BEGIN, BEGIN + 1, BEGIN + WEEK]
    one, two = (filled(store, name, minutes, end) for name in ("one", "two"))
    one = store.commit(Commit(one, end, prune_before=BEGIN + WEEK))
    assert [[f.minute for f in store.frames(shard, 0, end)] for shard in (one, two)] == [minutes[2:], minutes]
    store.commit(Commit(two, end, prune_before=BEGIN + WEEK))
    assert weeks(engine) == [(FIRST + 1, 2)]


def test_a_week_that_another_process_dropped_is_made_again(on_postgres: str, opened_at: Callable[[str], SqlStore]) -> None:
    store, other = opened_at(on_postgres), opened_at(on_postgres)
    mine = filled(store, "mine", [BEGIN + WEEK], BEGIN + 2 * WEEK)
    mine = store.commit(Commit(mine, BEGIN + 2 * WEEK, patches=[(None, frame(BEGIN, (1, 1)))]))
    mine = store.commit(Commit(mine, BEGIN + 2 * WEEK, prune_before=BEGIN + 1))
    theirs = other.open_shard("theirs", ["a"], BEGIN)
    other.commit(Commit(theirs, BEGIN + 2 * WEEK, prune_before=BEGIN + WEEK))
    late = [(None, frame(BEGIN + 5, (3, 0)))]
    with pytest.raises(Fenced, match="no partition"):
        store.commit(Commit(mine, BEGIN + 2 * WEEK, patches=late))
    store.commit(Commit(store.reload(mine), BEGIN + 2 * WEEK, patches=late))
    assert [f.minute for f in store.frames(mine, 0, BEGIN + WEEK)] == [BEGIN + 5]


def test_a_reader_who_takes_long_delays_the_drop_and_not_the_commit(store: SqlStore, engine: Engine) -> None:
    shard = filled(store, "main", [BEGIN, BEGIN + WEEK], BEGIN + WEEK + 1)
    # The wait that `partitions` grants is cut short: one commit asks under a limit that is over at once.
    event.listen(store._engine, "before_cursor_execute", _impatient, retval=True)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM frame")) == 2
        shard = store.commit(Commit(shard, BEGIN + WEEK + 2, [frame(BEGIN + WEEK + 1, (10, 1))], prune_before=BEGIN + WEEK))
        assert shard.tick == BEGIN + WEEK + 2
    assert [week for week, _ in weeks(engine)] == [FIRST, FIRST + 1]
    store.commit(Commit(shard, BEGIN + WEEK + 2, prune_before=BEGIN + WEEK))
    assert [week for week, _ in weeks(engine)] == [FIRST + 1]


def _impatient(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> tuple[str, object]:
    return statement.replace("lock_timeout = '2s'", "lock_timeout = '50ms'"), parameters


def test_a_new_week_waits_for_no_reader(store: SqlStore, engine: Engine) -> None:
    shard = filled(store, "main", [BEGIN], BEGIN + 1)
    with reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM frame")) == 1
        moved = store.commit(Commit(shard, BEGIN + WEEK + 1, [frame(BEGIN + WEEK, (10, 1))]))
    assert moved.tick == BEGIN + WEEK + 1


def test_the_proof_holds_across_weeks_and_after_a_drop(store: SqlStore, on_postgres: str) -> None:
    shard = filled(store, "main", range(BEGIN + WEEK - 90, BEGIN + WEEK + 90), BEGIN + WEEK + 90)
    shard = store.commit(Commit(shard, BEGIN + WEEK + 90, checkpoint=store.sums(shard, (30, 60))))
    assert prove(on_postgres).holds
    store.commit(Commit(shard, BEGIN + WEEK + 91, [frame(BEGIN + WEEK + 90, (10, 1))], prune_before=BEGIN + WEEK))
    assert prove(on_postgres).holds


def test_minutes_survive_the_way_into_partitions_and_back(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        migrations.upgrade(connection, "0005")
        connection.execute(text("INSERT INTO shard (id, name, version) VALUES (1, 'main', 7)"))
        row = text("INSERT INTO frame (minute, shard_id, data) VALUES (:minute, 1, :data)")
        connection.execute(row, [{"minute": minute, "data": bytes([minute % 251])} for minute in MOVED])
        before = _rows(connection)
        migrations.upgrade(connection, "0006")
        assert _rows(connection) == before
    assert weeks(engine) == [(FIRST - 1, 1), (FIRST, 2), (FIRST + 2, 1)]
    with writing(engine) as connection:
        migrations.downgrade(connection, "0005")
        assert _rows(connection) == before
        kind = text("SELECT relkind::text FROM pg_class WHERE oid = 'frame'::regclass")
        assert connection.scalar(kind) == "r"
    engine.dispose()


MOVED = (BEGIN - 1, BEGIN, BEGIN + WEEK - 1, BEGIN + 2 * WEEK)


def _rows(connection: Connection) -> list[tuple[int, bytes]]:
    rows = connection.execute(text("SELECT minute, data FROM frame ORDER BY minute"))
    return [(minute, bytes(data)) for minute, data in rows]


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> str:
    """An empty database, without tables."""
    server = request.getfixturevalue("postgres")
    return str(server.url(server.create()))
