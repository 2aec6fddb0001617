from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    MetricQuery,
    Proof,
    RateRatio,
    TimeSlice,
    TraceQuery,
    Unbound,
)
from slo.estate.spec import Account
from tests.support.declared import CATALOG, HEAD, estate, found, with_component

RESOURCE = "resource: {load_balancer: app/a/1, target_group: targetgroup/a/1, latency_threshold: 0.5}"
NAMESPACE = 'namespace: Shop, dimensions: {LoadBalancer: "{load_balancer}"}'
CALLS = "total: [{counter: 'calls{job=\"x\"}', alive: up}]"
TRACES = "total: [{trace: {service: s, statistic: total}}]"
HERE = "components[0].indicators.own"


def declared(indicator: str, *, kind: str = "alb", resource: str = RESOURCE) -> str:
    objective = "{indicator: own, target: 99%, window: 30d}"
    return with_component(f"kind: {kind}, {resource}, indicators: {{own: {{{indicator}}}}}, objectives: [{objective}]")


def sums(metric: str, stat: str = "Sum") -> MetricQuery:
    return MetricQuery("main", "us-east-1", "Shop", metric, (("LoadBalancer", "app/a/1"),), stat)


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        (
            f"type: event_ratio, {NAMESPACE}, total: [{{metric: Calls, stat: Sum}}], bad: [{{metric: Failed, stat: Sum}}]",
            EventRatio((sums("Calls"),), bad=(sums("Failed"),)),
        ),
        (
            f'type: latency, {NAMESPACE}, metric: Time, threshold: "{{latency_threshold}}"',
            EventRatio((sums("Time", "SampleCount"),), good=(sums("Time", "TC(:0.5)"),)),
        ),
        (
            f"type: rate_ratio, {NAMESPACE}, total: {{metric: Calls, stat: Sum}}, rate: {{metric: Errors, stat: Average}}",
            RateRatio(sums("Calls"), sums("Errors", "Average")),
        ),
        (
            f'type: time_slice, {NAMESPACE}, metric: Age, stat: Maximum, op: "<", threshold: "{{latency_threshold}}"',
            TimeSlice(sums("Age", "Maximum"), "<", Decimal("0.5")),
        ),
        ("type: time_slice, gauge: up, op: '>=', threshold: 1", TimeSlice(GaugeQuery("up"), ">=", Decimal(1))),
        (
            f"type: event_ratio, {CALLS}, good: [{{counter: ok}}], proof: {{gauge: up, at_least: 1}}",
            EventRatio(
                (CounterQuery('calls{job="x"}', "up"),), good=(CounterQuery("ok"),), proof=Proof(GaugeQuery("up"), Decimal(1))
            ),
        ),
        (
            f"type: event_ratio, {TRACES}, bad: [{{trace: {{service: s, statistic: fault}}}}]",
            EventRatio(
                (TraceQuery("main", "us-east-1", "s", "total"),),
                bad=(TraceQuery("main", "us-east-1", "s", "fault"),),
                sampled=True,
            ),
        ),
    ],
)
def test_an_indicator_of_its_own_is_measured_in_the_account_of_the_component(indicator: str, expected: object) -> None:
    component = estate(declared(indicator)).component("a")
    [objective] = component.objectives
    assert objective.measure == component.indicators["own"] == expected
    assert CATALOG.measure(component, objective, None) == expected


def test_it_takes_the_place_of_the_indicator_of_the_kind() -> None:
    text = with_component(
        f"kind: alb, {RESOURCE}, indicators: {{latency: {{type: time_slice, gauge: up, op: '>', threshold: 0}}}}"
    )
    component = estate(text).component("a")
    assert [o.measure for o in component.objectives] == [None, TimeSlice(GaugeQuery("up"), ">", Decimal(0))]
    assert CATALOG.bind(component, "latency", None) == component.indicators["latency"]


def test_a_kind_that_nobody_knows_fills_placeholders_from_its_own_resource() -> None:
    text = declared(
        "type: event_ratio, total: [{counter: '{calls}'}], bad: [{counter: '{failed}'}]",
        kind="lambda",
        resource="resource: {calls: a_total, failed: b_total}",
    )
    assert found(text) == [("warning", "unknown_kind", "components[0].kind")]
    [objective] = estate(text).objectives
    assert objective.measure == EventRatio((CounterQuery("a_total"),), bad=(CounterQuery("b_total"),))


def test_what_it_lacks_is_a_warning_and_the_reason_why_it_is_not_measured() -> None:
    text = declared(f"type: latency, {NAMESPACE}, metric: Time, threshold: 1", resource="resource: {target_group: t}")
    assert found(text) == [("warning", "missing_resource", "components[0].resource")]
    [objective] = estate(text).objectives
    assert isinstance(objective.measure, Unbound)
    assert "load_balancer" in objective.measure.text


def test_without_an_account_cloudwatch_cannot_be_read() -> None:
    text = declared(f"type: latency, {NAMESPACE}, metric: Time, threshold: 1").replace(HEAD, HEAD[: HEAD.index("accounts")])
    assert found(text) == [("warning", "missing_account", "")]


def test_an_indicator_that_nothing_uses_is_a_warning() -> None:
    text = with_component(f"kind: alb, {RESOURCE}, indicators: {{own: {{type: time_slice, gauge: up, op: '>', threshold: 0}}}}")
    assert found(text) == [("warning", "unused_indicator", HERE)]


TOTAL = "total: [{counter: a}]"


