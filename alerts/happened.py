"""What a message of AWS says, before it is known whose it is; and how its values are read: anybody may have written them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from alerts.text import clip, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Phase = Literal["started", "completed", "abandoned"]
MOST = 300
"""Characters of a title or a value that is kept."""
MOST_NAMES = 50
MOST_DEPTH = 6
"""Of what AWS sends nothing of use lies deeper."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`at` is in epoch seconds, None where it does not say. `names` are ARNs and names of what it is about, the most telling

    first, and `kinds` the kinds of component that may be; `component` where the message itself says whose it is. `document`
    holds what is kept of it.
    """

    kind: str
    title: str
    at: int | None = None
    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    component: str | None = None
    account: str | None = None
    region: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


def text(document: Mapping[str, Any], *path: str) -> str:
    """One line of at most 300 characters; empty where there is none, or where it is not text."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return clip(line(found), MOST) if isinstance(found, str) else ""


def inner(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def texts(value: Any) -> Iterator[str]:
    """Of a list those that are text; text that stands alone is one."""
    items = value[:MOST_NAMES] if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, str):
            yield clip(line(item), MOST)


def leaves(value: Any, depth: int = MOST_DEPTH) -> Iterator[str]:
    """Every text in a JSON value, not deeper than that."""
    if isinstance(value, str):
        yield clip(line(value), MOST)
    elif isinstance(value, dict | list) and depth:
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item, depth - 1)


def moment(value: Any) -> int | None:
    """Epoch seconds of ISO 8601 text; without a zone it is UTC, as AWS writes it."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def kept(**values: Any) -> dict[str, Any]:
    """Without what is not known."""
    return {name: value for name, value in values.items() if value not in ("", None, ())}
