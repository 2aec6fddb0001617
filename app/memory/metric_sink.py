"""The twin of CloudWatch's custom metrics: keeps what was put, and fails when it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import MetricPoint
    from slo.errors import SourceError
    from slo.resource import Place


@dataclass(slots=True, eq=False)
class MemoryMetricSink:
    """`kept` is by place and namespace; `failures` are raised one per call before anything is taken again."""

    kept: dict[tuple[Place, str], list[MetricPoint]] = field(default_factory=dict)
    failures: list[SourceError] = field(default_factory=list)

    def put(self, place: Place, namespace: str, points: Sequence[MetricPoint]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if points:
            self.kept.setdefault((place, namespace), []).extend(points)
