from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.memory.store import MemoryStore
from app.store.migrate import migrate
from app.store.sql import SqlStore
from tests.support import moto_account
from tests.support.postgres import Postgres, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.ports import Store
    from tests.support.moto_account import Moto

POSTGRES = pytest.param("postgres", marks=pytest.mark.needs("postgres"))


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    with moto_account.running() as server:
        yield server


@pytest.fixture
def moto(request: pytest.FixtureRequest, moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Moto:
    """An empty account of moto, which sessions find by their environment. What it cannot do must fail, see its table."""
    difference = moto_account.difference(request.node.name)
    if difference is not None:
        request.applymarker(pytest.mark.xfail(reason=f"moto: {difference}", strict=True))
    moto_server.forget()
    for name, value in moto_server.environment.items():
        monkeypatch.setenv(name, value)
    return moto_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of an empty database with our tables, to copy."""
    name = postgres.create()
    migrate(postgres.url(name))
    return name


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the test's one database once more, as another process would: nothing is shared but what is stored."""
    if request.param == "memory":
        kept = MemoryStore()
        yield lambda: kept
        return
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/sloop.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.create(request.getfixturevalue("migrated")))
    stores: list[SqlStore] = []

    def open_another() -> Store:
        stores.append(SqlStore.open(url))
        return stores[-1]

    yield open_another
    for store in stores:
        store.close()


@pytest.fixture
def on_postgres(postgres: Postgres, migrated: str) -> str:
    """The URL of a database of the test's own."""
    return postgres.url(postgres.create(migrated))


@pytest.fixture(params=["sqlite", POSTGRES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of the test's own."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sloop.db"
    return str(request.getfixturevalue("on_postgres"))


@pytest.fixture
def opened_at() -> Iterator[Callable[[str], SqlStore]]:
    """Opens the database of a URL once more, as another process would."""
    stores: list[SqlStore] = []

    def open_one(url: str) -> SqlStore:
        stores.append(SqlStore.open(url))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()
