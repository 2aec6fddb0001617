"""OpenSearch as a source: documents that a query matches, counted per minute. No document is read.

`_count` tells one number per request. One `_search` of size 0 with a histogram tells those of every minute and every query of
an index at one moment, and whether the index holds anything at all in the range, so that is what is asked.
"""

from __future__ import annotations

import json
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import httpx
import numpy as np

from app.clock import WallClock
from app.ports import Span
from app.prometheus.deadline import Patience, PunctualTransport
from slo.errors import AccessDenied, SettingsError, SourceError, Throttled, one_line
from slo.estate.indicator import SearchQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

Service = Literal["es", "aoss"]

MINUTES_PER_CALL = 1440
"""Buckets of one histogram: a cluster refuses more than 65,535 in an answer, of 20 queries together."""
QUERIES_PER_CALL = 20
LARGEST_ANSWER = 32 * 2**20
ACTIONS: Mapping[Service, str] = {"es": "es:ESHttpPost", "aoss": "aoss:APIAccessAll"}
"""What IAM calls a search, by what is signed for."""

_PATIENCE = Patience(read=30, total=40)
_MONOTONIC = WallClock().monotonic


Counts = dict[int, int]
"""Documents by minute."""


class OpenSearchSource:
    """Answers SearchQuery; one failing query never stops the others."""

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        sign: httpx.Auth | None = None,
        service: Service = "es",
        patience: Patience = _PATIENCE,
    ) -> None:
        """`sign` signs for `service` of AWS, in place of a user. SettingsError when `url` is no address."""
        self._url = _address(url)
        self._action = ACTIONS[service] if sign is not None else "indices:data/read/search"
        self._client = httpx.Client(
            transport=PunctualTransport(httpx.create_ssl_context(), patience, _MONOTONIC),
            auth=httpx.BasicAuth(user, password) if user else sign,
            timeout=httpx.Timeout(patience.read, connect=patience.connect),
            trust_env=False,
        )

    def close(self) -> None:
        self._client.close()

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        del now  # what an index has lost comes back as missing
        return (Span(start, end),) if start < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        answers: dict[Query, Answer] = {}
        failures: list[SourceError] = []
        for some in _together(queries):
            for query, counts in self._counts(some, span).items():
                answers[query] = _series(counts) if isinstance(counts, dict) else Failed(str(counts))
                failures += [counts] if isinstance(counts, SourceError) else []
        if failures and len(failures) == len(answers):
            raise failures[0]
        return answers

    def _counts(self, queries: Sequence[SearchQuery], span: Span) -> Mapping[SearchQuery, Counts | SourceError]:
        """Of queries on one index. When it refuses them together, each is asked alone: one of them may be at fault."""
        found: dict[SearchQuery, Counts] = {query: {} for query in queries}
        try:
            for first in range(span.start, span.end, MINUTES_PER_CALL):
                last = min(first + MINUTES_PER_CALL, span.end)
                for query, counts in self._search(queries, first, last).items():
                    found[query] |= counts
        except SourceError as error:
            if error.retryable or len(queries) == 1:
                return dict.fromkeys(queries, error)
            return {query: counts for one in queries for query, counts in self._counts((one,), span).items()}
        return found

    def _search(self, queries: Sequence[SearchQuery], start: Minute, end: Minute) -> Mapping[SearchQuery, Counts]:
        index = queries[0].index
        where = f"OpenSearch {self._url}/{index}/_search"
        answer = self._post(f"/{quote(index, safe=',*')}/_search", _request(queries, start, end), where)
        try:
            _check_complete(answer, where)
            # Where the index holds no document at all, nobody knows whether nothing happened or nothing was delivered.
            empty = dict.fromkeys(range(start, end), 0) if answer["hits"]["total"]["value"] else {}
            found = (answer["aggregations"][f"q{n}"] for n in range(len(queries)))
            return {query: empty | _buckets(counted, start, end) for query, counted in zip(queries, found, strict=True)}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(f"{where}: not the counts of a search; check the URL", retryable=False) from None

    def _post(self, path: str, request: Mapping[str, Any], where: str) -> Any:
        body = json.dumps(request).encode()
        # Serverless refuses a signature without the digest of the body beside it.
        headers = {"content-type": "application/json", "x-amz-content-sha256": sha256(body).hexdigest()}
        try:
            with self._client.stream("POST", f"{self._url}{path}", content=body, headers=headers) as response:
                content = _capped(response, where)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{where}: {error or type(error).__name__}", retryable=True) from error
        if response.status_code >= 300:
            raise self._refusal(response.status_code, content, where)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise SourceError(f"{where}: HTTP {response.status_code} and no JSON: {content[:200]!r}", retryable=True) from None

    def _refusal(self, status: int, content: bytes, where: str) -> SourceError:
        message = f"{where}: HTTP {status}: {one_line(_reason(content))}"
        if status == 403:
            return AccessDenied(self._action, message)
        if status == 401:
            return SourceError(f"{message}; check SLOOP_OPENSEARCH_USER and its password", retryable=False)
        if status == 429:
            return Throttled(message)
        return SourceError(message, retryable=status >= 500)


