"""One call of AWS, every page of one, and tags: what all adapters do alike. Errors come out as ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from app.aws.session import FAILURES, source_error
from slo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_GONE = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "DashboardNotFoundError",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "ResourceNotFound",
    "ResourceNotFoundException",
}


def call(action: str, operation: Callable[..., Any], **request: Any) -> Any:
    """What AWS answers. SourceError names the IAM action."""
    try:
        return operation(**request)
    except FAILURES as error:
        raise source_error(action, error) from error


def unless_gone(action: str, operation: Callable[..., Any], **request: Any) -> Any | None:
    """As `call`; None when the thing is not there."""
    try:
        return call(action, operation, **request)
    except SourceError as error:
        if error_code(error.__cause__) in _GONE:
            return None
        raise


def paginated(action: str, client: Any, operation: str, **request: Any) -> Iterator[Mapping[str, Any]]:
    """By botocore's paginator."""
    try:
        yield from client.get_paginator(operation).paginate(**request)
    except FAILURES as error:
        raise source_error(action, error) from error


def pages(action: str, operation: Callable[..., Any], request: Mapping[str, Any]) -> Iterator[Any]:
    """Where botocore has no paginator, or a slow one."""
    return paged(action, lambda token: call(action, operation, **request, **({"NextToken": token} if token else {})))


def paged(action: str, ask: Callable[[str | None], Any]) -> Iterator[Any]:
    """Every page; `ask` is given the token of the one before. A token that comes back would page for ever: an error."""
    seen: set[str] = set()
    token: str | None = None
    while True:
        page = ask(token)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in seen:
            raise SourceError(f"{action}: the same NextToken came twice; trying again may help", retryable=True)
        seen.add(token)


def error_code(error: BaseException | None) -> str | None:
    """What AWS calls its refusal; None of an error that is not AWS's."""
    return str(error.response.get("Error", {}).get("Code")) if isinstance(error, ClientError) else None


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As every tagging operation takes them, sorted by key."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def of_tags(rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in rows}
