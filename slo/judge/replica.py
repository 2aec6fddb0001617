"""What a read replica's lag is worth as a recovery point."""

from __future__ import annotations

from slo.judge.recovery_point import Unknown

IDLE_SECONDS = (60, 330)
QUIET_BYTES = 1024.0
"""Written per second: below it PostgreSQL fills no log segment in five minutes (16 MiB), so only the timer ships one."""


def replica_point(
    at: int, lag: float | None, *, replicating: bool | None, written: float | None
) -> tuple[int | Unknown, str | None]:
    """(newest point in epoch seconds, note). `lag` in seconds, `written` in bytes per second; None where it is not known.

    ReplicaLag of an idle source climbs to five minutes and falls back, though nothing is missing on the replica. With a
    replica that reports itself replicating and a source that writes next to nothing the lag is only an upper bound.
    """
    if replicating is False or (lag is not None and lag < 0):
        return Unknown("replication_stopped", "the replica is not replicating: its lag says nothing"), None
    if lag is None:
        return Unknown("no_data", "ReplicaLag had no datapoint in 15 min"), None
    idle = written is not None and written < QUIET_BYTES and IDLE_SECONDS[0] < lag <= IDLE_SECONDS[1]
    note = "idle primary: ReplicaLag climbs to 5 min while nothing is written, so this is an upper bound" if idle else None
    return at - round(lag), note
