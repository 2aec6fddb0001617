"""The native alarms beside the engine, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.document import document
from slo.judge import document as verdict
from slo.units import format_minute

if TYPE_CHECKING:
    from alerts.breach import Breach
    from alerts.native import NativePage
    from alerts.native_differences import Difference, Episode
    from alerts.native_trial import Compared, NativeTrial
    from slo.units import Minute


def native(trial: NativeTrial) -> dict[str, Any]:
    """The key `native`: `heartbeat`, `objectives`, `not_native`, `totals`; times as RFC 3339."""
    totals = {
        "engine_pages": sum(one.engine_pages for one in trial.compared),
        "native_pages": sum(one.native_pages for one in trial.compared),
        "pages_lost": sum(one.pages for one in trial.alone),
        "differences": dict(sorted(trial.causes.items())),
    }
    return {
        "heartbeat": "missing",
        "objectives": [_objective(one) for one in trial.compared],
        "not_native": [{"objective": one.objective, "why": one.why, "pages": one.pages} for one in trial.alone],
        "totals": totals,
    }


def _objective(one: Compared) -> dict[str, Any]:
    form = one.native.form
    return {
        "objective": form.objective.id,
        "rule": verdict.rule(form.rule),
        "approximate": form.approximate,
        "engine_pages": one.engine_pages,
        "native_pages": one.native_pages,
        "episodes": [_episode(episode) for episode in one.episodes],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "engine": [_engine(breach) for breach in episode.engine],
        "native": [_native(page) for page in episode.native],
        "differences": [_difference(d) for d in episode.differences],
    }


def _engine(breach: Breach) -> dict[str, Any]:
    whole = document(breach)
    return {key: whole[key] for key in ("rule", "fired_at", "resolved_at", "notified_at")}


def _native(page: NativePage) -> dict[str, Any]:
    return {"alarm_at": format_minute(page.alarm_at), "ok_at": _time(page.ok_at), "told_at": _time(page.told_at)}


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "at": format_minute(difference.at),
        "minutes": difference.minutes,
        "reason": difference.cause,
    }


def _time(minute: Minute | None) -> str | None:
    return None if minute is None else format_minute(minute)
