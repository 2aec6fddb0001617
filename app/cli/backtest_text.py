"""A back-test as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.backtest import in_order
from alerts.text import line
from app.cli.output import print_table
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from alerts.breach import Breach
    from alerts.score import Finding, Score
    from alerts.trial import Effect, Trial
    from slo.judge.burn import Rule


def print_trials(trials: Sequence[Trial], effects: Sequence[Effect]) -> None:
    """The breaches of the first trial, and beside them only what was asked for."""
    declared = trials[0]
    header = ("FIRED", "RESOLVED", "TOLD", "SEVERITY", "OBJECTIVE", "RULE")
    print_table(header, [_breach(breach) for breach in in_order(declared.played)])
    if declared.score is not None:
        _print_score(declared.score)
    if len(trials) > 1:
        _print_policies(trials)
    for effect in effects:
        print()
        print(_effect(effect))


def _breach(breach: Breach) -> tuple[str, ...]:
    return (
        format_minute(breach.fired_at),
        ("open" if breach.resolved_at is None else format_minute(breach.resolved_at))
        + (", flapping" if breach.flapping else ""),
        "never" if breach.notified_at is None else format_minute(breach.notified_at),
        breach.severity,
        breach.objective,
        _rule(breach.rule),
    )


def _print_score(score: Score) -> None:
    print()
    header = ("INCIDENT", "START", "END", "OBJECTIVE", "OUTCOME", "AFTER", "PAGE")
    print_table(header, [_finding(finding) for finding in score.findings])
    for page in score.false:
        print(f"false page: {page.objective} at {format_minute(page.fired_at)} by {_rule(page.rule)}")
    detected, missed, unjudged = (score.count(outcome) for outcome in ("detected", "missed", "not_judged"))
    times = f"median time to detect {_minutes(score.median_time)}, worst {_minutes(score.worst_time)}"
    print(f"detected {detected}, missed {missed}, not judged {unjudged}; pages {len(score.pages)}, false {len(score.false)}")
    print(f"precision {_percent(score.precision)}, recall {_percent(score.recall)}; {times}")


def _finding(finding: Finding) -> tuple[str, ...]:
    incident, page = finding.incident, finding.page
    return (
        line(incident.title),
        format_minute(incident.start),
        format_minute(incident.end),
        incident.objective or "any",
        finding.outcome.replace("_", " "),
        _minutes(finding.minutes),
        "" if page is None else f"{page.objective} {_rule(page.rule)}",
    )


def _print_policies(trials: Sequence[Trial]) -> None:
    print()
    known = trials[0].score is not None
    more = ("DETECTED", "MISSED", "FALSE", "MEDIAN TIME") if known else ()
    print_table(("POLICY", "PAGES", "TICKETS", *more, "SPENT AT FIRST PAGE"), [_policy(trial) for trial in trials])


def _policy(trial: Trial) -> tuple[str, ...]:
    score = trial.score
    counts = () if score is None else (score.count("detected"), score.count("missed"), len(score.false))
    times = () if score is None else (_minutes(score.median_time),)
    sent = (trial.name, str(len(trial.pages)), str(len(trial.tickets)))
    return (*sent, *map(str, counts), *times, _percent(trial.spent_first))


def _effect(effect: Effect) -> str:
    told = (
        f"low traffic, {effect.trial.name}: {len(effect.trial.pages)} pages instead of {len(effect.without.pages)} "
        f"without minimum counts and confidence; pages avoided: {len(effect.avoided)}"
    )
    if effect.lost is None:
        return f"{told}; detections lost: unknown, give --incidents"
    names = ", ".join(line(incident.title) for incident in effect.lost)
    return f"{told}; detections lost: {len(effect.lost)}{f' ({names})' if names else ''}"


def _rule(rule: Rule) -> str:
    return f"{'/'.join(format_duration(window) for window in rule.windows)} x{float(rule.factor):g}"


def _minutes(value: Fraction | int | None) -> str:
    return "none" if value is None else f"{float(value):g}m"


def _percent(value: Fraction | None) -> str:
    return "unknown" if value is None else f"{float(value):.2%}"
