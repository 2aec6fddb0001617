from __future__ import annotations

from fractions import Fraction

import pytest

from alerts.prices import monthly
from app.files import read_prices
from slo.resource import Kind, Resource

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
