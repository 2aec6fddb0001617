"""A server that answers bytes, in a process of its own, so that what it costs is not the client's."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection


def serve(where: Connection, answer: Callable[[str, bytes], bytes]) -> None:
    """Sends its address, then for ever what `answer` makes of path and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = answer(self.path, self.rfile.read(int(self.headers["content-length"])))
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

        def log_message(self, *_: object) -> None:
            """Says nothing: a line per request would be measured too."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        where.send(f"http://127.0.0.1:{server.server_port}")
        server.serve_forever()
