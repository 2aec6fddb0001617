"""What PagerDuty makes of the messages of one dedup key: triggered by the first ALARM, resolved by OK."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Incident:
    """Times are ISO 8601; `messages` counts the notifications that were folded into it."""

    dedup_key: str
    title: str
    severity: str
    opened_at: str
    description: str = ""
    link: str | None = None
    status: str = "triggered"
    resolved_at: str | None = None
    messages: int = 1

    def document(self) -> dict[str, Any]:
        names = ("dedup_key", "status", "title", "severity", "opened_at", "resolved_at", "messages")
        return {name: getattr(self, name) for name in names}
