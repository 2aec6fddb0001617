"""Describe calls that may be refused: what they answer, or why there is no answer, with the IAM action that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import xform_name

from app.aws.calls import error_code
from app.aws.session import FAILURES, source_error
from slo.errors import AccessDenied, SourceError, Throttled
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from app.aws.recovery_memory import Memory
    from app.aws.session import AwsSession, Failure
    from slo.estate.spec import Account, Component

_NOT_FOUND = (
    "DBInstanceNotFound",
    "DBClusterNotFoundFault",
    "ReplicationGroupNotFoundFault",
    "NoSuchBucket",
    "ClusterNotFoundException",
    "ServiceNotFoundException",
)
_OPERATIONS = {"s3:GetReplicationConfiguration": "get_bucket_replication"}
"""Where the IAM action is called otherwise than the operation."""


class Calls:
    """Of one look at one component, at `at` (epoch seconds). A refusal is a gap and stops nothing else."""

    def __init__(self, session: AwsSession, memory: Memory, component: Component, account: Account | None, at: int) -> None:
        self._session, self.memory, self.account = session, memory, account
        self.component, self.at = component, at
        self._gaps: dict[str, Unknown] = {}

    @property
    def gaps(self) -> tuple[Unknown, ...]:
        return tuple(self._gaps.values())

    def gap(self, unknown: Unknown) -> None:
        """The same refusal is told once."""
        self._gaps[unknown.text] = unknown

    def refused(self, code: str, text: str) -> Unknown:
        unknown = Unknown(code, text)
        self.gap(unknown)
        return unknown

    def call(
        self,
        service: str,
        action: str,
        /,
        *,
        region: str | None = None,
        slow: bool = False,
        absent: Collection[str] = (),
        **request: Any,
    ) -> Any | Unknown:
        """What the operation of this IAM action answers; {} for the error codes of `absent`, Unknown where it was refused.

        What is `slow` to change is asked for once in a quarter of an hour; a refusal is not kept, so the next look asks again.
        """
        key = self._key(service, action, region, request)
        known = self.memory.kept(key, self.at) if slow else None
        if known is not None:
            return known
        try:
            client = self._session.client(service, None if self.account is None else self.account.name, region)
            answer: Any = getattr(client, _OPERATIONS.get(action, xform_name(action.partition(":")[2])))(**request)
        except SourceError as error:
            return self.refused("source_error", str(error))
        except FAILURES as error:
            if error_code(error) not in absent:
                return self._explained(action, error)
            answer = {}
        if slow:
            self.memory.keep(key, self.at, answer)
        return answer

    def listed(
        self,
        service: str,
        action: str,
        items: str,
        /,
        *,
        page_name: str,
        region: str | None = None,
        slow: bool = False,
        **request: Any,
    ) -> list[Any] | Unknown:
        """All pages or none: half of a list has no newest. `page_name` is how request and answer name the next page."""
        key = ("all", *self._key(service, action, region, request))
        known: list[Any] | None = self.memory.kept(key, self.at) if slow else None
        if known is not None:
            return known
        found: list[Any] = []
        seen: set[str] = set()
        page: dict[str, Any] = {}
        while True:
            answer = self.call(service, action, region=region, absent=("ResourceNotFoundException",), **request, **page)
            if isinstance(answer, Unknown):
                return answer
            found += answer.get(items, ())
            following = answer.get(page_name)
            if not following:
                break
            if following in seen:
                return self.refused("source_error", f"{action}: the same page came twice; the next look asks again")
            seen.add(following)
            page = {page_name: following}
        if slow:
            self.memory.keep(key, self.at, found)
        return found

    def _key(self, service: str, action: str, region: str | None, request: dict[str, Any]) -> tuple[Hashable, ...]:
        account = None if self.account is None else self.account.name
        return account, service, action, region, repr(sorted(request.items()))

    def _explained(self, action: str, error: Failure) -> Unknown:
        told = source_error(action, error)
        if error_code(error) in _NOT_FOUND:
            fix = f"was it renamed or replaced? correct the resource of {self.component.name}"
            return self.refused("not_found", f"{told}; {fix}")
        if isinstance(told, AccessDenied):
            return self.refused("access_denied", f"not evidenced: needs {told.action}")
        return self.refused("throttled" if isinstance(told, Throttled) else "source_error", str(told))
