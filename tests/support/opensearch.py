"""An index of OpenSearch on loopback: it reads what `_search` of our source asks and counts its documents."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.answering import Asked, Said, answering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class Index:
    """`documents` are (epoch milliseconds, status); `spoil` is laid over every answer, `says` replaces it."""

    name: str = "api-*"
    documents: list[tuple[int, int]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    spoil: dict[str, Any] = field(default_factory=dict)
    says: Said | None = None

    def put(self, minute: int, *statuses: int) -> None:
        self.documents += [(minute * 60_000 + 60_000 * n // len(statuses), status) for n, status in enumerate(statuses)]

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.says is not None:
            return self.says
        request = json.loads(asked.body)
        [(field_, within)] = request["query"]["range"].items()
        there = [d for d in self.documents if within["gte"] <= d[0] < within["lt"]] if field_ == "@timestamp" else []
        try:
            found = {name: _counted(there, wanted["filter"]) for name, wanted in request["aggs"].items()}
        except ValueError as error:
            reason = {"type": "parsing_exception", "reason": str(error)}
            return Said(400, [json.dumps({"error": {"root_cause": [reason], **reason}, "status": 400}).encode()])
        document = {
            "took": 1,
            "timed_out": False,
            "_shards": {"total": 2, "successful": 2, "skipped": 0, "failed": 0},
            "hits": {"total": {"value": min(1, len(there)), "relation": "gte"}, "hits": []},
            "aggregations": found,
        }
        return Said(200, [json.dumps(document | self.spoil).encode()])


def _counted(documents: list[tuple[int, int]], query: Mapping[str, Any]) -> dict[str, Any]:
    """It knows two queries in each of the two ways to write them."""
    every: tuple[Mapping[str, Any], ...] = ({"match_all": {}}, {"query_string": {"query": "*"}})
    bad: tuple[Mapping[str, Any], ...] = ({"range": {"status": {"gte": 500}}}, {"query_string": {"query": "status:>=500"}})
    if query not in every + bad:
        raise ValueError(f"unknown query {json.dumps(query)}")
    matching = [when for when, status in documents if query in every or status >= 500]
    minutes = Counter(when // 60_000 * 60_000 for when in matching)
    buckets = [{"key": key, "doc_count": count} for key, count in sorted(minutes.items())]
    return {"doc_count": len(matching), "minutes": {"buckets": buckets}}


@contextmanager
def searching() -> Iterator[tuple[Index, str]]:
    index = Index()
    with answering(index.answer) as url:
        yield index, url