@pytest.mark.parametrize(
    ("indicator", "code", "field"),
    [
        (TOTAL, "missing_field", ".type"),
        ("type: ratio", "unknown_value", ".type"),
        (f"type: event_ratio, {TOTAL}", "missing_field", ""),
        ("type: event_ratio, bad: [{counter: b}]", "missing_field", ".total"),
        (f"type: event_ratio, {TOTAL}, good: [{{counter: b}}], bad: [{{counter: c}}]", "contradiction", ".bad"),
        (f"type: event_ratio, {TOTAL}, bad: [{{counter: b, metric: c}}]", "unknown_field", ".bad[0].metric"),
        (f"type: event_ratio, {TOTAL}, bad: [{{gauge: b, alive: c}}]", "unknown_field", ".bad[0].alive"),
        (f"type: event_ratio, {TOTAL}, bad: [{{counter: b, at_least: 1}}]", "unknown_field", ".bad[0].at_least"),
        (f"type: event_ratio, {TOTAL}, bad: [{{counter: b}}], region: us-east-1", "contradiction", ".region"),
        (
            f"type: event_ratio, {TOTAL}, bad: [{{counter: b}}], proof: {{gauge: up, at_least: many}}",
            "wrong_type",
            ".proof.at_least",
        ),
        (f"type: event_ratio, {TOTAL}, bad: [{{counter: '{{calls}}'}}]", "unknown_resource", ""),
        (
            f"type: event_ratio, {TOTAL}, bad: [{{trace: {{service: s, statistic: bad}}}}]",
            "unknown_value",
            ".bad[0].trace.statistic",
        ),
        (
            f"type: event_ratio, {NAMESPACE}, total: [{{metric: M}}], bad: [{{metric: M, stat: Sum}}]",
            "missing_field",
            ".total[0].stat",
        ),
        (f"type: time_slice, {NAMESPACE}, metric: M, stat: sum, op: '>', threshold: 0", "unknown_value", ".stat"),
        ("type: time_slice, gauge: up, stat: Sum, op: '>', threshold: 0", "contradiction", ".stat"),
        ("type: time_slice, gauge: up, op: '=', threshold: 0", "unknown_value", ".op"),
        ("type: time_slice, gauge: up, op: '>', threshold: NaN", "wrong_type", ".threshold"),
        ("type: time_slice, gauge: up, op: '>', threshold: '{load_balancer}'", "bad_threshold", ".threshold"),
        ("type: time_slice, gauge: up, op: '>', threshold: '1{latency_threshold}'", "bad_threshold", ".threshold"),
        (f"type: latency, {NAMESPACE}, metric: M, threshold: soon", "wrong_type", ".threshold"),
        (f"type: latency, {NAMESPACE}, metric: M, stat: Sum, threshold: 1", "unknown_field", ".stat"),
    ],
)
def test_a_bad_indicator_names_the_field(indicator: str, code: str, field: str) -> None:
    errors = [problem for problem in found(declared(indicator)) if problem[0] == "error"]
    assert ("error", code, f"{HERE}{field}") in errors


def test_a_broken_indicator_is_the_only_problem_whatever_its_objectives_say() -> None:
    objectives = "objectives: [{indicator: own, target: 99%, window: 30d, no_data: bad}]"
    indicators = "indicators: {own: {type: time_slice, gauge: up, op: '=', threshold: 0}}"
    told = found(with_component(f"kind: alb, {RESOURCE}, {indicators}, {objectives}"))
    assert told == [("error", "unknown_value", "components[0].indicators.own.op")]


def test_a_name_that_is_no_label_is_refused() -> None:
    text = with_component(
        f"kind: alb, {RESOURCE}, indicators: {{My one: {{type: time_slice, gauge: up, op: '>', threshold: 0}}}}"
    )
    assert ("error", "bad_name", "components[0].indicators['My one']") in found(text)


@pytest.mark.parametrize("kind", sorted(CATALOG.kinds))
def test_every_indicator_of_the_catalogue_can_be_declared_in_an_estate(kind: str) -> None:
    source = yaml.safe_load((Path(__file__).parents[3] / f"slo/catalog/{kind}.yaml").read_text())
    both = {
        name for name, i in source["indicators"].items() if "good" in i and "bad" in i
    }  # by placeholders that exclude each other
    indicators = {f"own-{name}": i for name, i in source["indicators"].items() if name not in both}
    objectives = [{"indicator": name, "target": "99%", "window": "30d"} for name in indicators]
    resource = {k: ["x"] if key.form == "list" else "1" for k, key in CATALOG.kinds[kind].resource.items()}
    component = {"name": "a", "kind": kind, "resource": resource, "indicators": indicators, "objectives": objectives}
    [read] = estate(HEAD + yaml.safe_dump({"components": [component]})).components
    for objective in read.objectives:
        name = objective.indicator.removeprefix("own-")
        assert objective.measure == CATALOG.kinds[kind].bind(name, read.resource, Account("main", "111122223333", "us-east-1"))


@given(
    st.recursive(
        st.sampled_from(["{load_balancer}", "Sum", "1", "{", "up", "{a}{b}", "", None, 1, True]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "total", "bad", "good", "proof", "counter", "metric", "threshold", "op", "dimensions", "gauge"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["event_ratio", "latency", "rate_ratio", "time_slice"]),
)
def test_no_indicator_makes_load_raise(value: object, kind: str) -> None:
    written = {"type": kind, **value} if isinstance(value, dict) else value
    document = {
        "components": [{"name": "a", "kind": "alb", "resource": {"load_balancer": "x"}, "indicators": {"own": written}}]
    }
    problems = found(HEAD + yaml.safe_dump(document))
    assert all(code for _, code, _ in problems)
