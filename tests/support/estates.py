"""Estates for the tests of interchange: the catalogue, one estate with everything in it, and arbitrary ones."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from app.files import read_catalog
from slo.catalog.parse_logs import canonical
from slo.estate.calendar import MONDAY, Calendar
from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    LogsQuery,
    MetricQuery,
    Proof,
    RateRatio,
    SearchQuery,
    TimeSlice,
    TraceQuery,
)
from slo.estate.load import load
from slo.estate.spec import (
    OCCURRENCES,
    Account,
    Budgeting,
    Component,
    Composite,
    Estate,
    Exclusion,
    Objective,
    Part,
    RecoveryTarget,
    RuleSpec,
)

if TYPE_CHECKING:
    from slo.estate.indicator import Indicator
    from slo.estate.loss import Loss

CATALOG = read_catalog()

WHOLE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: whole}
accounts:
  main: {id: "111122223333", region: us-east-1}
  other: {id: "444455556666", region: eu-west-1, role_arn: "arn:aws:iam::444455556666:role/sloop"}
policies:
  low:
    - {severity: page, factor: 10, long: 1h, short: 5m, min_bad: 5, min_total: 100, confidence: 95%}
    - {severity: ticket, budget: 2%, long: 7h, short: 30m}
components:
  - name: web
    displayName: "Web: the {{site}}"
    kind: prometheus
    account: other
    tier: 1
    owner: team 'a'
    runbook: https://example.com/r
    description: "Line one\\nline two: #x"
    resource: {total: 'x{job="a"}', bad: 'y{job="a"}', proof: 'up{job="a"}'}
    indicators:
      speed:
        type: event_ratio
        total: [{counter: 'http_count{job="a"}', alive: 'up{job="a"}'}, {counter: http_other}]
        good: [{counter: 'http_bucket{le="0.3"}'}]
        proof: {gauge: 'up{job="a"}', at_least: 1}
      plain: {type: event_ratio, total: [{counter: a}, {counter: b}], bad: [{counter: c}]}
      depth: {type: time_slice, gauge: 'queue{q="x"}', op: "<=", threshold: 12.50}
      lat: {type: latency, namespace: AWS/X, metric: M, dimensions: {A: b}, threshold: 0.3}
      cf:
        type: rate_ratio
        namespace: AWS/X
        region: us-east-1
        dimensions: {A: b}
        total: {metric: R, stat: Sum}
        rate: {metric: E, stat: Average}
      unused:
        type: event_ratio
        total: [{trace: {service: s, statistic: total}}]
        bad: [{trace: {service: s, statistic: fault}}]
    objectives:
      - {indicator: availability, name: availability, target: 99.9%, window: 30d}
      - {indicator: availability, name: strict, target: 99.99%, window: 7d, policy: low, lane: fast}
      - {indicator: speed, target: 99%, window: month}
      - {indicator: plain, target: 99%, window: {calendar: week, time_zone: Europe/Berlin, start: "2026-01-21T12:30"}}
      - {indicator: depth, target: 99.5%, window: 30d, no_data: bad}
      - indicator: lat
        target: 95%
        window: 30d
        method: Timeslices
        time_slice_window: 5m
        time_slice_target: 90%
        no_data: hold
      - {indicator: cf, target: 95%, window: 30d, method: RatioTimeslices, time_slice_window: 5m}
      - name: journey
        target: 99%
        window: 30d
        composite:
          mode: k-of-n
          k: 2
          parts:
            - {indicator: web.depth, target: 99%}
            - {indicator: web.availability, target: 99.9%}
            - {indicator: db.availability, target: 99%}
      - name: heavy
        target: 98%
        window: 30d
        composite:
          mode: weighted
          parts: [{indicator: web.speed, target: 99%, weight: 2.5}, {indicator: web.unused, target: 99.9%}]
  - name: db
    kind: rds
    resource: {instance: x, replicas: [a, b]}
    depends_on: [web]
    no_objective: It is copied to where it is measured.
    recovery:
      - {scenario: az-loss, rpo: 5m}
  - {name: old, kind: shield}
"""
"""Every field that an estate has, but exclusions, which no other format knows."""


def loaded(text: str | bytes, file: str = "estate.yaml") -> Estate:
    """An estate without any error."""
    found = load(((file, text if isinstance(text, bytes) else text.encode()),), CATALOG)
    assert found.estate is not None, found.problems
    return found.estate


