from __future__ import annotations

import json
from typing import Any

import pytest

from app.simulator.dashboard_body import check
from dashboards import cloudwatch_json
from dashboards.views import views
from tests.support.boards import BASE_URL, CATALOG, ESTATE

BODIES = {view.name: cloudwatch_json.body(ESTATE, view) for view in views(ESTATE, CATALOG, BASE_URL)}


def metric_widgets(view: str) -> list[dict[str, Any]]:
    return [widget["properties"] for widget in BODIES[view]["widgets"] if widget["type"] == "metric"]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_is_what_cloudwatch_takes_without_a_warning(body: dict[str, Any]) -> None:
    assert check(json.dumps(body)) == ()
    assert body["widgets"]


def test_panels_that_only_sloop_can_fill_are_left_out() -> None:
    titles = [widget["title"] for widget in metric_widgets("component_shop")]
    assert titles == ["shop.availability: bad events", "shop.latency: bad events", "Traffic", "Disk"]


def test_the_objective_and_the_alarms_are_lines() -> None:
    lines = [widget["annotations"]["horizontal"][0]["value"] for widget in metric_widgets("component_shop")]
    assert lines == [0.1, 1.0, 5.0, 90.0]


def test_a_metric_of_another_account_and_region_says_so() -> None:
    (widget, *_) = metric_widgets("component_archive")
    assert widget["region"] == "eu-west-1"
    assert widget["metrics"][0][-1]["accountId"] == "444455556666"
    assert all("accountId" not in row[-1] for row in metric_widgets("component_shop")[0]["metrics"])


def test_what_cloudwatch_cannot_show_is_a_link_to_our_pages() -> None:
    texts = " ".join(w["properties"]["markdown"] for w in BODIES["component_orders"]["widgets"] if w["type"] == "text")
    assert "(https://sloop.example/slos/orders.availability)" in texts
