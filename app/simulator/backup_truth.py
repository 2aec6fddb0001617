"""What AWS Backup and snapshots hold, at a moment: a daily point of each protected resource, copied to the other region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.simulator.recoverable import ACCOUNT, MADE, REGION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.simulator.faults import Fault
    from app.simulator.recoverable import Resources
    from app.simulator.xml_tree import Tree

DAY = 86400
BACKUP_HOUR, BACKUP_SECONDS, COPY_SECONDS = 3, 3600, 1800
KEPT_DAYS, SHOWN = 35, 7
STOPPED = ("backup-stopped", "region-loss")
VAULT = "daily"


@dataclass(frozen=True, slots=True)
class BackupTruth:
    """AWS Backup protects the instances; everything is dated by its begin, as AWS does, and there when it is done."""

    resources: Resources
    faults: Sequence[Fault]
    now: float

    def points(self, arn: str) -> list[dict[str, Any]]:
        return [self._point(arn, made) for made in self._made()] if self._protects(arn) else []

    def copies(self, arn: str) -> list[dict[str, Any]]:
        """Finished copy jobs."""
        region = self._region(arn)
        return [self._copy(arn, made, region) for made in self._copied()] if region else []

    def copy(self, point: str, region: str) -> dict[str, Any] | None:
        """The copy with this ARN, as its own region tells it."""
        made = point.rpartition("-")[2]
        if f":{region}:" not in point or not made.isdecimal() or int(made) not in self._copied():
            return None
        return {
            "RecoveryPointArn": point,
            "Status": "COMPLETED",
            "CreationDate": float(made) + BACKUP_SECONDS,
            "CalculatedLifecycle": {"DeleteAt": float(made) + KEPT_DAYS * DAY},
        }

    def restores(self, arn: str, region: str) -> list[dict[str, Any]]:
        """Jobs of restore tests, at home."""
        if region != REGION or not self._protects(arn):
            return []
        return [self._restore(f, number) for number, f in enumerate(self._tests())]

    def protected(self, arn: str) -> dict[str, Any] | None:
        made = self._made()
        if not self._protects(arn) or not made:
            return None
        last = next((f for f in reversed(self._tests()) if f.end <= self.now), None)
        tested = (
            {
                "LatestRestoreExecutionTimeMinutes": round((last.end - last.start) / 60),
                "LatestRestoreJobCreationDate": last.start,
            }
            if last
            else {}
        )
        return {"ResourceArn": arn, "ResourceType": "RDS", "LastBackupTime": float(made[0]), **tested}

    def snapshots(self, name: str, region: str) -> list[Tree]:
        """Of an instance: automated ones, at home only."""
        if region != REGION or name not in self.resources.instances:
            return []
        return [
            {
                "DBSnapshotIdentifier": f"rds:{name}-{made}",
                "DBInstanceIdentifier": name,
                "DbiResourceId": f"db-{int(MADE)}",
                "SnapshotCreateTime": float(made + 600),
                "OriginalSnapshotCreateTime": float(made + 600),
                "SnapshotDatabaseTime": float(made),
                "Status": "available",
                "SnapshotType": "automated",
            }
            for made in self._made()
        ]

    def cluster_snapshots(self, name: str, region: str) -> list[Tree]:
        if region != REGION or name not in self.resources.clusters:
            return []
        return [
            {
                "DBClusterSnapshotIdentifier": f"rds:{name}-{made}",
                "DBClusterIdentifier": name,
                "DBClusterSnapshotArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:rds:{name}-{made}",
                "SnapshotCreateTime": float(made),
                "Status": "available",
                "SnapshotType": "automated",
            }
            for made in self._made()
        ]

    def _protects(self, arn: str) -> bool:
        return arn in {f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}" for name in self.resources.instances}

    def _region(self, arn: str) -> str | None:
        return (self.resources.copies.get(arn.rpartition(":")[2]) or None) if self._protects(arn) else None

    def _made(self) -> list[int]:
        """The begins of the backups that are done, the newest first."""
        latest = int((self.now - BACKUP_HOUR * 3600 - BACKUP_SECONDS) // DAY * DAY + BACKUP_HOUR * 3600)
        return [made for made in range(latest, latest - SHOWN * DAY, -DAY) if not self._struck(made, STOPPED)]

    def _copied(self) -> list[int]:
        done = self.now - BACKUP_SECONDS - COPY_SECONDS
        late = ("copy-lag", "region-loss")
        return [made for made in self._made() if made <= done and not self._struck(made + BACKUP_SECONDS, late)]

    def _struck(self, at: float, names: tuple[str, ...]) -> bool:
        return any(f.name in names and f.start <= at < f.end for f in self.faults)

    def _tests(self) -> list[Fault]:
        return [f for f in self.faults if f.name == "restore-test" and f.start <= self.now]

    def _point(self, arn: str, made: int) -> dict[str, Any]:
        return {"RecoveryPointArn": _point_arn(REGION, arn, made), "CreationDate": float(made), "Status": "COMPLETED"}

    def _copy(self, arn: str, made: int, region: str) -> dict[str, Any]:
        return {
            "CopyJobId": f"copy-{made}",
            "State": "COMPLETED",
            "ResourceArn": arn,
            "SourceRecoveryPointArn": _point_arn(REGION, arn, made),
            "DestinationBackupVaultArn": f"arn:aws:backup:{region}:{ACCOUNT}:backup-vault:{VAULT}",
            "DestinationRecoveryPointArn": _point_arn(region, arn, made),
            "CreationDate": float(made + BACKUP_SECONDS),
            "CompletionDate": float(made + BACKUP_SECONDS + COPY_SECONDS),
        }

    def _restore(self, test: Fault, number: int) -> dict[str, Any]:
        done = test.end <= self.now
        ended = {"CompletionDate": test.end, "ValidationStatus": "SUCCESSFUL"} if done else {}
        return {
            "RestoreJobId": f"restore-{number}",
            "CreationDate": test.start,
            "Status": "COMPLETED" if done else "RUNNING",
            **ended,
        }


def _point_arn(region: str, arn: str, made: int) -> str:
    return f"arn:aws:backup:{region}:{ACCOUNT}:recovery-point:{arn.rpartition(':')[2]}-{made}"
