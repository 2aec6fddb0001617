"""The native alarms beside the engine, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.native_differences import CAUSES
from app.cli.output import print_table
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.native_differences import Difference, Episode
    from alerts.native_trial import Compared, NativeTrial
    from slo.units import Minute


def print_native(trial: NativeTrial) -> None:
    print("\nnative alarms, with Sloop's heartbeat missing throughout:")
    header = ("OBJECTIVE", "SLOOP FIRED", "RESOLVED", "CLOUDWATCH ALARM", "OK", "DIFFERENCES")
    print_table(header, [row for one in trial.compared for episode in one.episodes for row in _rows(one, episode)])
    for cause in sorted(trial.causes):
        print(f"{cause} ({trial.causes[cause]}): {CAUSES[cause]}")
    for one in trial.alone:
        lost = f"; {one.pages} pages would be lost" if one.pages else ""
        print(f"no native alarm for {one.objective}: {one.why}{lost}")
    engine, native = sum(c.engine_pages for c in trial.compared), sum(c.native_pages for c in trial.compared)
    print(f"pages: Sloop {engine}, CloudWatch {native}")


def _rows(one: Compared, episode: Episode) -> Iterable[tuple[str, ...]]:
    """As many rows as the longer side has pages; the differences stand in the first."""
    for n in range(max(len(episode.engine), len(episode.native))):
        engine = [(_time(b.fired_at), _time(b.resolved_at)) for b in episode.engine[n : n + 1]] or [("", "")]
        native = [(_time(p.alarm_at), _time(p.ok_at)) for p in episode.native[n : n + 1]] or [("", "")]
        told = ", ".join(map(_difference, episode.differences)) if n == 0 else ""
        yield (one.native.form.objective.id, *engine[0], *native[0], told)


def _difference(difference: Difference) -> str:
    apart = "" if difference.minutes is None else f" by {difference.minutes}m"
    return f"{difference.kind.replace('_', ' ')}{apart}: {difference.cause}"


def _time(minute: Minute | None) -> str:
    return "open" if minute is None else format_minute(minute)
