"""The twin of CloudTrail: knows what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.ports import Author, Untold

if TYPE_CHECKING:
    from slo.resource import Identity, Resource


@dataclass(slots=True, eq=False)
class MemoryTrail:
    """`changes` by what was changed, the oldest first."""

    changes: dict[Identity, list[Author]] = field(default_factory=dict)

    def who_changed(self, resource: Resource) -> Author | Untold:
        known = self.changes.get(resource.identity)
        return known[-1] if known else Untold("nobody was seen changing it")
