from __future__ import annotations

from typing import Any

import pytest

from dashboards import grafana_json
from dashboards.views import views
from tests.support.boards import BASE_URL, CATALOG, ESTATE

BODIES = {view.name: grafana_json.body(ESTATE, view, BASE_URL) for view in views(ESTATE, CATALOG, grafana_json.BASE_URL)}
ALL = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)


def targets(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [target for panel in body["panels"] for target in panel.get("targets", ())]


def test_every_dashboard_has_a_uid_of_its_own() -> None:
    uids = [body["uid"] for body in BODIES.values()]
    assert len(set(uids)) == len(uids)


@ALL
def test_panels_have_ids_of_their_own(body: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in body["panels"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))


@ALL
def test_panels_of_one_dashboard_do_not_overlap(body: dict[str, Any]) -> None:
    grid = [panel["gridPos"] for panel in body["panels"]]
    cells = [(x, y) for g in grid for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
    assert len(set(cells)) == len(cells)


@ALL
def test_queries_of_a_panel_have_letters_and_ids_of_their_own(body: dict[str, Any]) -> None:
    for panel in body["panels"]:
        for name in ("refId", "id"):
            given = [target[name] for target in panel.get("targets", ()) if name in target]
            assert len(set(given)) == len(given)


@ALL
def test_every_data_source_is_a_variable_of_the_dashboard(body: dict[str, Any]) -> None:
    known = {f"${{{variable['name']}}}" for variable in body["templating"]["list"] if variable["type"] == "datasource"}
    used = {target["datasource"]["uid"] for target in targets(body)}
    assert used <= known


def test_six_kinds_of_panel_are_used() -> None:
    kinds = {panel["type"] for body in BODIES.values() for panel in body["panels"]}
    assert kinds == {"row", "text", "stat", "timeseries", "bargauge", "table", "state-timeline"}


def test_a_component_of_another_account_is_read_through_its_own_data_source() -> None:
    used = {t["datasource"]["uid"] for t in targets(BODIES["component_archive"]) if t["datasource"]["type"] == "cloudwatch"}
    assert used == {"${cloudwatch_data_lake}"}


def test_the_address_of_our_pages_is_a_variable_and_stands_in_every_link() -> None:
    body = BODIES["component_shop"]
    (address,) = (variable for variable in body["templating"]["list"] if variable["name"] == "base_url")
    assert address["query"] == BASE_URL
    assert body["links"][0]["url"] == "${base_url:raw}/components/shop"
    assert BASE_URL not in str(body["panels"])


def test_metric_math_is_sent_as_code_beside_its_hidden_metrics() -> None:
    (panel,) = (p for p in BODIES["component_shop"]["panels"] if p.get("title") == "shop.availability: bad events")
    *metrics, math = panel["targets"]
    assert [(m["metricName"], m["hide"], m["statistic"]) for m in metrics] == [
        ("Requests", True, "Sum"),
        ("Refused", True, "Sum"),
        ("Errors", True, "Sum"),
        ("Refused", True, "Sum"),
    ]
    assert math["expression"] == "100*(FILL(b1,0)+FILL(b2,0))/(t1+t2)"
    assert math["metricEditorMode"] == 1


def test_what_is_shown_as_now_is_asked_for_now() -> None:
    """Over time, a series that ended hours ago would still have a last value."""
    asked = {
        (panel["type"], target["instant"])
        for body in BODIES.values()
        for panel in body["panels"]
        for target in panel.get("targets", ())
        if target["datasource"]["type"] == "prometheus"
    }
    now, over_time = ("stat", "bargauge", "table"), ("timeseries", "state-timeline")
    assert asked == {(kind, True) for kind in now} | {(kind, False) for kind in over_time}


def test_a_row_of_a_table_leads_to_its_objective_and_its_columns_have_units() -> None:
    (objectives,) = (p for p in BODIES["view_estate"]["panels"] if p.get("title") == "Objectives" and p["type"] == "table")
    by_name = {
        o["matcher"]["options"]: {p["id"]: p["value"] for p in o["properties"]} for o in objectives["fieldConfig"]["overrides"]
    }
    assert by_name["Objective"]["links"][0]["url"] == "${base_url:raw}/slos/${__value.raw}"
    assert [by_name[title]["unit"] for title in ("Budget left", "Burn 1h")] == ["percentunit", "suffix:x"]
    assert [step["value"] for step in by_name["Budget left"]["thresholds"]["steps"]] == [None, 0, 0.25]


def test_the_objective_is_a_line_on_the_graph() -> None:
    (panel,) = (p for p in BODIES["component_shop"]["panels"] if p.get("title") == "shop.availability: bad events")
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"value": None, "color": "blue"},
        {"value": 0.1, "color": "red"},
    ]
    assert panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "dashed"}


def test_the_name_of_a_component_cannot_become_a_variable() -> None:
    (text, *_) = (p for p in BODIES["component_shop"]["panels"] if p["type"] == "text")
    assert r"\$job" in text["options"]["content"]
