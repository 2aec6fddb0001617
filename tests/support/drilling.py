"""The picture's application over real HTTP, with a book of drills that is kept in memory or in a store of the test's."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from app.drills import DrillBook
from app.guards import loopback_hosts
from app.main import create_app
from app.memory.store import MemoryStore
from app.snapshot import AppState, SnapshotBox
from tests.app import picture
from tests.support.serving import serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from app.drills import DrillRecords


class Site(httpx.Client):
    """A client that does not follow where it is sent; `clock` is the application's."""

    def __init__(self, address: str, clock: picture.Wall) -> None:
        super().__init__(base_url=address, timeout=10)
        self.clock = clock

    def token(self, action: str) -> str:
        """Of the form on `/recovery` that posts to this path."""
        form = re.search(
            rf'action="{re.escape(action)}".*?name="csrf" value="([0-9a-f]+)"', self.get("/recovery").text, re.DOTALL
        )
        assert form is not None
        return form[1]


@contextmanager
def drilling(records: DrillRecords | None = None) -> Iterator[Site]:
    clock = picture.Wall()
    snapshot, history = picture.shared()
    book = DrillBook(records or MemoryStore(), clock)

    def make(port: int) -> ASGIApp:
        hosts = loopback_hosts(port)
        return create_app(AppState(SnapshotBox(snapshot), picture.Log(), history, clock, lambda: b"", hosts, drills=book))

    with serving_at(make) as address, Site(address, clock) as site:
        yield site
