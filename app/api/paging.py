"""Keyset pages: what comes after a key, at most so many, and the key to go on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
_Item = TypeVar("_Item")


def keyset(
    items: Iterable[_Item], key: Callable[[_Item], str], limit: int, cursor: str | None
) -> tuple[list[_Item], str | None]:
    """The items after the cursor by key, and the cursor of the next page or None."""
    found = sorted((item for item in items if cursor is None or key(item) > cursor), key=key)
    shown = found[:limit]
    return shown, key(shown[-1]) if len(found) > limit else None
