"""Errors over HTTP: RFC 9457 problem details for programs, a small page for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE = "application/problem+json"
SCHEMA: dict[str, Any] = {
    "description": "Problem details (RFC 9457)",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                },
            }
        }
    },
}


def problem(
    status: int, detail: str, *, instance: str | None = None, headers: Mapping[str, str] | None = None, **extra: object
) -> Response:
    """`extra` members stand beside the standard ones, as the RFC allows."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **extra}
    if instance is not None:
        body["instance"] = instance
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)
