"""Who writes: the field `actor` of what is sent, or the header `X-Sloop-Actor` while there is no sign-in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, HTTPException

HEADER = "X-Sloop-Actor"
ActorHeader = Annotated[str | None, Header(alias=HEADER, max_length=100, description="Who writes, unless the body says so")]


def actor_of(field: str | None, header: str | None) -> str:
    """The field goes first. HTTPException 422 where neither names anybody."""
    actor = (field or header or "").strip()
    if not actor:
        raise HTTPException(422, f"nobody is named; give `actor` or the header {HEADER}")
    return actor
