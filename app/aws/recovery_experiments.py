"""FIS experiments: what was broken on purpose, and when. They name the cause of an outage and time nothing themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, seconds
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIST = "fis:ListExperiments"
_GET = "fis:GetExperiment"
EXPERIMENT_DAYS = 90
_HAPPENED = frozenset({"running", "completed", "stopping", "stopped"})
_SCENARIOS: Mapping[str, str] = {
    "aws:rds:failover-db-cluster": "az-loss",
    "aws:rds:reboot-db-instances": "az-loss",
    "aws:elasticache:replicationgroup-interrupt-az-power": "az-loss",
    "aws:elasticache:interrupt-cluster-az-power": "az-loss",
    "aws:ecs:stop-task": "az-loss",
    "aws:ecs:drain-container-instances": "az-loss",
    "aws:s3:bucket-pause-replication": "region-loss",
    "aws:network:route-table-disrupt-cross-region-connectivity": "region-loss",
}
"""What an action takes away. Of any other one the scenario is not known, and it proves none."""
_PARTS: Mapping[str, tuple[str, str]] = {
    "rds": ("instance", "db:{}"),
    "docdb": ("cluster", "cluster:{}"),
    "elasticache": ("replication_group", "replicationgroup:{}"),
    "ecs": ("service", "service/{}"),
    "s3": ("bucket", "s3:::{}"),
}


def look_at_experiments(look: Look) -> None:
    """Of the last 90 days. Targets that are chosen by tags tell no resource, so they are nobody's."""
    part = _part(look)
    if part is None:
        return
    found = look.listed("fis", _LIST, "experiments", page_name="nextToken", slow=True, maxResults=100)
    for summary in () if isinstance(found, Unknown) else found:
        if look.at - seconds(summary["creationTime"]) < EXPERIMENT_DAYS * 86400 and summary["state"]["status"] in _HAPPENED:
            answer = look.call("fis", _GET, slow=True, absent=("ResourceNotFoundException",), id=summary["id"])
            if not isinstance(answer, Unknown) and answer:
                for event in _actions(look.component.name, answer["experiment"], part):
                    look.event(event)


def _part(look: Look) -> str | None:
    """How the ARN of this component ends."""
    key, form = _PARTS.get(look.component.kind, ("", ""))
    name = look.text(key)
    if name is None:
        return None
    cluster = look.text("cluster") if look.component.kind == "ecs" else None
    return form.format(f"{cluster}/{name}" if cluster else name)


def _actions(component: str, experiment: Any, part: str) -> Iterator[RecoveryEvent]:
    """Untimed: an experiment lasts as long as it was told to, however soon everything works again."""
    for name, action in experiment.get("actions", {}).items():
        targets = [experiment["targets"][t] for t in action.get("targets", {}).values() if t in experiment.get("targets", {})]
        if action.get("startTime") is not None and any(_is_of(a, part) for t in targets for a in t.get("resourceArns", ())):
            start = seconds(action["startTime"])
            scenario = _SCENARIOS.get(action.get("actionId", ""))
            source = f"{_GET} {experiment['id']}: {name} ({action.get('actionId', '')})"
            yield RecoveryEvent(component, "drill", start, start, f"FIS, {source}", scenario)


def _is_of(arn: str, part: str) -> bool:
    """The same region and account are given: experiments are asked for there."""
    return arn.endswith((f":{part}", part)) if part.startswith(("s3:::", "service/")) else arn.endswith(f":{part}")
