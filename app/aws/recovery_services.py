"""ECS: tasks that were lost in numbers and came back, told by the events of a service; deployments are none of that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, seconds
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SERVICES = "ecs:DescribeServices"
_DEPLOYMENTS = "ecs:ListServiceDeployments"
_TASK = re.compile(r"\(task (?P<task>[^)\s]+)\).* is unhealthy in ")
_UNPLACED = re.compile(r"was unable to place a task|is unable to consistently start tasks")
_STEADY = "has reached a steady state"
AN_AZ = 3
"""Of three zones: fewer than a third of the tasks is one that broke, and no loss of a zone."""


def look_at_service(look: Look) -> None:
    cluster, name = look.text("cluster"), look.text("service")
    if cluster is None or name is None:
        return
    answer = look.call("ecs", _SERVICES, cluster=cluster, services=[name])
    deployments = look.listed(
        "ecs", _DEPLOYMENTS, "serviceDeployments", page_name="nextToken", slow=True, cluster=cluster, service=name
    )
    # What belongs to a deployment is only known where deployments are.
    if isinstance(answer, Unknown) or isinstance(deployments, Unknown):
        return
    for service in answer.get("services", ()):
        for event in _failovers(look, service, _spans(deployments, look.at)):
            look.event(event)


def _spans(deployments: Sequence[Any], at: int) -> list[tuple[int, int]]:
    return [
        (seconds(d["startedAt"]), seconds(d["finishedAt"]) if d.get("finishedAt") else at)
        for d in deployments
        if d.get("startedAt") is not None
    ]


def _failovers(look: Look, service: Any, deployed: Sequence[tuple[int, int]]) -> Iterator[RecoveryEvent]:
    """From the first task that was unhealthy or could not be placed to the next steady state."""
    source = f"{_SERVICES} of {service.get('serviceName', '')}: events"
    start: int | None = None
    lost: set[str] = set()
    for at, text in sorted((seconds(e["createdAt"]), e["message"]) for e in service.get("events", ())):
        if _STEADY in text:
            if start is not None and _many(lost, service):
                yield RecoveryEvent(look.component.name, "failover", start, at, source)
            start, lost = None, set()
        elif not any(begin <= at <= end for begin, end in deployed):
            told = _TASK.search(text)
            if told is not None or _UNPLACED.search(text):
                start = at if start is None else start
                lost.add("" if told is None else told["task"])
    if start is not None and _many(lost, service):
        yield RecoveryEvent(look.component.name, "failover", start, None, source)


def _many(lost: set[str], service: Any) -> bool:
    """A task that could not be placed ("") is a zone without room."""
    return "" in lost or len(lost) * AN_AZ >= max(1, service.get("desiredCount", 0))
