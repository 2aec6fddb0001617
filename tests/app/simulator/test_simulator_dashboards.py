from __future__ import annotations

import json
from typing import Any

import pytest

from app.simulator.dashboard_body import check
from tests.support.simulated import refusal

TEXT = {"type": "text", "x": 0, "y": 0, "width": 24, "height": 3, "properties": {"markdown": "# Hello"}}


def metric(*rows: list[Any], **more: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"region": "us-east-1", "metrics": list(rows), **more}}


def body(*widgets: dict[str, Any], **more: Any) -> str:
    return json.dumps({"widgets": list(widgets), **more})


def test_what_is_put_comes_back_as_it_was(account: Any) -> None:
    text = body(TEXT)
    assert account.client.put_dashboard(DashboardName="mine", DashboardBody=text)["DashboardValidationMessages"] == []
    found = account.client.get_dashboard(DashboardName="mine")
    assert found["DashboardBody"] == text
    assert found["DashboardArn"] == "arn:aws:cloudwatch::111122223333:dashboard/mine"


def test_dashboards_are_listed_by_prefix_page_by_page(account: Any) -> None:
    for number in range(120):
        account.client.put_dashboard(DashboardName=f"a-{number:03}", DashboardBody=body(TEXT))
    account.client.put_dashboard(DashboardName="b", DashboardBody=body(TEXT))
    pages = list(account.client.get_paginator("list_dashboards").paginate(DashboardNamePrefix="a-"))
    assert [len(page["DashboardEntries"]) for page in pages] == [100, 20]
    assert pages[0]["DashboardEntries"][0]["Size"] == len(body(TEXT))


def test_tags_are_taken_when_it_is_made_and_ignored_when_it_is_changed(account: Any) -> None:
    arn = "arn:aws:cloudwatch::111122223333:dashboard/mine"
    for value in ("first", "second"):
        tags = [{"Key": "owner", "Value": value}]
        account.client.put_dashboard(DashboardName="mine", DashboardBody=body(TEXT), Tags=tags)
    assert account.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "owner", "Value": "first"}]
    account.client.tag_resource(ResourceARN=arn, Tags=[{"Key": "owner", "Value": "third"}])
    assert account.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "owner", "Value": "third"}]
    account.client.untag_resource(ResourceARN=arn, TagKeys=["owner"])
    assert account.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_a_delete_with_one_unknown_name_deletes_nothing(account: Any) -> None:
    account.client.put_dashboard(DashboardName="mine", DashboardBody=body(TEXT))
    assert refusal(account.client.delete_dashboards, DashboardNames=["mine", "ghost"]) == "ResourceNotFound"
    account.client.delete_dashboards(DashboardNames=["mine"])
    assert refusal(account.client.get_dashboard, DashboardName="mine") == "ResourceNotFound"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("with space", body(TEXT)),
        ("mine", "no json"),
        ("mine", "{}"),
        ("mine", body(*[TEXT] * 501)),
        ("mine", body({**TEXT, "type": "picture"})),
        ("mine", body({**TEXT, "x": 24})),
        ("mine", body({**TEXT, "width": 25})),
        ("mine", body({**TEXT, "properties": {}})),
        ("mine", body({"type": "text"})),
        ("mine", body({"type": "metric", "properties": {"metrics": [["AWS/RDS", "CPUUtilization"]]}})),
        ("mine", body(metric())),
        ("mine", body(metric(["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier"]))),
        ("mine", body(metric(["AWS/RDS", "CPUUtilization", {"id": "Upper"}]))),
        ("mine", body(metric([{"expression": "m1 / m2", "id": "e1"}]))),
        ("mine", body(metric([{"expression": "1 +", "id": "e1"}]))),
        ("mine", body(metric(["A", "B", {"id": "m1"}], ["A", "C", {"id": "m1"}]))),
        ("mine", body(metric(["A", "B"], view="spiral"))),
        ("mine", body(metric(["A", "B"], annotations={"horizontal": [{"label": "objective"}]}))),
        ("mine", body(metric(*[["A", "B"]] * 501))),
        ("mine", body(*[metric(*[["A", "B"]] * 500)] * 6)),
        ("mine", body(TEXT, periodOverride="sometimes")),
        ("mine", body(TEXT, variables=[{}] * 26)),
    ],
)
def test_what_cloudwatch_does_not_take_is_refused(account: Any, name: str, text: str) -> None:
    assert refusal(account.client.put_dashboard, DashboardName=name, DashboardBody=text) == "InvalidParameterInput"
    assert account.client.list_dashboards()["DashboardEntries"] == []


def test_an_unknown_property_is_a_warning_and_not_a_refusal(account: Any) -> None:
    text = body({**TEXT, "colour": "red"})
    answer = account.client.put_dashboard(DashboardName="mine", DashboardBody=text)
    assert [message["DataPath"] for message in answer["DashboardValidationMessages"]] == ["/widgets/0/colour"]


def test_a_widget_over_the_right_edge_is_a_warning() -> None:
    assert [finding.kind for finding in check(body({**TEXT, "x": 12}))] == ["warning"]


def test_math_over_metrics_of_its_widget_is_in_order() -> None:
    rows = (["A", "B", {"id": "m1", "visible": False}], [{"expression": "100 * FILL(m1, 0)", "id": "e1", "label": "x"}])
    assert check(body(metric(*rows))) == ()
