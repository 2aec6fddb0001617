"""Brings SNS messages to one HTTP endpoint: one after the other, in order, with the retries of SNS."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Post:
    """`retries` are its topic's; None leaves it to the courier."""

    headers: Mapping[str, str]
    body: str
    retries: int | None = None


@dataclass(slots=True, eq=False)
class Courier:
    """A thread per endpoint, so that a dead one holds up nobody else. A message is dropped after `1 + retries` tries.

    `retry_seconds` pass between tries, in monotonic time; unlike those of AWS they do not grow. `undelivered` hears what was
    dropped.
    """

    url: str
    retries: int = 3
    retry_seconds: float = 20.0
    transport: httpx.BaseTransport | None = None
    delivered: int = 0
    dropped: int = 0
    undelivered: Callable[[Post], None] = lambda _: None
    _waiting: queue.SimpleQueue[Post | None] = field(default_factory=queue.SimpleQueue)
    _closed: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def put(self, message: Post) -> None:
        """Returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"sns to {self.url}", daemon=True)
            self._thread.start()
        self._waiting.put(message)

    def close(self, *, wait: bool = True) -> None:
        """Ends the thread; what still waits is dropped."""
        self._closed.set()
        self._waiting.put(None)
        if wait and self._thread is not None:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        # Proxies of the environment are not for loopback.
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, transport=self.transport) as client:
            while (message := self._waiting.get()) is not None and not self._closed.is_set():
                if self._deliver(client, message):
                    self.delivered += 1
                else:
                    self.undelivered(message)
                    self.dropped += 1

    def _deliver(self, client: httpx.Client, message: Post) -> bool:
        for attempt in range(1 + (self.retries if message.retries is None else message.retries)):
            if attempt and self._closed.wait(self.retry_seconds):
                return False
            status = self._try(client, message)
            if status < 300:
                return True
            if 400 <= status < 500 and status != 429:  # the endpoint refuses it: SNS does not ask again
                return False
        return False

    def _try(self, client: httpx.Client, message: Post) -> int:
        """The status; 599 stands for no answer at all."""
        try:
            return client.post(self.url, content=message.body.encode(), headers=dict(message.headers)).status_code
        except httpx.HTTPError:
            return 599
