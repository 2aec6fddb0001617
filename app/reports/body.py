"""A report as one JSON value: every number that any of its files shows, computed here and nowhere else."""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from app.reports import controls, evidence, recovered
from app.reports.canonical import digest_of
from app.reports.terms import terms
from app.reports.values import ratio
from slo.estate.indicator import EventRatio
from slo.judge import compliance, recovery_document
from slo.units import format_minute, format_percent, format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.reports.controls import Framework
    from app.reports.gather import Inputs, Line
    from slo.estate.indicator import Indicator, Unbound
    from slo.estate.spec import Objective
    from slo.judge.compliance import Outcome, Tally
    from slo.judge.recovery import RecoveryVerdict

SCHEMA = "sloop.report/1"


def build(
    inputs: Inputs,
    frameworks: Sequence[Framework],
    *,
    spec_sha256: str,
    tool_version: str,
    revision: int = 1,
    supersedes: str | None = None,
) -> dict[str, Any]:
    """`supersedes` is the body hash of the revision before. The same arguments give the same value, anywhere."""
    sections: dict[str, Any] = {
        "scope": evidence.scope(inputs),
        "objectives": [_objective(inputs, line) for line in inputs.lines],
        "breaches": [evidence.breach(told) for told in inputs.breaches],
        "exclusions": evidence.exclusions(inputs),
        "recovery": [_recovery(verdict) for verdict in inputs.recovery],
        "recovery_evidence": recovered.section(
            inputs.estate, inputs.recovery, inputs.recovered, inputs.period.start, inputs.upto
        ),
        "alarms": evidence.alarms(inputs),
        "gaps": evidence.gaps(inputs),
    }
    table = controls.judge(frameworks, sections)
    return {
        "schema": SCHEMA,
        "cover": _cover(inputs, sections, spec_sha256, tool_version) | {"revision": revision, "supersedes": supersedes},
        "frameworks": controls.summaries(frameworks, table),
        **sections,
        "controls": table,
        "method": _method(sections["objectives"]),
    }


def read_method() -> list[dict[str, str]]:
    """How the numbers came about, as the program ships it; `for` names the term that a row explains."""
    found: list[dict[str, str]] = yaml.safe_load(files("app.reports").joinpath("method.yaml").read_bytes())
    return found


def _method(objectives: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """What explains a term is there where an objective has it."""
    known = {term for row in objectives for term in row}
    rows = [row for row in read_method() if row.get("for") in (None, *known)]
    return [{"title": row["title"], "text": row["text"]} for row in rows]


def _cover(inputs: Inputs, sections: dict[str, Any], spec_sha256: str, tool_version: str) -> dict[str, Any]:
    return {
        "estate": inputs.estate.name,
        "week": inputs.period.name,
        "from": format_minute(inputs.period.start),
        "to": format_minute(inputs.period.end),
        "judged_to": format_minute(inputs.upto),
        "partial": inputs.partial,
        "data_cut_off": format_minute(inputs.cut_off),
        "sources": [{"name": name, "cut_off": format_minute(at)} for name, at in sorted(inputs.sources.items())],
        # What the numbers were made of, by content: a shard's version would change with every later minute.
        "data_sha256": digest_of(
            [sections[name] for name in ("objectives", "gaps", "breaches", "recovery", "recovery_evidence")]
        ),
        "spec_sha256": spec_sha256,
        "tool": "sloop",
        "tool_version": tool_version,
    }


def _objective(inputs: Inputs, line: Line) -> dict[str, Any]:
    outcome = line.outcome
    objective = outcome.objective
    return {
        "id": objective.id,
        "component": objective.component,
        "indicator": objective.indicator_id,
        "target": f"{objective.target:f}",
        "target_percent": format_percent(objective.target),
        "target_source": objective.target_source,
        "window": objective.window_text,
        "method": objective.method,
        **terms(objective, inputs.upto),
        "source": line.source,
        "period": _tally(outcome.week),
        "at_end": _tally(outcome.window),
        "corrected": None if line.corrected is None else _corrected(line.corrected),
        "verdict": outcome.window.standing,
        "sampled": _sampled(inputs, objective),
        "hours": [[c.total, c.bad, c.measured] for c in line.hours],
        "calendar": [compliance.hour(objective, c, 60) for c in line.around],
    }


def _sampled(inputs: Inputs, objective: Objective) -> bool:
    """Traces are counted by sampling: what they say is an estimate, and so is what is made of it."""
    if objective.composite is not None:
        return any(_is_estimate(_part(inputs, indicator)) for indicator in objective.indicator_ids)
    component = inputs.estate.component(objective.component)
    return _is_estimate(inputs.catalog.measure(component, objective, inputs.estate.account(component.account)))


def _part(inputs: Inputs, indicator_id: str) -> Indicator | Unbound | None:
    name, _, indicator = indicator_id.partition(".")
    component = next((c for c in inputs.estate.components if c.name == name), None)
    if component is None:
        return None
    own = component.indicators.get(indicator)
    return own or inputs.catalog.bind(component, indicator, inputs.estate.account(component.account))


def _is_estimate(bound: Indicator | Unbound | None) -> bool:
    return isinstance(bound, EventRatio) and bound.sampled


def _corrected(outcome: Outcome) -> dict[str, Any]:
    return {"period": _sums(outcome.week), "at_end": _sums(outcome.window)}


def _sums(tally: Tally) -> dict[str, Any]:
    return {
        "good": tally.counts.good,
        "bad": tally.counts.bad,
        "total": tally.counts.total,
        "sli": ratio(tally.sli, 9),
        "budget_used": ratio(tally.used, 6),
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        **_sums(tally),
        "minutes": tally.minutes,
        "measured_minutes": tally.counts.measured,
        "missing_minutes": tally.missing,
        "coverage": ratio(tally.coverage, 6),
        "verdict": tally.standing,
        "reasons": [f"{r.code}: {r.text}" for r in tally.reasons],
    }


def _recovery(verdict: RecoveryVerdict) -> dict[str, Any]:
    """The document of the API, with its ratios exact: a report holds no doubles."""
    found: dict[str, Any] = recovery_document.document(verdict)
    promised = None if verdict.target is None else Fraction(verdict.target.within)
    return {
        "id": recovered.id_of(verdict),
        **found,
        "within_ratio": ratio(verdict.within, 6),
        "within_target": None if found["within_target"] is None else ratio(promised, 6),
        "coverage": ratio(verdict.coverage, 6),
        "at": format_seconds(verdict.at),
    }
