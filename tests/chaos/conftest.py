from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app.store.migrate import migrate
from app.store.sql import SqlStore
from tests.support.lives import Nursery
from tests.support.postgres import running
from tests.support.topic import topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.topic import Topic


@pytest.fixture(scope="session")
def pages() -> Iterator[Topic]:
    with topic() as made:
        yield made


@pytest.fixture(scope="session")
def nursery(pages: Topic) -> Iterator[Nursery]:
    made = Nursery.opened(pages.url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with our tables, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "sloop.db"
    SqlStore.open(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def on_postgres() -> Iterator[Callable[[], str]]:
    """URLs of empty databases with our tables."""
    with running() as server:
        name = server.create()
        migrate(server.url(name))
        yield lambda: server.url(server.create(name))


@pytest.fixture
def on_sqlite(tmp_path: Path, migrated: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path)}"
