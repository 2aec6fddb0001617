"""The certificates that SNS signs with: fetched once, kept, and never asked for faster than SNS could need."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from app.hooks.signature import certificate_of
from slo.errors import SourceError

if TYPE_CHECKING:
    from cryptography import x509

Fetch = Callable[[str, int], bytes]
"""(address, most bytes) -> what stands there. SourceError when it cannot be had."""
MOST_BYTES = 32 * 1024
KEPT = 16
FETCHES, PER_SECONDS = 6, 60.0
"""Whoever knows a topic's name can make us look for certificates that do not exist; SNS itself seldom has a new one."""


class Certificates:
    """For any number of threads. Addresses are checked by whoever asks; those over plain HTTP are a stand-in's."""

    def __init__(self, fetch: Fetch, monotonic: Callable[[], float]) -> None:
        self._fetch, self._monotonic = fetch, monotonic
        self._kept: dict[str, x509.Certificate] = {}
        self._asked: deque[float] = deque()
        self._lock = Lock()

    def at(self, url: str) -> x509.Certificate:
        """SourceError when it cannot be fetched (now); ForgedMessage when it is none of SNS."""
        kept = self._kept.get(url)
        if kept is not None:
            return kept
        self._take_turn()
        found = certificate_of(self._fetch(url, MOST_BYTES), of_aws=url.startswith("https:"))
        with self._lock:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[url] = found
        return found

    def _take_turn(self) -> None:
        now = self._monotonic()
        with self._lock:
            while self._asked and now - self._asked[0] > PER_SECONDS:
                self._asked.popleft()
            if len(self._asked) >= FETCHES:
                raise SourceError("too many certificates were asked for in a minute; SNS will send it again", retryable=True)
            self._asked.append(now)