def _address(url: str) -> str:
    """The address is left out of the message: what is wrong with it may be a password."""
    wanted = "SLOOP_OPENSEARCH_URL: not the address of a server; write it like https://127.0.0.1:9200"
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise SettingsError(wanted) from None
    if found.scheme not in ("http", "https") or not found.host or found.userinfo or found.query:
        raise SettingsError(f"{wanted}, and give a user in SLOOP_OPENSEARCH_USER")
    return str(found).rstrip("/")


def _together(queries: Sequence[Query]) -> Iterator[list[SearchQuery]]:
    """What one request can ask: queries on the same index by the same clock."""
    groups: dict[tuple[str, str], dict[SearchQuery, None]] = defaultdict(dict)
    for query in queries:
        if not isinstance(query, SearchQuery):
            raise TypeError(f"{query} is not for OpenSearch")
        groups[query.index, query.time_field][query] = None
    for members in groups.values():
        ordered = list(members)
        for first in range(0, len(ordered), QUERIES_PER_CALL):
            yield ordered[first : first + QUERIES_PER_CALL]


def _request(queries: Sequence[SearchQuery], start: Minute, end: Minute) -> dict[str, Any]:
    field = queries[0].time_field
    minutes = {"date_histogram": {"field": field, "fixed_interval": "1m", "min_doc_count": 1}}
    within = {"gte": start * 60_000, "lt": end * 60_000, "format": "epoch_millis"}
    return {
        "size": 0,
        "track_total_hits": 1,  # only whether there is any
        "query": {"range": {field: within}},
        "aggs": {f"q{n}": {"filter": json.loads(query.query), "aggs": {"minutes": minutes}} for n, query in enumerate(queries)},
    }


def _check_complete(answer: Any, where: str) -> None:
    """Shards that did not answer are documents that were not counted."""
    shards = answer["_shards"]
    if answer["timed_out"] or shards["failed"] or answer.get("terminated_early"):
        reason = "it timed out" if answer["timed_out"] else f"{shards['failed']} of {shards['total']} shards failed"
        raise SourceError(f"{where}: {reason}, so the counts are not whole", retryable=True)


def _buckets(counted: Mapping[str, Any], start: Minute, end: Minute) -> Counts:
    """ValueError where the minutes are not those of the range, or do not add up to what matched."""
    found = {int(bucket["key"]) // 60_000: int(bucket["doc_count"]) for bucket in counted["minutes"]["buckets"]}
    if not all(start <= minute < end for minute in found) or sum(found.values()) != counted["doc_count"]:
        raise ValueError("a document in several minutes, or in none of them")
    return found


def _reason(content: bytes) -> str:
    """What OpenSearch says of a refusal, its causes first."""
    try:
        error = json.loads(content)
        causes = error["error"]["root_cause"]
        return "; ".join(str(cause["reason"]) for cause in causes) or str(error["error"]["reason"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return content[:200].decode(errors="replace")


def _capped(response: httpx.Response, where: str) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER:
            raise SourceError(f"{where}: the answer is above {LARGEST_ANSWER // 2**20} MiB", retryable=False)
    return bytes(content)


def _series(counts: Counts) -> Series:
    minutes = sorted(counts)
    return Series(np.array(minutes, np.int64), np.array([counts[m] for m in minutes], np.float64))
