from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, MetricQuery, TimeSlice, Unbound
from slo.estate.spec import Budgeting, Composite, Part
from tests.slo.estate.openslo_documents import GONE, document, estate, found, metric, only, others, ratio, slo

OK = EventRatio((CounterQuery("all_total"),), good=(CounterQuery("good_total"),))
QUEUE = TimeSlice(GaugeQuery("queue_depth"), "<", Decimal(5))


def part(reference: str = "web-ok", target: float = 0.99, **more: Any) -> dict[str, Any]:
    return {"target": target, "indicatorRef": reference} | more


def composite(*parts: dict[str, Any], notes: dict[str, str] | None = None, **changed: Any) -> list[dict[str, Any]]:
    made = slo(indicatorRef=GONE, objectives=list(parts), **changed)
    made["metadata"]["annotations"] = {f"sloop.dev/{name}": value for name, value in (notes or {}).items()}
    return [*others(), made]


def test_objectives_with_indicators_are_the_parts_of_one_objective_of_the_slos_name() -> None:
    queue = part("web-queue", 0.9, op="lt", value=5, compositeWeight=3)
    objective = only(composite(part(compositeWeight=1), queue))
    assert (objective.id, objective.indicator_ids) == ("web", ("web-ok", "web-queue"))
    assert objective.composite == Composite(
        "weighted",
        (Part("web-ok", Decimal("0.99"), Decimal(1), OK), Part("web-queue", Decimal("0.9"), Decimal(3), QUEUE)),
        None,
    )


def test_inline_parts_go_by_the_slos_name_and_their_number() -> None:
    inline = {"target": 0.9, "indicator": {"metadata": {"name": "own"}, "spec": ratio()}}
    assert only(composite(part(), inline)).indicator_ids == ("web-ok", "web.2")
    assert only(composite(inline)).indicator_ids == ("web",)


@pytest.mark.parametrize(
    ("parts", "target"),
    [
        ([(0.99, 1), (0.9, 1)], "0.945"),
        ([(0.99, 2), (0.9, 1)], "0.96"),
        ([(0.99, 1)], "0.99"),
        ([(0.95, 1), (0.999, 2)], "0.982666666666"),
        ([(0.99, 0.5), (0.9, 1.5)], "0.9225"),
    ],
)
def test_its_target_is_the_weighted_mean_cut_at_12_digits(parts: list[tuple[float, float]], target: str) -> None:
    objective = only(composite(*(part(target=t, compositeWeight=w) for t, w in parts)))
    assert str(objective.target) == target


def test_an_annotation_gives_another_target() -> None:
    assert only(composite(part(), part("web-queue"), notes={"composite-target": "99.5%"})).target == Decimal("0.995")


@pytest.mark.parametrize(
    ("notes", "mode", "need"),
    [
        ({"composite": "serial"}, "serial", 3),
        ({"composite": "parallel"}, "parallel", 1),
        ({"composite": "weighted"}, "weighted", None),
        ({"composite": "k-of-n", "composite-need": "2"}, "k-of-n", 2),
    ],
)
def test_an_annotation_gives_another_mode(notes: dict[str, str], mode: str, need: int | None) -> None:
    made = only(composite(part(), part("web-queue"), part("web-ok"), notes=notes)).composite
    assert made is not None
    assert (made.mode, made.need) == (mode, need)


@pytest.mark.parametrize(
    ("notes", "code", "key"),
    [
        ({"composite": "any"}, "unknown_value", "composite"),
        ({"composite": "k-of-n"}, "missing_field", "composite"),
        ({"composite": "k-of-n", "composite-need": "3"}, "wrong_type", "composite-need"),
        ({"composite": "serial", "composite-need": "1"}, "contradiction", "composite-need"),
        ({"composite-target": "1"}, "bad_target", "composite-target"),
    ],
)
def test_a_bad_annotation_of_a_composite_names_itself(notes: dict[str, str], code: str, key: str) -> None:
    told = found(composite(part(), part("web-queue", op="lt", value=1), notes=notes))
    assert told == [("error", code, f"metadata.annotations['sloop.dev/{key}']")]


def test_what_makes_a_composite_is_refused_on_others() -> None:
    plain = slo()
    plain["metadata"]["annotations"] = {"sloop.dev/composite": "serial"}
    assert [(severity, code) for severity, code, _ in found([*others(), plain])] == [("error", "contradiction")]


def test_slices_of_time_are_those_of_the_whole() -> None:
    slices: dict[str, Any] = {"timeSliceTarget": 0.9, "timeSliceWindow": "5m"}
    objective = only(composite(part(**slices), part("web-queue", **slices), budgetingMethod="Timeslices"))
    assert objective.budgeting == Budgeting("Timeslices", 5, Decimal("0.9"))
    other = part("web-queue", op="lt", value=1, **slices | {"timeSliceWindow": "6m"})
    told = found(composite(part(**slices), other, budgetingMethod="Timeslices"))
    assert told == [("error", "contradiction", "spec.objectives[1].timeSliceWindow")]


def test_weights_are_reduced_where_their_sum_would_not_stay_exact() -> None:
    told = found(composite(part(compositeWeight=999999999999.9999), part(compositeWeight=1)))
    assert told == [("error", "bad_weight", "spec.objectives")]
    large = only(composite(part(compositeWeight=999999999999), part(compositeWeight=333333333333))).composite
    assert large is not None
    assert [p.weight for p in large.parts] == [3, 1]


def test_parts_are_sent_to_the_account_of_the_estate() -> None:
    spec = {"namespace": "N", "metric": "M", "stat": "Sum"}
    one = {"metricSource": {"type": "CloudWatch", "spec": spec}}
    documents = [document("SLI", "cw", {"ratioMetric": {"good": one, "total": one}}), *composite(part("cw"))]
    text = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: e}\ncomponents: []\n"
    text += 'accounts: {main: {id: "111122223333", region: us-east-1}}\n'
    made = next(o for o in estate(documents, text).objectives).composite
    assert made is not None
    measure = made.parts[0].measure
    assert isinstance(measure, EventRatio)
    assert measure.total == (MetricQuery("main", "us-east-1", "N", "M", (), "Sum"),)


def test_a_part_that_cannot_be_measured_says_why() -> None:
    documents = [document("SLI", "dd", {"thresholdMetric": metric(type="Datadog")}), *composite(part("dd", op="lt", value=1))]
    made = only(documents).composite
    assert made is not None
    assert isinstance(made.parts[0].measure, Unbound)
