"""Asks the running service what it shows to everybody, over its own HTTP API."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from slo.errors import SettingsError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS = 10.0
PAGE = 500
MOST_PAGES = 1000
LAG = "sloop_evaluation_lag_seconds"


class ServiceApi:
    """One connection. SourceError in one line when the service cannot be reached or is none of ours."""

    def __init__(self, address: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._address = address
        self._prefix, self._connection = _connection(address, timeout)

    def items(self, path: str) -> list[dict[str, Any]]:
        """All of a list, page by page."""
        return [item for page in self._pages(path) for item in page]

    def lags(self) -> dict[str, float]:
        """Seconds since the newest judged minute, by source; a source without any is not there."""
        lines = (line for line in self._get("/metrics").splitlines() if line.startswith(f"{LAG}{{"))
        found = (line.rpartition(" ") for line in lines)
        return {labels.partition('source="')[2].rpartition('"')[0]: float(value) for labels, _, value in found}

    def close(self) -> None:
        self._connection.close()

    def _pages(self, path: str) -> Iterator[list[dict[str, Any]]]:
        more = ""
        for _ in range(MOST_PAGES):
            page = self._page(f"{path}?limit={PAGE}{more}")
            yield page["items"]
            if page["next"] is None:
                return
            more = f"&cursor={quote(page['next'], safe='')}"

    def _page(self, path: str) -> dict[str, Any]:
        try:
            page = json.loads(self._get(path))
        except ValueError:
            page = None
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            raise SourceError(f"{self._address}{path}: what answers there is not Sloop; check SLOOP_BASE_URL", retryable=False)
        return {"next": None, **page}

    def _get(self, path: str) -> str:
        try:
            self._connection.request("GET", f"{self._prefix}{path}", headers={"Accept": "*/*"})
            answer = self._connection.getresponse()
            body = answer.read().decode(errors="replace")
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            fix = "start it with `sloop serve`, or set SLOOP_BASE_URL or SLOOP_PORT to where it is"
            raise SourceError(f"Sloop does not answer at {self._address}: {why}; {fix}", retryable=True) from None
        if answer.status != 200:
            raise SourceError(f"{self._address}{path}: answered {answer.status} {answer.reason}{_detail(body)}", retryable=True)
        return body


def _connection(address: str, timeout: float) -> tuple[str, HTTPConnection]:
    """The path in front of everything, and the connection; nothing is sent yet."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in ("http", "https"):
        raise SettingsError(f"SLOOP_BASE_URL={address}: not an address; it reads http://127.0.0.1:8000")
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return parts.path.rstrip("/"), make(host, port, timeout=timeout)


def _detail(body: str) -> str:
    """What the problem document says, if it is one."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {str(detail)[:300]}"
