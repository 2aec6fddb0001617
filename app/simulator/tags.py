"""What TagResource, UntagResource and ListTagsForResource do with the tags of one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from app.simulator.wire import bad_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST = 50


class Tagged(Protocol):
    tags: dict[str, str]


def given(request: Mapping[str, Any]) -> dict[str, str]:
    """Those that something is made with, maybe none."""
    return _read(request.get("Tags") or ())


def tag(entry: Tagged, request: Mapping[str, Any], noun: str) -> dict[str, Any]:
    """All or none. Refused above the limit, of which `noun` tells whose it is."""
    tags = {**entry.tags, **_read(request["Tags"])}
    if len(tags) > MOST:
        raise bad_value(f"At most {MOST} tags per {noun}.")
    entry.tags = tags
    return {}


def untag(entry: Tagged, request: Mapping[str, Any]) -> dict[str, Any]:
    entry.tags = {key: value for key, value in entry.tags.items() if key not in request["TagKeys"]}
    return {}


def listed(entry: Tagged) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(entry.tags.items())]}


def _read(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in rows}
