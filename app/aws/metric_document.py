"""The JSON of a GetMetricData answer: read by orjson, and timestamps that most series share read once."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_MEMBER = b'"Timestamps":'
_STAMPS = re.compile(rb'"Timestamps":(\[[^\]]+\])')
_WORTH_SHARING = 256
"""Bytes of a series' timestamps from which on it is less work to cut them out than to read them again."""


def read(body: bytes) -> dict[str, Any] | None:
    """None of what is no answer: a connection that breaks leaves half of one, which botocore hands over without a word."""
    try:
        document = _read(body)
    except orjson.JSONDecodeError:
        document = _lenient(body)
    return document if _is_answer(document) else None


def _is_answer(document: Any) -> bool:
    results = (document.get("MetricDataResults") or []) if isinstance(document, dict) else None
    return isinstance(results, list) and all(isinstance(r, dict) for r in results)


def _read(body: bytes) -> Any:
    """Most series of an answer have the same timestamps, which are half of it: they are read once."""
    first = _STAMPS.search(body)
    if first is None or len(first[0]) < _WORTH_SHARING:
        return orjson.loads(body)
    document = orjson.loads(_without(body, first[0]))
    shared = orjson.loads(first[1])
    if _is_answer(document):
        for result in document.get("MetricDataResults") or ():
            if result.get("Timestamps") is True:
                result["Timestamps"] = shared
    return document


def _without(body: bytes, stamps: bytes) -> bytes:
    """`true` in the place of these bytes. In JSON they are nothing but this member: a quote inside of a string is escaped."""
    pieces: list[bytes] = []
    start, at = 0, body.find(_MEMBER)
    while at >= 0:
        if body.startswith(stamps, at):
            pieces += body[start:at], _MEMBER, b"true"
            start = at + len(stamps)
        at = body.find(_MEMBER, max(start, at + 1))
    return b"".join((*pieces, body[start:]))


def _lenient(body: bytes) -> Any:
    """As botocore reads JSON: NaN and Infinity are numbers."""
    try:
        return json.loads(body)
    except ValueError:
        return None
