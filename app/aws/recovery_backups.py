"""AWS Backup: recovery points, their copies in the other region, and restores that were timed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, newest_of, seconds
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

_POINTS = "backup:ListRecoveryPointsByResource"
_POINT = "backup:DescribeRecoveryPoint"
_COPIES = "backup:ListCopyJobs"
_JOBS = "backup:ListRestoreJobsByProtectedResource"
_PROTECTED = "backup:DescribeProtectedResource"
_GONE = ("ResourceNotFoundException",)
CHECKED = 3
"""So many of the newest copies are looked up before they all count as gone."""


def look_at_backups(look: Look, arn: str | None, region: str | None) -> None:
    """`arn` is of what is protected, `region` where copies are wanted. Of what AWS Backup does not protect there is nothing."""
    if arn is None:
        return
    points = look.listed("backup", _POINTS, "RecoveryPoints", page_name="NextToken", slow=True, ResourceArn=arn)
    if isinstance(points, Unknown) or points:
        newest = points if isinstance(points, Unknown) else _newest(points)
        look.reading("backup", newest, f"{_POINTS} of {arn}: CreationDate of Status COMPLETED")
    if region is not None and (isinstance(points, Unknown) or points):
        made = {} if isinstance(points, Unknown) else {p["RecoveryPointArn"]: seconds(p["CreationDate"]) for p in points}
        source = f"{_COPIES} of {arn} and {_POINT} in {region}: COMPLETED and not expired"
        look.reading("backup-copy", _copied(look, arn, region, made), source)
        _restores(look, arn, region, "region-loss")
    _restores(look, arn, None, None)
    _tested(look, arn)


def _newest(points: list[Any]) -> int | Unknown:
    usable = (seconds(p["CreationDate"]) for p in points if p.get("Status") == "COMPLETED")
    return newest_of(usable, Unknown("no_backup", "AWS Backup has no recovery point that is COMPLETED"))


def _copied(look: Look, arn: str, region: str, made: dict[str, int]) -> int | Unknown:
    jobs = look.listed("backup", _COPIES, "CopyJobs", page_name="NextToken", slow=True, ByResourceArn=arn, ByState="COMPLETED")
    if isinstance(jobs, Unknown):
        return jobs
    # A finished job's copy may have expired since, which only its own region tells.
    there = [j for j in jobs if j.get("State") == "COMPLETED" and j["DestinationBackupVaultArn"].split(":")[3] == region]
    for job in sorted(there, key=lambda j: j["CreationDate"], reverse=True)[:CHECKED]:
        copy = _point(look, job, region)
        if isinstance(copy, Unknown):
            return copy
        if copy.get("Status") == "COMPLETED" and not _expired(copy, look.at):
            # Its data is as old as what was copied; the job began later. Without the original the older of both dates counts.
            return made.get(job["SourceRecoveryPointArn"], min(seconds(job["CreationDate"]), seconds(copy["CreationDate"])))
    return Unknown("no_copy", f"AWS Backup has no copy in {region} that is COMPLETED and not expired")


def _point(look: Look, job: Any, region: str) -> Any | Unknown:
    """{} where it is gone."""
    vault = job["DestinationBackupVaultArn"].rpartition(":")[2]
    arn = job["DestinationRecoveryPointArn"]
    return look.call("backup", _POINT, region=region, slow=True, absent=_GONE, BackupVaultName=vault, RecoveryPointArn=arn)


def _expired(copy: Any, at: int) -> bool:
    ends = copy.get("CalculatedLifecycle", {}).get("DeleteAt")
    return ends is not None and seconds(ends) <= at


def _restores(look: Look, arn: str, region: str | None, scenario: str | None) -> None:
    """Jobs that succeeded, and those that run; one in the other region shows what the loss of this one takes."""
    jobs = look.listed("backup", _JOBS, "RestoreJobs", page_name="NextToken", region=region, slow=True, ResourceArn=arn)
    for job in () if isinstance(jobs, Unknown) else jobs:
        for end in _ends(look, job):
            start = seconds(job["CreationDate"])
            source = f"{_JOBS} of {arn}: {job.get('RestoreJobId', '')}"
            look.event(RecoveryEvent(look.component.name, "restore", start, end, source, scenario))


def _ends(look: Look, job: Any) -> Iterator[int | None]:
    """Nothing of a restore that failed: it shows how long nothing takes."""
    if job.get("ValidationStatus") in ("FAILED", "TIMED_OUT"):
        look.refused("not_valid", f"restore job {job.get('RestoreJobId', '')}: its validation is {job['ValidationStatus']}")
    elif job["Status"] == "COMPLETED" and job.get("CompletionDate") is not None:
        yield seconds(job["CompletionDate"])
    elif job["Status"] == "RUNNING":
        yield None


def _tested(look: Look, arn: str) -> None:
    """The last restore, to the minute; it may be older than the jobs that are still listed."""
    answer = look.call("backup", _PROTECTED, slow=True, absent=_GONE, ResourceArn=arn)
    if isinstance(answer, Unknown):
        return
    took = answer.get("LatestRestoreExecutionTimeMinutes")
    if took and answer.get("LatestRestoreJobCreationDate") is not None:
        start = seconds(answer["LatestRestoreJobCreationDate"])
        source = f"{_PROTECTED} of {arn}: LatestRestoreExecutionTimeMinutes"
        look.event(RecoveryEvent(look.component.name, "restore", start, start + 60 * took, source))
