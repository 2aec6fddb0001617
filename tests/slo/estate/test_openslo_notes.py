from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from slo.estate.spec import RuleSpec
from tests.slo.estate.openslo_documents import condition, found, inline, only, others, slo

RULE = RuleSpec("page", None, 60, None, factor=Decimal("14.4"))


def noted(kind: str = "AlertCondition", name: str = "fast", *, threshold: float = 14.4, **notes: Any) -> list[dict[str, Any]]:
    made = [*others(), slo()]
    [one] = (d for d in made if d["kind"] == kind and d["metadata"]["name"] == name)
    one["metadata"]["annotations"] = {f"sloop.dev/{key.replace('_', '-')}": value for key, value in notes.items()}
    for d in made:
        if d["kind"] == "AlertCondition":
            d["spec"] = condition(threshold=threshold, alertAfter="0m")
    return made


def rule(documents: list[dict[str, Any]]) -> RuleSpec:
    [found] = only(documents).policy
    return found


def test_a_short_window_makes_a_rule_of_two_windows() -> None:
    assert rule(noted(short_window="5m")) == RuleSpec("page", None, 60, 5, factor=Decimal("14.4"))
    assert rule(noted()) == RULE


def test_a_condition_inline_is_annotated_too() -> None:
    own = inline("AlertCondition", condition(threshold=14.4, alertAfter="0m"))
    own["metadata"]["annotations"] = {"sloop.dev/short-window": "5m"}
    policy = {"conditions": [own], "notificationTargets": [{"targetRef": "pd"}]}
    documents = [*others(), slo(alertPolicies=[inline("AlertPolicy", policy)])]
    assert rule(documents) == RuleSpec("page", None, 60, 5, factor=Decimal("14.4"))


def test_a_budget_whose_factor_is_the_threshold_takes_its_place() -> None:
    documents = noted(budget="2%", short_window="5m")
    assert found(documents) == []
    assert rule(documents) == RuleSpec("page", Decimal("0.02"), 60, 5)


def test_a_factor_that_has_no_end_is_met_to_nine_digits() -> None:
    documents = noted(budget="10%", threshold=2.0571428571)
    for d in documents:
        if d["kind"] == "AlertCondition":
            d["spec"]["condition"]["lookbackWindow"] = "35h"  # 10 % x 720 / 35
    assert rule(documents).share == Decimal("0.1")


def test_a_budget_with_another_factor_is_warned_of_and_the_threshold_holds() -> None:
    documents = noted(budget="2%", threshold=14)
    assert found(documents) == [("warning", "factor_differs", "spec.alertPolicies")]
    assert rule(documents) == RuleSpec("page", None, 60, None, factor=Decimal(14))


def test_minimums_and_confidence() -> None:
    made = rule(noted(min_bad="5", min_total="100", confidence="95%"))
    assert (made.min_bad, made.min_total, made.confidence) == (5, 100, Decimal("0.95"))


@pytest.mark.parametrize(
    ("notes", "code"),
    [
        ({"short_window": "1h"}, "bad_policy"),
        ({"short_window": "0m"}, "bad_policy"),
        ({"short_window": "5x"}, "bad_duration"),
        ({"budget": "0%"}, "bad_share"),
        ({"budget": "much"}, "bad_share"),
        ({"min_bad": "0"}, "wrong_type"),
        ({"min_bad": "1.5"}, "wrong_type"),
        ({"min_total": "many"}, "wrong_type"),
        ({"min_total": 5}, "wrong_type"),
        ({"confidence": "100%"}, "bad_share"),
        ({"shortwindow": "5m"}, "unknown_annotation"),
        ({"no_data": "bad"}, "unknown_annotation"),
    ],
)
def test_a_bad_annotation_is_an_error_at_its_key(notes: dict[str, Any], code: str) -> None:
    [key] = notes
    told = found(noted(**notes))
    assert (("error", code), key.replace("_", "-") in told[0][2]) == (told[0][:2], True)


@pytest.mark.parametrize("kind", ["Service", "SLI", "DataSource", "AlertPolicy", "AlertNotificationTarget"])
def test_other_kinds_have_no_annotations_of_ours(kind: str) -> None:
    one = next(d for d in others() if d["kind"] == kind)
    told = found(noted(kind, one["metadata"]["name"], budget="2%"))
    assert [(severity, code) for severity, code, _ in told] == [("error", "unknown_annotation")]


def test_annotations_of_others_are_theirs() -> None:
    made = noted()
    made[0]["metadata"]["annotations"] = {"openslo.com/x": "y", "budget": "z", "example.com/budget": "2%"}
    assert found(made) == []


@pytest.mark.parametrize("no_data", ["bad", "good", "hold"])
def test_no_data_says_what_a_missing_slice_of_time_counts_as(no_data: str) -> None:
    documents = noted("SLO", "web", no_data=no_data)
    documents[-1]["spec"] |= {
        "budgetingMethod": "Timeslices",
        "objectives": [{"target": 0.9, "timeSliceTarget": 0.9, "timeSliceWindow": 5}],
    }
    assert only(documents).budgeting.no_data == no_data


def test_no_data_is_for_slices_of_time_only() -> None:
    assert [code for _, code, _ in found(noted("SLO", "web", no_data="bad"))] == ["contradiction"]
    documents = noted("SLO", "web", no_data="bad")
    documents[-1]["spec"] |= {"indicatorRef": "web-queue", "objectives": [{"target": 0.99, "op": "lt", "value": 5}]}
    assert only(documents).budgeting.no_data == "bad"


def test_a_prefix_has_at_most_253_characters() -> None:
    made = noted()
    made[0]["metadata"]["annotations"] = {f"{'.'.join(['l' * 49] * 5)}/a": "x"}  # 249
    assert found(made) == []
    made[0]["metadata"]["annotations"] = {f"{'.'.join(['l' * 50] * 5)}/a": "x"}  # 254
    assert [code for _, code, _ in found(made)] == ["bad_name"]
