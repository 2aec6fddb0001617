"""What recovery keeps from one look to the next: answers of things that change slowly, and who was the writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

SLOW_SECONDS = 900
"""Snapshots, backups and experiments are asked for this often: nothing about them is newer than a quarter of an hour."""


@dataclass(slots=True, eq=False)
class Memory:
    """Lost at a restart: then everything is asked anew, and a change during the pause is not seen. Times in epoch seconds."""

    _kept: dict[Hashable, tuple[int, Any]] = field(default_factory=dict)
    _facts: dict[Hashable, tuple[int, str]] = field(default_factory=dict)

    def kept(self, key: Hashable, at: int) -> Any | None:
        """The answer to the same question, while it is young enough."""
        found = self._kept.get(key)
        return found[1] if found is not None and at - found[0] < SLOW_SECONDS else None

    def keep(self, key: Hashable, at: int, answer: Any) -> None:
        """What is too old goes, so that ids which never come back do not pile up."""
        self._kept = {k: v for k, v in self._kept.items() if at - v[0] < SLOW_SECONDS}
        self._kept[key] = at, answer

    def changed(self, key: Hashable, at: int, value: str) -> int | None:
        """When something else was seen last; None where it is as it was, or is seen for the first time."""
        before = self._facts.get(key)
        self._facts[key] = at, value
        return before[0] if before is not None and before[1] != value else None
