"""Desired alarms against live ones, as pages, API and reports show them: read now and then, and stamped with when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slo.plan import PENDING, differences, drift_of, ours_of
from slo.resource import COMPONENT, ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from slo.estate.spec import Severity
    from slo.plan import Field
    from slo.resource import Kind, Live, Resource

Standing = Literal["in_sync", "differs", "missing", "orphan"]
STANDINGS: tuple[Standing, ...] = ("differs", "missing", "orphan", "in_sync")
"""Most urgent first. An orphan is tagged as this estate's and declared by nobody."""


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """`state` is OK, ALARM or INSUFFICIENT_DATA of an alarm, confirmed or pending of a subscription; None where nothing lives.

    `severity` says which topic hears of it, None without actions; `actions_enabled` None where there are none to enable.
    """

    kind: Kind
    name: str
    account: str
    region: str
    component: str | None
    severity: Severity | None
    standing: Standing
    state: str | None
    actions_enabled: bool | None
    why: str

    @property
    def id(self) -> str:
        return f"{self.account}/{self.region}/{self.name}"


@dataclass(frozen=True, slots=True)
class AlarmInventory:
    """`read_at` (estate time) is None before the first read; `error` is the last read's, beside what was known before it.

    `unmanaged` are names under our prefix without our tags; `without` are components without alarms, and why.
    """

    read_at: datetime | None = None
    lines: tuple[AlarmLine, ...] = ()
    unmanaged: tuple[str, ...] = ()
    without: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    def count(self, standing: Standing) -> int:
        return sum(line.standing == standing for line in self.lines)


def inventory(
    estate: str,
    desired: Sequence[Resource],
    live: Sequence[Live],
    read_at: datetime,
    without: tuple[tuple[str, str], ...] = (),
) -> AlarmInventory:
    """Every desired resource and everything that is ours: the most urgent standing first, then what is in ALARM."""
    found = {one.resource.identity: one for one in live}
    wanted = {r.identity for r in desired}
    by_hand = {d.resource.identity for d in drift_of(estate, desired, live) if d.kind == "changed"}
    lines = [_declared(estate, r, found.get(r.identity), by_hand=r.identity in by_hand) for r in desired]
    left = [one for key, one in found.items() if key not in wanted]
    ours = ours_of(estate, desired, live)
    lines += [_left(one, is_orphan=one.resource.identity in ours) for one in left if one.resource.belongs_to(estate)]
    unmanaged = sorted(one.resource.name for one in left if not one.resource.belongs_to(estate))
    return AlarmInventory(read_at, tuple(sorted(lines, key=_rank)), tuple(unmanaged), without)


def _declared(estate: str, resource: Resource, live: Live | None, *, by_hand: bool) -> AlarmLine:
    if live is None:
        return _line(resource, None, "missing", "not there; sloop apply makes it")
    if not live.resource.belongs_to(estate) and resource.kind != "subscription":
        return _line(resource, live, "differs", "it is there without our tags, so it is somebody else's and left alone")
    fields = differences(dict(live.resource.spec), dict(resource.spec))
    if fields:
        who = "changed by hand" if by_hand else "the estate changed since it was applied"
        return _line(resource, live, "differs", f"{who}: {_told(fields)}")
    if live.status == PENDING:
        return _line(resource, live, "differs", "not confirmed by its endpoint: what is sent reaches nobody")
    return _line(resource, live, "in_sync", "")


def _left(live: Live, *, is_orphan: bool) -> AlarmLine:
    """Only a subscription is not an orphan: where the pager's address is not set, nobody can say that it is the wrong one."""
    if is_orphan:
        return _line(live.resource, live, "orphan", "nobody declares it any more")
    return _line(live.resource, live, "in_sync", "")


def _line(resource: Resource, live: Live | None, standing: Standing, why: str) -> AlarmLine:
    """What it is comes from the declaration where there is one, what it does from the live one."""
    spec = resource.spec if live is None else live.resource.spec
    actions = resource.spec.get("AlarmActions", ())
    return AlarmLine(
        resource.kind,
        resource.name,
        resource.account,
        resource.region,
        resource.tags.get(COMPONENT),
        _severity(actions),
        standing,
        None if live is None else live.status,
        bool(spec.get("ActionsEnabled")) if actions and live is not None else None,
        why,
    )


def _severity(actions: Sequence[str]) -> Severity | None:
    topics = {action.rsplit("-", 1)[-1] for action in actions}
    return "page" if topics & {"pages", "second"} else "ticket" if "tickets" in topics else None


def _told(fields: Sequence[Field]) -> str:
    return "; ".join(f"{f.path} {f.old} → {f.new}" for f in fields)


def _rank(line: AlarmLine) -> tuple[int, bool, int, str]:
    return STANDINGS.index(line.standing), line.state != "ALARM", ORDER.index(line.kind), line.id
