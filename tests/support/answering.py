"""A raw HTTP server on loopback: what it says, byte for byte, is what the test says."""

from __future__ import annotations

import ssl
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """`body` is sent piece by piece, as long as the client listens; a `Date` among the headers stands for the real one."""

    status: int
    body: Iterable[bytes]
    type: str = "application/json"
    encoding: str = "identity"
    headers: Mapping[str, str] = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that turned away is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ssl.SSLError | ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def answering(answer: Callable[[Asked], Said], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Its address, without a slash at the end; `answer` runs in the server's threads. With `context` it speaks TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            said = answer(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)))
            self.send_response_only(said.status)
            for name, value in ({"Date": self.date_time_string()} | dict(said.headers)).items():
                self.send_header(name, value)
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

    with _Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            # The handshake comes with the first read, in the thread of its own connection.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
