"""Prometheus' HTTP API as Sloop asks it: range queries, answers checked and capped, every refusal one line with the query."""

from __future__ import annotations

import re
import ssl
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import orjson

from app.prometheus.access import shown
from slo.errors import AccessDenied, QueryRefused, SourceError, Throttled, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from app.prometheus.counters import Labels
    from slo.units import Minute

LARGEST_ANSWER = 32 * 2**20
"""Bytes after decompression."""
MOST_TOLD = 200
"""Characters of what somebody else says: a proxy before the server may answer with a whole page."""
MOST_WARNINGS = 10
_PIECE = 2**20
_PASSING = ("timeout", "canceled", "internal", "unavailable")
"""Types of errors after which the same query may be answered later."""
_FIXES = {
    401: "; correct SLOOP_PROMETHEUS_TOKEN, or SLOOP_PROMETHEUS_USER and _PASSWORD",
    403: "; it must allow this query to whom Sloop signs in as",
    404: "; is SLOOP_PROMETHEUS_URL the address before /api/v1?",
}
_GIVEAWAY = re.compile(
    r"""((?:\b[\w-]{0,40}(?:token|secret|password|passwd|api[-_]?key|csrf|session|credential|authorization)[\w-]{0,40}["']?\s*[:=]\s*
    |\bvalue\s*=\s*|\b(?:bearer|basic)\s+)["']?)[^\s"'&<>,;]+""",
    re.IGNORECASE | re.VERBOSE,
)
"""A name that means a secret and what it is set to, also what a form holds hidden."""


class Row(NamedTuple):
    """One series: its labels, and its values at minute marks."""

    labels: Labels
    stamps: list[Minute]
    values: list[float]


class Rows(NamedTuple):
    series: list[Row]
    warnings: tuple[str, ...]


class PrometheusApi:
    def __init__(self, url: str, client: httpx.Client, secrets: Collection[str] = ()) -> None:
        """`secrets` are left out of every message, as are user and password of the address. SettingsError when it is none."""
        self._url = url.rstrip("/")
        self._shown = shown(url)
        self._client = client
        self._secrets = tuple(filter(None, (*secrets, httpx.URL(url).password)))

    def read_range(self, selector: str, first: Minute, last: Minute) -> Rows:
        """Values at the marks first..last, both included. QueryRefused is about the selector, another SourceError is not."""
        form = {"query": selector, "start": str(first * 60), "end": str(last * 60), "step": "60"}
        where = f"Prometheus {self._shown}/api/v1/query_range {selector}"
        body = self._post("/api/v1/query_range", form, where)
        try:
            series = _rows(body["data"], first, last)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            raise QueryRefused(f"{where}: not a range of values; give a plain selector") from None
        warnings = body.get("warnings")
        return Rows(series, tuple(self._told(text) for text in warnings[:MOST_WARNINGS]) if isinstance(warnings, list) else ())

    def close(self) -> None:
        self._client.close()

    def _post(self, path: str, form: dict[str, str], where: str) -> dict[str, Any]:
        """An answer that says success."""
        try:
            with self._client.stream("POST", self._url + path, data=form, headers={"Accept-Encoding": "gzip"}) as response:
                content = _capped(response, where)
        except (httpx.HTTPError, zlib.error) as error:
            raise _unreachable(where, error) from error
        try:
            body = orjson.loads(content)
        except ValueError:
            raise self._no_json(where, response, content) from None
        if not isinstance(body, dict):
            raise SourceError(f"{where}: HTTP {response.status_code}: not an object", retryable=False)
        if not response.is_success or body.get("status") != "success":
            raise self._refused(where, response, body)
        return body

    def _refused(self, where: str, response: httpx.Response, body: dict[str, Any]) -> SourceError:
        kind = body.get("errorType") or body.get("__type") or response.headers.get("x-amzn-errortype")
        detail = next((body[name] for name in ("error", "message", "Message") if body.get(name)), "no error text")
        status = response.status_code
        text = f"{where}: HTTP {status}: {f'{self._told(kind)}: ' if kind else ''}{self._told(detail)}"
        if status == 429:
            return Throttled(text)
        if status == 403 and "AccessDenied" in str(kind):
            return AccessDenied("aps:QueryMetrics", text)
        if status in _FIXES or status >= 500 or kind in _PASSING:
            return SourceError(text + _FIXES.get(status, ""), retryable=status not in _FIXES)
        return QueryRefused(text)

    def _no_json(self, where: str, response: httpx.Response, content: bytes) -> SourceError:
        """What came instead, as far as it helps to see that it is a login page or a proxy's error."""
        status, kind = response.status_code, response.headers.get("content-type", "no type").partition(";")[0]
        if 300 <= status < 400:
            to = self._told(response.headers.get("location", "nowhere").partition("?")[0])
            return SourceError(
                f"{where}: HTTP {status} to {to}, which is not followed; correct SLOOP_PROMETHEUS_URL", retryable=False
            )
        said = self._told(content.decode(errors="replace"))
        text = f"{where}: HTTP {status} and no JSON but {self._told(kind)}: {said}"
        if status == 429:
            return Throttled(text)
        return SourceError(text + _FIXES.get(status, ""), retryable=status not in _FIXES)

    def _told(self, text: object) -> str:
        clean = str(text)
        for secret in self._secrets:
            clean = clean.replace(secret, "***")
        # More is cleaned than is told, so that no secret is cut in half and told.
        return one_line(_GIVEAWAY.sub(r"\1***", clean[: 10 * MOST_TOLD]))[:MOST_TOLD]


def _unreachable(where: str, error: Exception) -> SourceError:
    """A certificate that is not to be trusted stays so, until somebody does something."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return SourceError(f"{where}: {one_line(error) or type(error).__name__}", retryable=True)
    fix = "correct the server's certificate, or give its authority in SLOOP_PROMETHEUS_CA_FILE"
    return SourceError(f"{where}: its certificate is refused: {cause.verify_message}; {fix}", retryable=False)


def _capped(response: httpx.Response, where: str) -> bytes:
    """Decompressed by ourselves, in pieces: a kilobyte of gzip may hold a megabyte, and gzip in gzip a gigabyte."""
    found = bytearray()
    for piece in _unpacked(response, where):
        found += piece
        if len(found) > LARGEST_ANSWER:
            limit = f"{LARGEST_ANSWER // 2**20} MiB"
            raise QueryRefused(f"{where}: the answer is above {limit}; narrow the selector")
    return bytes(found)


def _unpacked(response: httpx.Response, where: str) -> Iterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        yield from response.iter_raw(_PIECE)
        return
    if encoding != "gzip":
        raise SourceError(f"{where}: the answer is packed as {encoding[:20]}, which was not asked for", retryable=False)
    unpack = zlib.decompressobj(wbits=31)
    for piece in response.iter_raw():
        more = piece
        while more and not unpack.eof:
            yield unpack.decompress(more, _PIECE)
            more = unpack.unconsumed_tail


def _rows(data: Any, first: Minute, last: Minute) -> list[Row]:
    """ValueError and its like for anything but a matrix whose stamps are marks of first..last."""
    if data["resultType"] != "matrix":
        raise ValueError(data["resultType"])
    found: list[Row] = []
    for result in data["result"]:
        labels = tuple(sorted((str(name), str(value)) for name, value in result["metric"].items()))
        stamps = [round(when / 60) for when, _ in result["values"]]
        if not all(first <= stamp <= last for stamp in stamps):
            raise ValueError("a stamp outside the range")
        found.append(Row(labels, stamps, [float(value) for _, value in result["values"]]))
    return found