def codes(losses: tuple[Loss, ...]) -> set[str]:
    return {loss.code for loss in losses}


_ACCOUNTS = (Account("main", "111122223333", "us-east-1"), Account("Zwei 2", "444455556666", "eu-west-1", None))

labels = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t:#{}'\"-%&*!|>"), min_size=1
).filter(lambda text: text.strip() != "" and "\x00" not in text)
values = st.text(string.ascii_letters + string.digits + " :/-._#{}'\"=~*&@%,[]", min_size=1, max_size=12).filter(
    lambda text: text.strip() != "" and "{" not in text
)
"""Braces would be placeholders."""
shares = st.decimals("0.0001", "0.9999", places=4)
minutes = st.sampled_from([60, 90, 1440, 7 * 1440, 30 * 1440, 400 * 1440])
counters = st.builds(CounterQuery, st.sampled_from(["a_total", 'b{job="x",code=~"5.."}']), st.none() | st.just("up"))
proofs = st.none() | st.builds(Proof, st.builds(GaugeQuery, st.just("up")), st.none() | st.decimals("0", "9", places=2))
logs = st.builds(
    LogsQuery,
    st.just("main"),
    st.just("us-east-1"),
    st.sets(st.sampled_from(["/aws/ecs/api", "arn:aws:logs:us-east-1:111122223333:log-group:a"]), min_size=1).map(
        lambda names: tuple(sorted(names))
    ),
    st.sampled_from(["", "status >= 500", '@message like /a|b/ and code = "x|y"']),
)
searches = st.builds(
    SearchQuery,
    st.sampled_from(["api-*", "a,b"]),
    st.sampled_from(["status:>=500", 'a:"b c" AND NOT _exists_:d']).map(lambda t: canonical({"query_string": {"query": t}}))
    | st.dictionaries(
        labels,
        st.none() | st.booleans() | st.integers(-9, 9**15) | st.floats(0, 1) | texts.map(lambda t: t.replace("{", "")),
        min_size=1,
    ).map(lambda inside: canonical({"bool": {"filter": [{"term": inside}]}})),
    st.sampled_from(["@timestamp", "event.at"]),
)
calendars = st.builds(
    Calendar,
    st.just(1),
    st.sampled_from(["w", "M", "Q", "Y"]),
    st.sampled_from(["UTC", "Europe/Berlin"]),
    st.sampled_from([MONDAY, datetime(2026, 1, 21, 12, 30)]),  # noqa: DTZ001  # local time
)
budgetings = (
    st.just(OCCURRENCES)
    | st.builds(Budgeting, st.just("Timeslices"), st.sampled_from([1, 5]), shares, st.none() | st.sampled_from(["bad", "hold"]))
    | st.builds(Budgeting, st.just("RatioTimeslices"), st.sampled_from([1, 5]))
)


@st.composite
def _metrics(draw: st.DrawFn, stat: str = "Sum") -> MetricQuery:
    dimensions = draw(st.dictionaries(labels, values, min_size=1, max_size=2))
    region = draw(st.sampled_from(["us-east-1", "eu-north-1"]))
    return MetricQuery("main", region, draw(values), draw(values), tuple(sorted(dimensions.items())), stat)


@st.composite
def _of_metrics(draw: st.DrawFn) -> Indicator:
    kind = draw(st.sampled_from(["counters", "metrics", "latency", "rate", "slice", "gauge", "trace"]))
    if kind == "counters":
        total, counted = (tuple(draw(st.lists(counters, min_size=1, max_size=2))) for _ in range(2))
        proof = draw(proofs)
        return EventRatio(total, counted, proof=proof) if draw(st.booleans()) else EventRatio(total, bad=counted, proof=proof)
    if kind == "latency":
        total_query = draw(_metrics("SampleCount"))
        return EventRatio((total_query,), (replace(total_query, stat="TC(:0.25)"),))
    if kind == "trace":
        return EventRatio(
            (TraceQuery("main", "us-east-1", "s", "total"),), bad=(TraceQuery("main", "us-east-1", "s", "fault"),), sampled=True
        )
    if kind == "metrics":
        return EventRatio((draw(_metrics()),), bad=(draw(_metrics()), draw(_metrics())), proof=draw(proofs))
    if kind == "rate":
        return RateRatio(draw(_metrics()), draw(_metrics("Average")))
    value = GaugeQuery("depth") if kind == "gauge" else draw(_metrics("Maximum"))
    return TimeSlice(value, draw(st.sampled_from(["<=", "<", ">=", ">"])), draw(st.decimals("0", "1000", places=3)))


