from __future__ import annotations

from dataclasses import replace

from dashboards.grafana_query import cloudwatch_variables, letters, variable_of
from dashboards.panels import Math, Metric, Promql
from slo.estate.indicator import MetricQuery
from slo.estate.spec import Estate
from tests.support.boards import ESTATE

METRIC = Metric("m1", MetricQuery("data-lake", "eu-west-1", "Shop", "Requests", (), "Sum"), "Requests")


def test_every_account_has_a_data_source_of_its_own() -> None:
    assert [name for name, _ in cloudwatch_variables(ESTATE)] == ["cloudwatch", "cloudwatch_data_lake"]
    assert [name for name, _ in cloudwatch_variables(Estate("offline"))] == ["cloudwatch"]


def test_a_panel_is_answered_by_the_account_of_its_metrics() -> None:
    main = replace(METRIC, query=replace(METRIC.query, account="main"))
    anybody = replace(METRIC, query=replace(METRIC.query, account=None))
    assert variable_of(ESTATE, (METRIC, Math("e1", "m1", "all"))) == "cloudwatch_data_lake"
    assert variable_of(ESTATE, (main,)) == variable_of(ESTATE, (anybody,)) == "cloudwatch"
    assert variable_of(ESTATE, (Promql("up"),)) == "prometheus"


def test_more_queries_than_letters_get_two() -> None:
    named = letters([METRIC] * 60)
    assert named[:2] + named[25:28] == ["A", "B", "Z", "AA", "AB"]
    assert len(set(named)) == 60
