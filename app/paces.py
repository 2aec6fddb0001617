"""How often each kind of source is read, and how long after a minute: one answer for the service and for `sloop cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.watch import Pace

if TYPE_CHECKING:
    from app.binding import SourceKind
    from app.settings import Settings


LOGS_REREAD = 10
"""Minutes: each one that is read again is scanned and paid again."""


def pace_of(kind: SourceKind, settings: Settings) -> Pace:
    if kind == "prometheus":
        return Pace(settings.prometheus_settle_seconds, settings.prometheus_poll_minutes)
    if kind in ("logs", "opensearch"):
        return Pace(settings.logs_settle_seconds, settings.logs_poll_minutes, LOGS_REREAD)
    return Pace(settings.settle_seconds, settings.poll_minutes)
