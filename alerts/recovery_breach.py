"""A recovery target in danger, worth telling: a row that opens, is told and resolves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from slo.estate.spec import Severity

RecoveryTrouble = Literal["exposure_over", "exposure_near", "replication_stopped", "backup_missing", "proof_expired"]


@dataclass(frozen=True, slots=True)
class RecoveryBreach:
    """Times are epoch seconds. One key tells all troubles of a component in a scenario: see `alerts.naming.recovery_key`."""

    component: str
    scenario: str
    kind: RecoveryTrouble
    severity: Severity
    opened_at: int
    detail: str
    notified_at: int | None = None
    resolved_at: int | None = None

    @property
    def id(self) -> str:
        """Stable, and safe in URLs."""
        return f"recovery.{self.component}.{self.scenario}.{self.kind}.{self.opened_at}"

    @property
    def open(self) -> bool:
        return self.resolved_at is None
