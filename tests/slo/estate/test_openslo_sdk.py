"""What the specification's Go SDK accepts and refuses (v1, its own validation tests), and where Sloop differs on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.slo.estate.openslo_documents import (
    GONE,
    changed,
    condition,
    found,
    inline,
    metric,
    policy,
    ratio,
    slo,
    threshold,
    whole,
)

SLICES = {"timeSliceTarget": 0.95, "timeSliceWindow": "5m"}
CALENDAR = {"startTime": "2022-01-01 12:00:00", "timeZone": "America/New_York"}

ACCEPTED: list[tuple[str, str, Any]] = [
    ("SLO", "metadata.labels", {"net": ["this", "that"], "env": "prod", "empty": [], "none": [""], "9net": "", "nEt": "x"}),
    ("SLO", "metadata.labels", {"net_this.that-this": "x", "l" * 63: "x"}),
    ("SLO", "metadata.annotations", {"net": "", "9net": "x", "openslo.com/service": "", "domain/service": "x"}),
    ("SLO", "metadata.annotations", {"my-org.com/spec.indicator.metricSource": "x", "domain.this.org/service.foo": "x"}),
    ("SLO", "metadata.annotations", {".".join(["l" * 63] * 3) + "/" + "l" * 63: "x"}),
    ("SLO", "metadata.displayName", "d" * 63),
    ("SLO", "spec.description", "A" * 1050),
    ("SLO", "spec.timeWindow.0", {"duration": "1w", "calendar": CALENDAR}),
    ("SLO", "spec.timeWindow.0", {"duration": "1w", "isRolling": False, "calendar": {"startTime": "2022-01-01 12:00:00"}}),
    ("SLO", "spec.timeWindow.0.duration", "5h"),
    ("SLO", "spec.timeWindow.0.duration", "2d"),
    ("SLO", "spec.objectives.0", {"target": 0.0}),
    ("SLO", "spec.objectives.0", {"target": 0.9999}),
    ("SLO", "spec.objectives.0", {"targetPercent": 0.9999}),
    ("SLO", "spec.objectives.0", {"targetPercent": 99.9999}),
    ("SLO", "spec.alertPolicies", []),
    ("SLO", "spec.alertPolicies", GONE),
    ("SLO", "spec.alertPolicies.0", inline("AlertPolicy", policy())),
    ("AlertPolicy", "spec.conditions.0", inline("AlertCondition", condition())),
    ("AlertPolicy", "spec.notificationTargets.0", inline("AlertNotificationTarget", {"target": "chat"})),
    ("AlertPolicy", "spec.description", "A" * 1050),
    ("AlertCondition", "spec", condition(op="gt")),
    ("AlertCondition", "spec.condition.alertAfter", GONE),
    ("AlertCondition", "spec.condition.lookbackWindow", "1w"),
    ("SLI", "spec.ratioMetric", {"bad": metric(), "total": metric()}),
    ("SLI", "spec", threshold() | {"description": "A" * 1050}),
    ("SLI", "spec.ratioMetric.good", {"metricSource": {"spec": {"anything": {"nested": [1, 2]}}}}),
    ("DataSource", "spec.connectionDetails", ["anything"]),
    ("DataSource", "spec.type", "Datadog"),
    ("Service", "spec.description", "A" * 1050),
]


@pytest.mark.parametrize(("kind", "path", "value"), ACCEPTED)
def test_what_the_sdk_accepts_has_no_error(kind: str, path: str, value: Any) -> None:
    assert [problem for problem in found(changed(kind, path, value)) if problem[0] == "error"] == []


REFUSED: list[tuple[str, str, Any, str, str]] = [
    ("SLO", "apiVersion", "v0.1", "wrong_version", "apiVersion"),
    ("SLO", "kind", "Objective", "wrong_kind", "kind"),
    ("SLO", "spec", GONE, "missing_field", "spec"),
    ("SLO", "metadata", GONE, "missing_field", "metadata"),
    ("SLO", "metadata.name", GONE, "missing_field", "metadata.name"),
    ("SLO", "metadata.name", "MY SERVICE" * 20, "bad_name", "metadata.name"),
    ("SLO", "metadata.displayName", "d" * 301, "too_long", "metadata.displayName"),
    *(
        ("SLO", "metadata.labels", {key: "x"}, "bad_name", path)
        for key, path in [
            ("l" * 64, f"metadata.labels.{'l' * 64}"),
            ("net_", "metadata.labels.net_"),
            ("net.", "metadata.labels['net.']"),
            ("-net", "metadata.labels['-net']"),
            ("_net", "metadata.labels._net"),
        ]
    ),
    *(
        ("SLO", "metadata.annotations", {key: "x"}, "bad_name", f"metadata.annotations[{key!r}]")
        for key in (
            "openslo.com/",
            "openslo.com!/service",
            "openslo.com./service",
            "openslo..this.com/service",
            ".net",
            f"{'l' * 64}.com/net",
        )
    ),
    (
        "SLO",
        "metadata.annotations",
        {"openslo_this.org/service": "x"},
        "bad_name",
        "metadata.annotations['openslo_this.org/service']",
    ),
    ("SLO", "spec.description", "A" * 1051, "too_long", "spec.description"),
    ("SLO", "spec.budgetingMethod", "invalid", "unknown_value", "spec.budgetingMethod"),
    ("SLO", "spec.budgetingMethod", GONE, "missing_field", "spec.budgetingMethod"),
    ("SLO", "spec.service", "", "wrong_type", "spec.service"),
    ("SLO", "spec.service", GONE, "missing_field", "spec.service"),
    ("SLO", "spec.indicatorRef", GONE, "exactly_one", "spec"),
    ("SLO", "spec.indicatorRef", "my sli", "bad_name", "spec.indicatorRef"),
    ("SLO", "spec.indicator", {"metadata": {"name": "own"}, "spec": ratio()}, "exactly_one", "spec"),
    ("SLO", "spec.timeWindow", [], "exactly_one", "spec.timeWindow"),
    ("SLO", "spec.timeWindow", slo()["spec"]["timeWindow"] * 2, "exactly_one", "spec.timeWindow"),
    ("SLO", "spec.timeWindow.0.duration", GONE, "missing_field", "spec.timeWindow[0].duration"),
    ("SLO", "spec.timeWindow.0.duration", "-1m", "bad_duration", "spec.timeWindow[0].duration"),
    ("SLO", "spec.timeWindow.0.duration", "1", "bad_duration", "spec.timeWindow[0].duration"),
    ("SLO", "spec.timeWindow.0.duration", "1invalid", "bad_duration", "spec.timeWindow[0].duration"),
    ("SLO", "spec.timeWindow.0.calendar", CALENDAR, "contradiction", "spec.timeWindow[0].calendar"),
    ("SLO", "spec.timeWindow.0.isRolling", False, "missing_field", "spec.timeWindow[0]"),
    *(
        (
            "SLO",
            "spec.timeWindow.0",
            {"duration": "1w", "calendar": CALENDAR | {name: value}},
            code,
            f"spec.timeWindow[0].calendar.{name}",
        )
        for name, value, code in [("startTime", "2022-01-01", "bad_time"), ("timeZone", "Mars/Base", "bad_zone")]
    ),
    ("SLO", "spec.objectives.0", {"target": 1.0}, "bad_target", "spec.objectives[0].target"),
    ("SLO", "spec.objectives.0", {"target": -0.1}, "bad_target", "spec.objectives[0].target"),
    ("SLO", "spec.objectives.0", {"targetPercent": 100.0}, "bad_target", "spec.objectives[0].targetPercent"),
    ("SLO", "spec.objectives.0", {"targetPercent": -0.1}, "bad_target", "spec.objectives[0].targetPercent"),
    ("SLO", "spec.objectives.0", {}, "exactly_one", "spec.objectives[0]"),
    ("SLO", "spec.objectives.0", {"target": 0.1, "targetPercent": 10.0}, "exactly_one", "spec.objectives[0]"),
    ("SLO", "spec.objectives.0", {"target": 0.9, "op": "lessThan"}, "unknown_value", "spec.objectives[0].op"),
    ("SLO", "spec.alertPolicies.0", {"alertPolicyRef": "a", "spec": policy()}, "exactly_one", "spec.alertPolicies[0]"),
    ("SLO", "spec.alertPolicies.0", {"alertPolicyRef": "invalid ref"}, "bad_name", "spec.alertPolicies[0].alertPolicyRef"),
    ("SLO", "spec.alertPolicies.0", {"alertPolicyRef": ""}, "wrong_type", "spec.alertPolicies[0].alertPolicyRef"),
    ("SLO", "spec.alertPolicies.0", inline("DataSource", policy()), "unknown_value", "spec.alertPolicies[0].kind"),
    ("AlertPolicy", "spec.description", "A" * 1051, "too_long", "spec.description"),
    ("AlertPolicy", "spec.conditions", [], "exactly_one", "spec.conditions"),
    ("AlertPolicy", "spec.conditions", [{"conditionRef": "fast"}] * 2, "exactly_one", "spec.conditions"),
    ("AlertPolicy", "spec.conditions.0", {"conditionRef": "invalid ref"}, "bad_name", "spec.conditions[0].conditionRef"),
    ("AlertPolicy", "spec.conditions.0", inline("SLO", condition()), "unknown_value", "spec.conditions[0].kind"),
    ("AlertPolicy", "spec.notificationTargets", [], "missing_field", "spec.notificationTargets"),
    (
        "AlertPolicy",
        "spec.notificationTargets.0",
        {"targetRef": "invalid ref"},
        "bad_name",
        "spec.notificationTargets[0].targetRef",
    ),
    (
        "AlertPolicy",
        "spec.notificationTargets.0",
        inline("SLO", {"target": "x"}),
        "unknown_value",
        "spec.notificationTargets[0].kind",
    ),
    ("AlertCondition", "spec.severity", "", "wrong_type", "spec.severity"),
    ("AlertCondition", "spec.description", "A" * 1051, "too_long", "spec.description"),
    ("AlertCondition", "spec.condition.kind", GONE, "missing_field", "spec.condition.kind"),
    ("AlertCondition", "spec.condition.kind", "wrong", "unknown_value", "spec.condition.kind"),
    ("AlertCondition", "spec.condition.op", GONE, "missing_field", "spec.condition.op"),
    ("AlertCondition", "spec.condition.op", "lessThan", "unknown_value", "spec.condition.op"),
    ("AlertCondition", "spec.condition.threshold", GONE, "missing_field", "spec.condition.threshold"),
    ("AlertCondition", "spec.condition.lookbackWindow", GONE, "missing_field", "spec.condition.lookbackWindow"),
    ("AlertCondition", "spec.condition.alertAfter", "-1m", "bad_duration", "spec.condition.alertAfter"),
    ("AlertNotificationTarget", "spec.target", GONE, "missing_field", "spec.target"),
    ("DataSource", "spec.type", GONE, "missing_field", "spec.type"),
    ("DataSource", "spec.connectionDetails", GONE, "missing_field", "spec.connectionDetails"),
    ("SLI", "spec", {}, "exactly_one", "spec"),
    ("SLI", "spec", ratio() | threshold(), "exactly_one", "spec"),
    ("SLI", "spec.ratioMetric", {}, "exactly_one", "spec.ratioMetric"),
    ("SLI", "spec.ratioMetric", {"total": metric()}, "exactly_one", "spec.ratioMetric"),
    ("SLI", "spec.ratioMetric", {"total": metric(), "raw": metric(), "rawType": "success"}, "exactly_one", "spec.ratioMetric"),
    (
        "SLI",
        "spec.ratioMetric",
        {"good": metric(), "raw": metric(), "rawType": "success"},
        "exactly_one",
        "spec.ratioMetric.good",
    ),
    ("SLI", "spec.ratioMetric", {"bad": metric(), "good": metric(), "total": metric()}, "exactly_one", "spec.ratioMetric"),
    ("SLI", "spec.ratioMetric", {"raw": metric()}, "missing_field", "spec.ratioMetric.rawType"),
    ("SLI", "spec.ratioMetric", {"raw": metric(), "rawType": "invalid"}, "unknown_value", "spec.ratioMetric.rawType"),
    ("SLI", "spec.ratioMetric.total", {}, "missing_field", "spec.ratioMetric.total.metricSource"),
    ("SLI", "spec.ratioMetric.good.metricSource.spec", {}, "missing_field", "spec.ratioMetric.good.metricSource.spec"),
    (
        "SLI",
        "spec.ratioMetric.good",
        metric(metricSourceRef="my datadog"),
        "bad_name",
        "spec.ratioMetric.good.metricSource.metricSourceRef",
    ),
]


@pytest.mark.parametrize(("kind", "path", "value", "code", "where"), REFUSED)
def test_what_the_sdk_refuses_is_an_error_at_the_same_property(kind: str, path: str, value: Any, code: str, where: str) -> None:
    assert ("error", code, where) in found(changed(kind, path, value))


@pytest.mark.parametrize("method", ["Occurrences", "Timeslices", "RatioTimeslices"])
@pytest.mark.parametrize("field", ["timeSliceTarget", "timeSliceWindow"])
def test_slices_are_required_by_the_methods_that_count_them(method: str, field: str) -> None:
    objective = {"target": 0.99} | {name: value for name, value in SLICES.items() if name != field}
    told = found([*whole()[:-1], slo(budgetingMethod=method, objectives=[objective])])
    wanted = method == "Timeslices" or (method == "RatioTimeslices" and field == "timeSliceWindow")
    assert (("error", "missing_field", f"spec.objectives[0].{field}") in told) == wanted
    assert wanted or all(severity == "warning" for severity, _, _ in told)


@pytest.mark.parametrize(("value", "good"), [(0.1, True), (1.0, True), (0, False), (1.1, False)])
def test_a_slice_target_may_be_1_and_not_0(value: float, *, good: bool) -> None:
    told = found(
        [*whole()[:-1], slo(budgetingMethod="Timeslices", objectives=[{"target": 0.99} | SLICES | {"timeSliceTarget": value}])]
    )
    assert told == ([] if good else [("error", "bad_target", "spec.objectives[0].timeSliceTarget")])


def test_a_threshold_inline_requires_a_comparison_and_one_by_reference_does_not() -> None:
    own = {"metadata": {"name": "own"}, "spec": threshold()}
    told = found([*whole()[:-1], slo(indicatorRef=GONE, indicator=own)])
    assert told == [("error", "missing_field", f"spec.objectives[0].{name}") for name in ("op", "value")]
    told = found([*whole()[:-1], slo(indicatorRef="web-queue")])
    assert told == [("warning", "missing_field", "spec.objectives[0]")] * 2


def test_a_composite_has_its_indicators_on_its_objectives_only() -> None:
    part = {"target": 0.99, "indicatorRef": "web-ok"}
    composite = slo(indicatorRef=GONE, objectives=[part, {"target": 0.9, "indicatorRef": "web-queue", "op": "lt", "value": 5}])
    assert found([*whole()[:-1], composite]) == []
    both = slo(objectives=[part])
    assert ("error", "exactly_one", "spec.indicatorRef") in found([*whole()[:-1], both])
    one_without = slo(indicatorRef=GONE, objectives=[part, {"target": 0.9}])
    assert ("error", "exactly_one", "spec.objectives[1]") in found([*whole()[:-1], one_without])
    twice = slo(indicatorRef=GONE, objectives=[part | {"indicator": {"metadata": {"name": "own"}, "spec": ratio()}}])
    assert ("error", "exactly_one", "spec.objectives[0]") in found([*whole()[:-1], twice])


@pytest.mark.parametrize(("weight", "good"), [(20.0, True), (999999999999.9999, True), (0.0, False), (-2.0, False)])
def test_a_weight_is_above_0(weight: float, *, good: bool) -> None:
    part = {"target": 0.99, "indicatorRef": "web-ok", "compositeWeight": weight}
    told = found([*whole()[:-1], slo(indicatorRef=GONE, objectives=[part])])
    assert told == ([] if good else [("error", "bad_weight", "spec.objectives[0].compositeWeight")])


DIFFERENT: list[tuple[str, str, Any, tuple[str, str, str]]] = [
    ("AlertCondition", "spec.condition.op", "lte", ("error", "burn_operator", "spec.condition.op")),
    ("SLO", "spec.timeWindow.0.duration", "0w", ("error", "bad_window", "spec.timeWindow[0].duration")),
    ("SLO", "spec.timeWindow.0.duration", "3M", ("warning", "nominal_month", "spec.timeWindow[0].duration")),
    ("SLO", "spec.objectives", [], ("error", "missing_field", "spec.objectives")),
    ("SLO", "spec.objectives.0", {"target": 0.9, "op": "gt"}, ("warning", "not_a_threshold", "spec.objectives[0].op")),
    ("SLO", "spec.indicatorRef", "no-such-sli", ("error", "dangling_reference", "spec.indicatorRef")),
    ("SLO", "spec.sevice", "web", ("error", "unknown_field", "spec.sevice")),
    (
        "SLI",
        "spec.ratioMetric",
        ratio()["ratioMetric"] | {"rawType": "success"},
        ("error", "exactly_one", "spec.ratioMetric.rawType"),
    ),
    ("AlertPolicy", "spec.alertWhenNoData", True, ("warning", "not_followed", "spec.alertWhenNoData")),
]


@pytest.mark.parametrize(("kind", "path", "value", "told"), DIFFERENT)
def test_where_the_sdk_says_nothing_sloop_does_on_purpose(kind: str, path: str, value: Any, told: tuple[str, str, str]) -> None:
    assert told in found(changed(kind, path, value))


def test_the_whole_has_no_problem_at_all() -> None:
    assert found(whole()) == []
