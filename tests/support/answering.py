"""A raw HTTP server on loopback: what it says, byte for byte, is what the test says."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """`body` is sent piece by piece, as long as the client listens."""

    status: int
    body: Iterable[bytes]
    type: str = "application/json"
    encoding: str = "identity"


@contextmanager
def answering(answer: Callable[[Asked], Said]) -> Iterator[str]:
    """Its address, without a slash at the end; `answer` runs in the server's threads."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            said = answer(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)))
            self.send_response(said.status)
            self.send_header("content-type", said.type)
            self.send_header("content-encoding", said.encoding)
            self.end_headers()
            try:
                for piece in said.body:
                    self.wfile.write(piece)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
