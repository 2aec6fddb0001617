"""HTTP with an end: time-outs are per read, so a server that drips a byte now and then would hold a poll for hours."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

_END: ContextVar[float] = ContextVar("end")
"""Monotonic seconds at which the request of this thread must be over."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect (TLS included), for each read, and from the request to the last byte of its answer."""

    connect: float = 3
    read: float = 10
    total: float = 20


class PunctualTransport(httpx.HTTPTransport):
    """Ends every request `patience.total` seconds after it began, also between two bytes of a header or of a handshake."""

    def __init__(self, context: ssl.SSLContext, patience: Patience, monotonic: Callable[[], float]) -> None:
        self._patience = patience
        self._monotonic = monotonic
        # Kept no longer than a load balancer keeps it: writing to a connection that is gone would be an error now and then.
        self._pool = httpcore.ConnectionPool(ssl_context=context, keepalive_expiry=5, network_backend=_Backend(self._left))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        _END.set(self._monotonic() + self._patience.total)
        return super().handle_request(request)

    def _left(self, timeout: float | None) -> float:
        left = _END.get() - self._monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout(f"no whole answer within {self._patience.total:g} s")
        return left if timeout is None else min(timeout, left)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, left: Callable[[float | None], float]) -> None:
        self._left = left
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._sockets.connect_tcp(host, port, self._left(timeout), local_address, socket_options)
        return _Stream(stream, self._left)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._inner = inner
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._inner.read(max_bytes, self._left(timeout))
        except httpcore.ReadTimeout:
            self._left(timeout)  # says so when it was the end of the request that cut this read short
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
