"""Events of ECS, AWS Backup and CloudTrail, as EventBridge tells of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from alerts.happened import MOST_NAMES, Happened, inner, kept, leaves, moment, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate

_ACTIONS = {
    "SERVICE_STEADY_STATE": ("other", "is steady"),
    "SERVICE_DESIRED_COUNT_UPDATED": ("scaling", "has another desired count"),
    "CAPACITY_PROVIDER_STEADY_STATE": ("other", "has steady capacity"),
    "SERVICE_TASK_START_IMPAIRED": ("restart", "cannot start tasks"),
    "SERVICE_TASK_PLACEMENT_FAILURE": ("scaling", "finds no place for tasks"),
    "SERVICE_TASK_CONFIGURATION_FAILURE": ("configuration", "has tasks that are configured wrongly"),
    "SERVICE_DISCOVERY_INSTANCE_UNHEALTHY": ("restart", "has an unhealthy instance"),
}
_DEPLOYMENTS = {
    "SERVICE_DEPLOYMENT_IN_PROGRESS": "started",
    "SERVICE_DEPLOYMENT_COMPLETED": "completed",
    "SERVICE_DEPLOYMENT_FAILED": "failed",
}
_CHANGES = ("Create", "Delete", "Modify", "Put", "Update", "Reboot", "Failover", "Stop", "Start", "Terminate", "Restore", "Set")


def deployment(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    detail = inner(envelope, "detail")
    names = tuple(texts(envelope.get("resources")))
    service, id_, name = _tail(names), text(detail, "deploymentId"), text(detail, "eventName")
    state = _DEPLOYMENTS.get(name, name or "changed")
    reason = text(detail, "reason")
    return _ecs(
        envelope,
        "deployment",
        f"deployment of {service} {state}" + (f": {reason}" if reason and state == "failed" else ""),
        names,
        moment(detail.get("updatedAt")),
        kept(deployment=id_, state=state, subject=service, reason=reason),
    )


def action(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    detail = inner(envelope, "detail")
    names = tuple(texts(envelope.get("resources")))
    name, reason = text(detail, "eventName"), text(detail, "reason")
    kind, words = _ACTIONS.get(name, ("other", f"told {name or 'nothing'}"))
    return _ecs(
        envelope,
        kind,
        f"{_tail(names)} {words}" + (f": {reason}" if reason else ""),
        names,
        moment(detail.get("createdAt")),
        kept(event=name, subject=_tail(names), reason=reason),
    )


def task(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """A task that stopped because somebody scaled or deployed is no restart; one that died is."""
    detail = inner(envelope, "detail")
    cluster, group = _tail((text(detail, "clusterArn"),)), text(detail, "group").removeprefix("service:")
    status, why = text(detail, "lastStatus"), text(detail, "stoppedReason")
    containers = detail.get("containers")
    reasons = [text(c, "reason") for c in containers if isinstance(c, dict)] if isinstance(containers, list) else []
    killed = next((reason for reason in reasons if reason), "")
    died = status == "STOPPED" and text(detail, "stopCode") in ("EssentialContainerExited", "TaskFailedToStart")
    told = "; ".join(part for part in (why, killed) if part)
    return _ecs(
        envelope,
        "restart" if died else "other",
        f"a task of {group or cluster} is {status or 'of unknown status'}" + (f": {told}" if told else ""),
        (f"{cluster}/{group}", group) if group else (),
        moment(detail.get("stoppedAt")) or moment(detail.get("updatedAt")),
        kept(status=status, subject=group, reason=told, stop_code=text(detail, "stopCode")),
    )


def backup_job(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """Of backups, copies and restores. Only a restore that completed tells how long one takes."""
    detail, what = inner(envelope, "detail"), text(envelope, "detail-type").partition(" ")[0].lower()
    state = text(detail, "state") or text(detail, "status")
    subject = text(detail, "resourceArn") or text(detail, "sourceResourceArn") or text(detail, "createdResourceArn")
    started, ended = moment(detail.get("creationDate")), moment(detail.get("completionDate"))
    done = what == "restore" and state == "COMPLETED"
    about = _tail((subject,)) if subject else text(detail, "resourceType") or "a resource"
    job = next((text(detail, name) for name in ("restoreJobId", "copyJobId", "backupJobId") if text(detail, name)), "")
    return Happened(
        "restore" if what == "restore" else "backup",
        f"{what} job of {about} is {state or 'of unknown state'}",
        ended or moment(envelope.get("time")),
        (*((subject,) if subject else ()), *texts(envelope.get("resources"))),
        account=text(envelope, "account") or None,
        region=text(envelope, "region") or None,
        document=kept(
            job=job,
            state=state,
            subject=about,
            phase="completed" if done else None,
            started_at=started if done else None,
            ended_at=ended if done else None,
        ),
    )


def api_call(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """Who called what. Of the parameters only names are looked at, and nothing of them is kept: there may be secrets."""
    detail = inner(envelope, "detail")
    name, service = text(detail, "eventName"), text(detail, "eventSource").removesuffix(".amazonaws.com")
    who, error = text(detail, "userIdentity", "arn"), text(detail, "errorCode")
    writes = name.startswith(_CHANGES) and not error
    return Happened(
        "configuration" if writes else "other",
        f"{service}:{name} by {who or 'somebody unknown'}" + (f", refused: {error}" if error else ""),
        moment(detail.get("eventTime")) or moment(envelope.get("time")),
        tuple(islice(leaves(detail.get("requestParameters")), MOST_NAMES)),
        account=text(envelope, "account") or None,
        region=text(envelope, "region") or None,
        document=kept(call=f"{service}:{name}", by=who, error=error),
    )


def _ecs(
    envelope: Mapping[str, Any], kind: str, title: str, names: tuple[str, ...], at: int | None, document: dict[str, Any]
) -> Happened:
    region, account = text(envelope, "region"), text(envelope, "account")
    when = at or moment(envelope.get("time"))
    return Happened(kind, title, when, names, ("ecs",), account=account or None, region=region or None, document=document)


def _tail(names: tuple[str, ...]) -> str:
    return names[0].rpartition("/")[2].rpartition(":")[2] if names and names[0] else "an unnamed service"
