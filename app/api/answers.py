"""Rendered answers: kept per snapshot, tagged by content, sent as 304 where the client has them already."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from starlette.requests import Request

    from app.snapshot import AppState, Snapshot

JSON = "application/json"
MAX_KEPT = 512


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    media_type: str
    status: int = 200
    parts: bytes = b""
    """Digests of all that the body was joined from, where they are known: less to read, and as good a tag."""
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", f'"{sha256(self.parts or self.body).hexdigest()[:24]}"')


class AnswerCache:
    """Every answer is rendered at most once per snapshot and key; a new snapshot empties it.

    It keeps the snapshot's mark and not the snapshot: to free thousands of verdicts is not the next request's work.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._of: object = None
        self._kept: dict[Hashable, Answer] = {}

    def kept(self, snapshot: Snapshot, key: Hashable) -> Answer | None:
        return self._kept.get(key) if self._of is snapshot.mark else None

    def get(self, snapshot: Snapshot, key: Hashable, render: Callable[[], Answer]) -> Answer:
        """Renders under the lock: many clients that poll the same new page wait for one rendering."""
        with self._lock:
            self._turn_to(snapshot)
            if key not in self._kept:
                self._put(snapshot, key, render())
            return self._kept[key]

    def offer(self, snapshot: Snapshot, key: Hashable, answer: Answer) -> None:
        """Kept unless somebody renders: never waits."""
        if self._lock.acquire(blocking=False):
            try:
                self._put(snapshot, key, answer)
            finally:
                self._lock.release()

    def _turn_to(self, snapshot: Snapshot) -> None:
        if self._of is not snapshot.mark:
            self._kept = {}
            self._of = snapshot.mark

    def _put(self, snapshot: Snapshot, key: Hashable, answer: Answer) -> None:
        self._turn_to(snapshot)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = answer


class Answers:
    """One per application: what the routes answer through."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._cache = AnswerCache()

    async def send(
        self,
        request: Request,
        snapshot: Snapshot,
        key: Hashable,
        render: Callable[[bool], Answer],
        *,
        quick: bool = False,
    ) -> Response:
        """`render` is told whether the snapshot is stale; the header `Sloop-Age` is its age in estate seconds.

        What is `quick` takes less than to have another thread do it.
        """
        whole = (key, stale := snapshot.is_stale(self._state.clock()))
        answer = self._cache.kept(snapshot, whole)
        if answer is None and quick:
            answer = render(stale)
            self._cache.offer(snapshot, whole, answer)
        elif answer is None:
            answer = await run_in_threadpool(self._cache.get, snapshot, whole, lambda: render(stale))
        return self.fresh(request, snapshot, answer)

    def fresh(self, request: Request, snapshot: Snapshot, answer: Answer) -> Response:
        """An answer that was rendered just now or is still true."""
        age = max(0.0, (self._state.clock() - snapshot.made_at).total_seconds())
        headers = {"ETag": answer.etag, "Cache-Control": "no-cache", "Sloop-Age": f"{age:.0f}"}
        if _has_already(request, answer.etag):
            return Response(status_code=304, headers=headers)
        return Response(answer.body, answer.status, headers, answer.media_type)


def _has_already(request: Request, etag: str) -> bool:
    """If-None-Match compares weakly: W/ makes no difference."""
    sent = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in sent or "*" in sent
