"""What the page of one objective shows beyond its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import curves, methods, numbers, spans, traces
from app.web.component import Facts, Runbook, runbook_of
from app.web.rules import RuleLine, rule_line
from app.web.views import BreachLine, Row, absolute, breach_line, row_of, sentence
from slo.errors import StoreError
from slo.estate.indicator import EventRatio, LogsQuery, MetricQuery, PartQuery, RateRatio, SearchQuery, TimeSlice, TraceQuery
from slo.judge import burn
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import BreachRow
    from app.snapshot import History, Snapshot
    from app.web.curves import Figure
    from app.web.methods import PartLine
    from app.web.traces import Traces
    from slo.estate.indicator import Query
    from slo.estate.spec import Component, Objective
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Counts


@dataclass(frozen=True, slots=True)
class ObjectivePage:
    """`window` and `grain` head the charts; `method` says what the numbers count where that is not requests."""

    row: Row
    window: str
    method: str
    grain: str
    parts: tuple[PartLine, ...]
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
    traces: Traces


def objective_page(snapshot: Snapshot, history: History, objective: Objective) -> ObjectivePage:
    verdict = snapshot.verdicts.get(objective.id)
    found = snapshot.breaches_of(objective.id)
    component = snapshot.estate.component(objective.component)
    budget, indicator = _figures(verdict, history, found)
    return ObjectivePage(
        row=row_of(snapshot, objective),
        window=_window(objective, snapshot, verdict),
        method=_method(objective),
        grain=_grain(objective),
        parts=methods.part_lines(snapshot, objective, verdict),
        sentence=sentence(verdict, found, snapshot.made_at),
        component=component,
        runbook=runbook_of(component),
        facts=_facts(snapshot, verdict),
        reasons=tuple((r.code.replace("_", " "), r.text) for r in verdict.reasons) if verdict else (),
        rules=tuple(rule_line(objective, rule, verdict) for rule in burn.rules_of(objective)),
        budget=budget,
        indicator=indicator,
        breaches=tuple(breach_line(snapshot, row) for row in found),
        definition=_definition(snapshot, objective if verdict is None else verdict.objective),
        traces=traces.of_component(snapshot, objective.component),
    )


def _window(objective: Objective, snapshot: Snapshot, verdict: Verdict | None) -> str:
    if objective.calendar is None:
        return spans.length(objective)
    at = to_minute(snapshot.made_at) if verdict is None else verdict.at
    return spans.span_of(objective.calendar, at).words


def _grain(objective: Objective) -> str:
    width = objective.budgeting.slice_window
    return "minute" if width == 1 else f"slice of {numbers.window(width)}"


def _method(objective: Objective) -> str:
    """`Timeslices of 5 min at 95 %: the numbers count slices, not requests: ...`."""
    said = methods.meaning(objective)
    no_data = methods.NO_DATA.get(objective.budgeting.no_data or "", "")
    if not said and not no_data:
        return ""
    name = methods.method(objective) if objective.composite is None else methods.journey(objective.composite)
    return "; ".join(text for text in (name, said, no_data) if text)


def _figures(verdict: Verdict | None, history: History, found: Sequence[BreachRow]) -> tuple[Figure, Figure]:
    if verdict is None:
        nothing = curves.Figure("Nothing to draw before the first verdict.")
        return nothing, nothing
    try:
        minutely, name = history.minutely(verdict.objective.id), verdict.objective.id
        parts = curves.buckets(history.hourly(name), history.recent(name), verdict.at, verdict.begin)
    except StoreError as error:
        unread = curves.Figure(f"The history could not be read: {error}")
        return unread, unread
    return curves.burn_down(verdict, parts, found), curves.indicator(verdict, minutely)


def _facts(snapshot: Snapshot, verdict: Verdict | None) -> Facts:
    if verdict is None:
        return ()
    counts, objective = verdict.counts, verdict.objective
    left, found = absolute(snapshot, verdict), spans.span(verdict)
    mark, noun = ", sampled" if snapshot.is_sampled(objective.id) else "", methods.noun(objective)
    passed = numbers.window(objective.window) if found is None else "the time gone"
    facts = [
        *([("budget of", found.words)] if found else []),
        *([("target", methods.targets(objective))] if objective.earlier else []),
        (f"budget left{mark}", f"{numbers.budget(verdict.remaining)}{' · ' if left else ''}{left}"),
        (f"SLI{mark}", f"{numbers.sli(verdict.sli, objective.target)} of {numbers.share(objective.target)}"),
        *((f"{name}{noun}{mark}", methods.count(objective, value)) for name, value in _sums(counts)),
        ("coverage", f"{numbers.percent(verdict.coverage, 1)} of {passed} measured"),
    ]
    if verdict.corrected is not None:
        rate = burn.burn(objective, verdict.corrected)
        facts.append(("budget left, corrected for exclusions", numbers.budget(None if rate is None else 1 - rate)))
    return tuple(facts)


def _sums(counts: Counts) -> tuple[tuple[str, int], ...]:
    return ("good", counts.good), ("bad", counts.bad), ("total", counts.total)


def _definition(snapshot: Snapshot, objective: Objective) -> Facts:
    indicator = snapshot.indicators.get(objective.indicator_id)
    source = f" ({objective.target_source})" if objective.target_source else ""
    facts = [
        ("id", objective.id),
        ("indicator", "its parts" if objective.composite else objective.indicator_id),
        ("target", f"{methods.targets(objective)}{source}"),
        ("window", _declared_window(objective, snapshot)),
        ("method", methods.method(objective)),
        *([("no data", methods.NO_DATA[objective.budgeting.no_data])] if objective.budgeting.no_data else []),
        *([("composite", methods.journey(objective.composite))] if objective.composite else []),
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


def _declared_window(objective: Objective, snapshot: Snapshot) -> str:
    if objective.calendar is None:
        return f"{numbers.window(objective.window)}, rolling"
    now = spans.span_of(objective.calendar, to_minute(snapshot.made_at))
    return f"{spans.length(objective)} by the calendar, now {now.limits}"


def _query(query: Query) -> str:
    if isinstance(query, TraceQuery):
        return f"{query.statistic} traces of X-Ray service {query.service} in {query.region}"
    if isinstance(query, LogsQuery):
        return f"records of {', '.join(query.groups)} in {query.region}{f' with {query.filter}' if query.filter else ''}"
    if isinstance(query, SearchQuery):
        return f"documents of {query.index} with {query.query}, by {query.time_field}"
    if isinstance(query, PartQuery):
        return f"stored minutes of {query.slot_key}"
    if not isinstance(query, MetricQuery):
        return query.selector
    dimensions = ", ".join(f"{name}={value}" for name, value in query.dimensions)
    return f"{query.stat} of {query.namespace}/{query.metric} {{{dimensions}}} in {query.region}"