def indicators() -> st.SearchStrategy[Indicator]:
    """One of each type, as an estate may declare it in the account `main`."""
    records = st.builds(lambda total, bad: EventRatio((total,), bad=(bad,)), logs, logs)
    documents = st.builds(lambda total, good: EventRatio((total,), (good,)), searches, searches)
    few = st.builds(TimeSlice, logs | searches, st.just("<="), st.just(Decimal(5)))
    return _of_metrics() | records | documents | few


@st.composite
def rules(draw: st.DrawFn) -> RuleSpec:
    share = draw(st.none() | shares)
    factor = draw(st.decimals("1", "1000", places=2)) if share is None else None
    long = draw(st.sampled_from([60, 360, 4320]))
    return RuleSpec(
        draw(st.sampled_from(["page", "ticket"])),
        share,
        long,
        draw(st.sampled_from([5, 30])),
        factor=factor,
        min_bad=draw(st.integers(0, 9)),
        min_total=draw(st.integers(0, 999)),
        confidence=draw(st.none() | shares),
    )


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """As an estate file can declare them."""
    named = draw(
        st.dictionaries(labels.filter(lambda n: n != "default"), st.lists(rules(), min_size=1, max_size=2), max_size=2)
    )
    policies = {"default": CATALOG.default_policy} | {name: tuple(found) for name, found in named.items()}
    names = draw(st.lists(labels, min_size=1, max_size=3, unique=True))
    components = tuple(draw(_components(name, policies)) for name in names)
    ids = [objective.id for component in components for objective in component.objectives]
    exclusions: tuple[Exclusion, ...] = ()
    if ids:
        exclusions = (Exclusion(29_000_000, 29_000_060, "mute", draw(texts), None, objective=draw(st.sampled_from(ids))),)
    return Estate(draw(labels), _ACCOUNTS, components, exclusions, policies)


_PROVEN = RecoveryTarget("region-loss", None, 1440, 180 * 1440, Decimal("0.995"))


@st.composite
def _components(draw: st.DrawFn, name: str, policies: dict[str, tuple[RuleSpec, ...]]) -> Component:
    own = draw(st.dictionaries(labels, indicators(), max_size=3))
    objectives = [draw(_objectives(name, indicator, measure, policies)) for indicator, measure in own.items()]
    has_composite = draw(st.booleans())
    if own and has_composite:
        parts = tuple(Part(f"{name}.{indicator}", draw(shares)) for indicator in own)
        composite = Composite("serial", parts, len(parts))
        whole = Objective(f"{name}.z-z", name, "z-z", draw(shares), 1440, CATALOG.default_policy, composite=composite)
        objectives += [] if "z-z" in own else [whole]
    return Component(
        name,
        "prometheus",
        account=draw(st.none() | st.just("main")),
        resource=draw(st.dictionaries(labels, values | st.just("6") | st.just("1.50") | st.just(("a", "b c")), max_size=2)),
        tier=draw(st.none() | st.integers(1, 9)),
        objectives=tuple(objectives),
        recovery=draw(st.sampled_from([(), (RecoveryTarget("az-loss", 0, 61),), (_PROVEN,)])),
        display_name=draw(st.none() | texts.filter(lambda text: len(text) <= 300)),
        description=draw(st.none() | texts),
        owner=draw(st.none() | texts),
        runbook=draw(st.none() | texts),
        no_objective=None if objectives else draw(texts),
        indicators=own,
    )


@st.composite
def _objectives(
    draw: st.DrawFn, component: str, indicator: str, measure: Indicator, policies: dict[str, tuple[RuleSpec, ...]]
) -> Objective:
    policy = draw(st.sampled_from(sorted(policies)))
    calendar = draw(st.none() | calendars)
    return Objective(
        f"{component}.{indicator}",
        component,
        indicator,
        draw(shares),
        calendar.nominal if calendar else draw(minutes),
        policies[policy],
        policy,
        draw(budgetings),
        target_source=draw(st.none() | texts),
        lane=draw(st.none() | st.sampled_from(["fast", "slow"])),
        calendar=calendar,
        measure=measure,
    )
