"""The tag index of an account: GetResources over what the simulator keeps, in pages, maybe behind the truth."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TARGET = "ResourceGroupsTaggingAPI_20170126"


@dataclass(slots=True, eq=False)
class TagIndex:
    """`sources` give ARN -> tags in a region; `others` are rows that belong to no region of ours.

    What is in `unknown` was tagged a moment ago, and the index does not know it yet.
    """

    sources: Sequence[Callable[[str], Mapping[str, Mapping[str, str]]]]
    others: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    unknown: set[str] = field(default_factory=set)

    def answer(self, operation: str, body: bytes, region: str) -> Response:
        if operation != "GetResources":
            return Response(json.dumps({"__type": "InvalidAction", "message": operation}), 400)
        request = json.loads(body or b"{}")
        found = [(arn, tags) for arn, tags in self._rows(region) if _fits(arn, tags, request)]
        start, size = int(request.get("PaginationToken") or 0), int(request.get("ResourcesPerPage", 50))
        token = str(start + size) if start + size < len(found) else ""
        page = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}
            for arn, tags in found[start : start + size]
        ]
        document = {"PaginationToken": token, "ResourceTagMappingList": page}
        return Response(json.dumps(document), media_type="application/x-amz-json-1.1")

    def _rows(self, region: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        for source in self.sources:
            yield from ((arn, tags) for arn, tags in source(region).items() if tags and arn not in self.unknown)
        for row in self.others():
            yield row["ResourceARN"], {tag["Key"]: tag["Value"] for tag in row["Tags"]}


def _fits(arn: str, tags: Mapping[str, str], request: Mapping[str, Any]) -> bool:
    wanted = request.get("TagFilters") or ()
    if not all(f["Key"] in tags and (not f.get("Values") or tags[f["Key"]] in f["Values"]) for f in wanted):
        return False
    parts = arn.split(":", 5)
    types = [(service, kind) for service, _, kind in (t.partition(":") for t in request.get("ResourceTypeFilters") or ())]
    return not types or any(service == parts[2] and kind in ("", _kind(parts[5])) for service, kind in types)


def _kind(rest: str) -> str:
    """`alarm:NAME` -> `alarm`, `dashboard/NAME` -> `dashboard`."""
    return rest.replace("/", ":", 1).split(":", 1)[0]
