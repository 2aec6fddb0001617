"""Reads recovery points, failovers and what protects a component from AWS. One refused call never stops the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.recovery_cache import look_at_cache
from app.aws.recovery_databases import look_at_cluster, look_at_instance
from app.aws.recovery_experiments import look_at_experiments
from app.aws.recovery_look import Look
from app.aws.recovery_memory import Memory
from app.aws.recovery_metrics import RecoveryMetrics
from app.aws.recovery_objects import look_at_bucket, look_at_queue
from app.aws.recovery_services import look_at_service
from app.ports import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from app.aws.session import AwsSession
    from app.ports import Source
    from slo.estate.spec import Account, Component

_LOOKS: Mapping[str, Callable[[Look], None]] = {
    "rds": look_at_instance,
    "docdb": look_at_cluster,
    "elasticache": look_at_cache,
    "s3": look_at_bucket,
    "sqs": look_at_queue,
    "ecs": look_at_service,
}


class AwsRecovery:
    """Implements RecoveryReader; `source` answers the metrics (lags, queue lengths)."""

    def __init__(self, session: AwsSession, source: Source) -> None:
        self._session, self._metrics, self._memory = session, RecoveryMetrics(source), Memory()

    def read(self, component: Component, account: Account | None, now: datetime) -> Findings:
        look_at = _LOOKS.get(component.kind)
        if look_at is None:
            return Findings()
        look = Look(self._session, self._metrics, self._memory, component, account, int(now.timestamp()))
        look_at(look)
        look_at_experiments(look)
        return look.findings()
