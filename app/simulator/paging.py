"""Next tokens: where a page ended, tied to the request it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from app.simulator.wire import bad_token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Row = TypeVar("_Row")
_FREE = frozenset({"NextToken", "MaxDatapoints", "MaxRecords"})
"""May change from page to page."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next page starts at this datapoint of this query, seen as of `now`, so that pages fit together."""

    now: float
    request: str
    query: int = 0
    point: int = 0

    @classmethod
    def read(cls, request: Mapping[str, Any], now: float) -> Cursor:
        own = _fingerprint(request)
        token = request.get("NextToken")
        if token is None:
            return cls(now, own)
        try:
            cursor = cls(*orjson.loads(base64.urlsafe_b64decode(token)))
        except (binascii.Error, ValueError, TypeError):
            raise bad_token() from None
        if cursor.request != own:
            raise bad_token()
        return cursor

    def next(self, query: int, point: int) -> str:
        at = replace(self, query=query, point=point)
        return base64.urlsafe_b64encode(orjson.dumps([at.now, at.request, at.query, at.point])).decode()


def rows(found: Sequence[_Row], request: Mapping[str, Any], size: int) -> tuple[list[_Row], dict[str, str]]:
    """One page of plain rows, and its NextToken if more follow."""
    cursor = Cursor.read(request, 0.0)
    end = cursor.point + size
    return list(found[cursor.point : end]), {"NextToken": cursor.next(0, end)} if end < len(found) else {}


def _fingerprint(request: Mapping[str, Any]) -> str:
    fixed = {name: value for name, value in request.items() if name not in _FREE}
    return hashlib.sha256(orjson.dumps(fixed, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
