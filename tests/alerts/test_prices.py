from __future__ import annotations

from fractions import Fraction

import pytest

from alerts.prices import choices, monthly
from app.files import read_prices
from slo.resource import Kind, Resource
from tests.support.wishes import desired

MATH = {"Metrics": [{"MetricStat": {"Period": 60}}, {"MetricStat": {"Period": 60}}, {"Expression": "m1 / m2"}]}


@pytest.mark.parametrize(
    ("kind", "spec", "dollars"),
    [
        ("alarm", {"Period": 300}, "0.10"),
        ("alarm", {"Period": 10}, "0.30"),
        ("alarm", MATH, "0.20"),
        ("composite", {}, "0.50"),
        ("dashboard", {}, "3.00"),
        ("topic", {}, "0"),
    ],
)
def test_an_alarm_costs_by_the_metrics_it_reads(kind: Kind, spec: dict[str, object], dollars: str) -> None:
    assert monthly(Resource(kind, "main", "us-east-1", "a", spec), read_prices()) == Fraction(dollars)


def test_a_metric_of_our_own_costs_beside_the_alarm_on_it() -> None:
    assert monthly(
        Resource("alarm", "main", "us-east-1", "a", {"Period": 60, "Namespace": "Sloop"}), read_prices()
    ) == Fraction("0.40")


def test_the_cost_of_each_choice_adds_up_to_that_of_everything() -> None:
    wished = desired()
    found = choices(wished, read_prices())
    assert sum(c.dollars for c in found) == sum(monthly(r, read_prices()) for r in wished)
    by_name = {c.what: c for c in found}
    # Of two objectives: two windows and a composite each; availability counts four metrics, latency two.
    assert by_name["survives_sloop"].count == 6
    assert by_name["survives_sloop"].dollars == Fraction("2.20")
    assert by_name["burn_metric"].dollars == 2 * Fraction("0.40")
    assert by_name["held back while a dependency is down"].dollars == Fraction("0.50")
    assert by_name["heartbeat and dead letters"].dollars == Fraction("0.40") + Fraction("0.10")
