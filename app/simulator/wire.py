"""How CloudWatch answers on the wire: JSON 1.0 with numbers for times, and errors that botocore understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPE = "application/x-amz-json-1.0"


class Refused(Exception):
    """An AWS error: `code` as clients see it, `shape` where the model names it otherwise."""

    def __init__(self, code: str, message: str, *, status: int = 400, shape: str | None = None) -> None:
        self.code, self.message, self.status, self.shape = code, message, status, shape or code
        super().__init__(message)


def invalid(message: str) -> Refused:
    return Refused("ValidationError", message)


def missing(name: str) -> Refused:
    return Refused("MissingParameter", f"The parameter {name} is required.", shape="MissingRequiredParameterException")


def bad_value(message: str) -> Refused:
    return Refused("InvalidParameterValue", message, shape="InvalidParameterValueException")


def bad_token() -> Refused:
    return Refused("InvalidNextToken", "The next token is not one of this request.")


def answer(document: Mapping[str, Any]) -> Response:
    """Numpy arrays are written as JSON arrays."""
    return Response(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY), media_type=_TYPE)


def refuse(refused: Refused) -> Response:
    fault = "Sender" if refused.status < 500 else "Receiver"
    body = orjson.dumps({"__type": f"com.amazonaws.cloudwatch#{refused.shape}", "message": refused.message})
    headers = {"x-amzn-query-error": f"{refused.code};{fault}"}
    return Response(body, refused.status, headers, _TYPE)
