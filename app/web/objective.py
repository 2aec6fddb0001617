"""What the page of one objective shows beyond its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import curves, numbers
from app.web.component import Facts, Runbook, runbook_of
from app.web.views import BreachLine, Row, absolute, breach_line, row_of, sentence
from slo.errors import StoreError
from slo.estate.indicator import EventRatio, MetricQuery, RateRatio, TimeSlice, TraceQuery
from slo.judge import burn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from app.ports import BreachRow
    from app.snapshot import History, Snapshot
    from app.web.curves import Figure
    from slo.estate.indicator import Query
    from slo.estate.spec import Component, Objective
    from slo.judge.burn import Rule
    from slo.judge.verdict import Verdict


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One burn rule beside what burns now."""

    severity: str
    windows: str
    factor: str
    threshold: str
    formula: str
    long: str
    short: str
    state: str


@dataclass(frozen=True, slots=True)
class ObjectivePage:
    row: Row
    sentence: str
    component: Component
    runbook: Runbook
    facts: Facts
    reasons: Facts
    rules: tuple[RuleLine, ...]
    budget: Figure
    indicator: Figure
    breaches: tuple[BreachLine, ...]
    definition: Facts


def objective_page(snapshot: Snapshot, history: History, objective: Objective) -> ObjectivePage:
    verdict = snapshot.verdicts.get(objective.id)
    found = snapshot.breaches_of(objective.id)
    component = snapshot.estate.component(objective.component)
    budget, indicator = _figures(verdict, history, found)
    return ObjectivePage(
        row=row_of(snapshot, objective),
        sentence=sentence(verdict, found, snapshot.made_at),
        component=component,
        runbook=runbook_of(component),
        facts=_facts(snapshot, verdict),
        reasons=tuple((r.code.replace("_", " "), r.text) for r in verdict.reasons) if verdict else (),
        rules=tuple(_rule_line(objective, rule, verdict) for rule in burn.rules_of(objective)),
        budget=budget,
        indicator=indicator,
        breaches=tuple(breach_line(snapshot, row) for row in found),
        definition=_definition(snapshot, objective),
    )


def _figures(verdict: Verdict | None, history: History, found: Sequence[BreachRow]) -> tuple[Figure, Figure]:
    if verdict is None:
        nothing = curves.Figure("Nothing to draw before the first verdict.")
        return nothing, nothing
    try:
        minutely = history.minutely(verdict.objective.id)
        parts = curves.buckets(history.hourly(verdict.objective.id), minutely, verdict.at, verdict.objective.window)
    except StoreError as error:
        unread = curves.Figure(f"The history could not be read: {error}")
        return unread, unread
    return curves.burn_down(verdict, parts, found), curves.indicator(verdict, minutely)


def _facts(snapshot: Snapshot, verdict: Verdict | None) -> Facts:
    if verdict is None:
        return ()
    counts, objective = verdict.counts, verdict.objective
    left = absolute(snapshot, verdict)
    mark = ", sampled" if snapshot.is_sampled(objective.id) else ""
    facts = [
        (f"budget left{mark}", f"{numbers.budget(verdict.remaining)}{' · ' if left else ''}{left}"),
        (f"SLI{mark}", f"{numbers.sli(verdict.sli, objective.target)} of {numbers.share(objective.target)}"),
        (f"good{mark}", numbers.count(counts.good)),
        (f"bad{mark}", numbers.count(counts.bad)),
        (f"total{mark}", numbers.count(counts.total)),
        ("coverage", f"{numbers.percent(verdict.coverage, 1)} of {numbers.window(objective.window)} measured"),
    ]
    if verdict.corrected is not None:
        rate = burn.burn(verdict.corrected, verdict.budget)
        facts.append(("budget left, corrected for exclusions", numbers.budget(None if rate is None else 1 - rate)))
    return tuple(facts)


def _rule_line(objective: Objective, rule: Rule, verdict: Verdict | None) -> RuleLine:
    threshold: Fraction = rule.factor * burn.budget_of(objective)
    rates = [numbers.burn(verdict.burns[w]) if verdict else numbers.UNKNOWN for w in (rule.long, rule.shortest)]
    return RuleLine(
        severity=rule.severity,
        windows=numbers.windows(rule),
        factor=numbers.burn(rule.factor),
        threshold=f"{float(threshold * 100):.6g} %",
        formula=f"{float(rule.factor):g} {numbers.TIMES} (1 - {objective.target.normalize():f})",
        long=rates[0],
        short=rates[1],
        state=_rule_state(rule, verdict),
    )


def _rule_state(rule: Rule, verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    if rule in verdict.firing:
        return "fires"
    return "blind" if rule in verdict.blind else "quiet"


def _definition(snapshot: Snapshot, objective: Objective) -> Facts:
    indicator = snapshot.indicators.get(objective.indicator_id)
    facts = [
        ("id", objective.id),
        ("indicator", objective.indicator_id),
        ("target", f"{numbers.share(objective.target)}{f' ({objective.target_source})' if objective.target_source else ''}"),
        ("window", f"{numbers.window(objective.window)}, rolling"),
        ("method", objective.method),
        ("burn policy", objective.policy_name),
    ]
    if isinstance(indicator, EventRatio):
        for name, queries in (("total", indicator.total), ("good", indicator.good), ("bad", indicator.bad)):
            facts += [(f"{name} =", _query(query)) for query in queries]
        facts += [("proof of life", _query(indicator.proof.query))] if indicator.proof else []
        facts += [("counts are", "sampled: traces, not requests, so quiet minutes weigh too much")] if indicator.sampled else []
    elif isinstance(indicator, RateRatio):
        facts += [("total =", _query(indicator.total)), ("bad = total x", f"{_query(indicator.rate)} / 100")]
    elif isinstance(indicator, TimeSlice):
        facts.append(("a minute is good when", f"{_query(indicator.value)} {indicator.op} {indicator.threshold:f}"))
    return tuple(facts)


def _query(query: Query) -> str:
    if isinstance(query, TraceQuery):
        return f"{query.statistic} traces of X-Ray service {query.service} in {query.region}"
    if not isinstance(query, MetricQuery):
        return query.selector
    dimensions = ", ".join(f"{name}={value}" for name, value in query.dimensions)
    return f"{query.stat} of {query.namespace}/{query.metric} {{{dimensions}}} in {query.region}"
