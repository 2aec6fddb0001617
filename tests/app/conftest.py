from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.memory.store import MemoryStore
from app.store.sql import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.ports import Store


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    yield made
    made.close()
