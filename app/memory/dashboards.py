"""The twin of Grafana and of CloudWatch's dashboards: keeps what was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.resource import Kind, Live, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.plan import Change


@dataclass(slots=True, eq=False)
class MemoryDashboards:
    kinds: frozenset[Kind] = frozenset({"dashboard", "grafana"})
    kept: dict[tuple[Kind, str], Resource] = field(default_factory=dict)

    def read(self, estate: str) -> Sequence[Live]:
        return [Live(resource) for resource in self.kept.values() if resource.belongs_to(estate)]

    def write(self, change: Change) -> None:
        resource = change.resource
        if change.op == "delete":
            self.kept.pop((resource.kind, resource.name), None)
        else:
            self.kept[resource.kind, resource.name] = resource
