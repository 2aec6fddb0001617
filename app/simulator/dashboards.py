"""CloudWatch dashboards: global in their account, replaced whole, tagged only when they are made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.simulator import paging, tags
from app.simulator.dashboard_body import check
from app.simulator.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Operation = Callable[[Mapping[str, Any], float], dict[str, Any]]

PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclass(slots=True)
class Entry:
    arn: str
    body: str
    modified_at: float
    tags: dict[str, str] = field(default_factory=dict)


class Dashboards:
    def __init__(self, account: str) -> None:
        self._account = account
        self._entries: dict[str, Entry] = {}

    def operations(self, others: Mapping[str, Operation]) -> dict[str, Operation]:
        """Tags are one set of operations for alarms and dashboards: `others` are called for every other ARN."""
        tagging: dict[str, Operation] = {
            "TagResource": lambda request, _: tags.tag(self._tagged(request), request, "dashboard"),
            "UntagResource": lambda request, _: tags.untag(self._tagged(request), request),
            "ListTagsForResource": lambda request, _: tags.listed(self._tagged(request)),
        }
        return {
            "PutDashboard": self._put,
            "GetDashboard": lambda request, _: self._get(request),
            "ListDashboards": lambda request, _: self._list(request),
            "DeleteDashboards": lambda request, _: self._delete(request),
            **{name: _by_arn(own, others[name]) for name, own in tagging.items()},
        }

    def _put(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        name, body = request["DashboardName"], request["DashboardBody"]
        if not _NAME.fullmatch(name):
            raise _refuse("DashboardName takes 1 to 255 letters, digits, - and _.")
        findings = check(body)
        if errors := [f for f in findings if f.kind == "error"]:
            raise _refuse(f"The field DashboardBody is invalid: {'; '.join(f'{f.path}: {f.message}' for f in errors)}")
        known = self._entries.get(name)
        kept = known.tags if known else tags.given(request)
        self._entries[name] = Entry(f"arn:aws:cloudwatch::{self._account}:dashboard/{name}", body, now, kept)
        return {"DashboardValidationMessages": [{"DataPath": f.path, "Message": f.message} for f in findings]}

    def _get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        entry = self._named(request["DashboardName"])
        return {"DashboardArn": entry.arn, "DashboardBody": entry.body, "DashboardName": request["DashboardName"]}

    def _list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = [
            {"DashboardName": name, "DashboardArn": e.arn, "LastModified": e.modified_at, "Size": len(e.body.encode())}
            for name, e in sorted(self._entries.items())
            if name.startswith(request.get("DashboardNamePrefix") or "")
        ]
        page, token = paging.rows(found, request, PAGE)
        return {"DashboardEntries": page, **token}

    def _delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """All or none."""
        for name in request["DashboardNames"]:
            self._named(name)
        for name in request["DashboardNames"]:
            self._entries.pop(name, None)
        return {}

    def _named(self, name: str) -> Entry:
        if name not in self._entries:
            raise Refused("ResourceNotFound", f"Dashboard {name} does not exist", status=404, shape="DashboardNotFoundError")
        return self._entries[name]

    def _tagged(self, request: Mapping[str, Any]) -> Entry:
        name = request["ResourceARN"].partition(":dashboard/")[2]
        if name not in self._entries:
            raise Refused("ResourceNotFoundException", f"There is no dashboard {name}.", status=404)
        return self._entries[name]


def _by_arn(own: Operation, other: Operation) -> Operation:
    return lambda request, now: (own if ":dashboard/" in request["ResourceARN"] else other)(request, now)


def _refuse(message: str) -> Refused:
    return Refused("InvalidParameterInput", message, shape="DashboardInvalidInputError")
