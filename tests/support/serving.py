"""Any ASGI application on a loopback port of its own, in a thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from app.simulator.server import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Its address, without a slash at the end. Requests wait in the socket until the server runs."""
    with serving_at(lambda _: app) as address:
        yield address


@contextmanager
def serving_at(make: Callable[[int], ASGIApp]) -> Iterator[str]:
    """As `serving`, for an application that must know its port."""
    with listen() as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(make(port), lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
