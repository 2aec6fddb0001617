"""`plan`, `apply`, `drift` and `destroy` as typed, against a simulated account that counts every request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import run
from slo.units import format_minute, parse_minute
from tests.support.wishes import GOLDEN, PAGER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.account import Account

NOTHING, FAILED, CHANGES, BLOCKED, DRIFT, PARTLY, USAGE = 0, 1, 2, 3, 4, 5, 64
CPU = "sloop/small/database/cpu-high"
REGION = "eu-west-1"


def alarms(aws: Account) -> dict[str, dict[str, Any]]:
    answer = aws.client("cloudwatch", REGION).describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100)
    return {a["AlarmName"]: a for a in (*answer["MetricAlarms"], *answer["CompositeAlarms"])}


def planned(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    run(["plan", "--json", *more])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def change_by_hand(aws: Account, **changes: Any) -> None:
    known = {k: v for k, v in alarms(aws)[CPU].items() if not k.startswith(("State", "AlarmArn", "AlarmConfiguration"))}
    aws.client("cloudwatch", REGION).put_metric_alarm(**{**known, **changes})


def test_apply_then_plan_is_empty_and_writes_nothing(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan"]) == CHANGES
    assert aws.written == 0
    assert run(["apply"]) == NOTHING
    assert len(alarms(aws)) > 20
    aws.forget()
    assert run(["plan"]) == NOTHING
    assert run(["apply"]) == NOTHING
    assert aws.written == 0
    assert capsys.readouterr().out.endswith("nothing to do\n")


@pytest.mark.usefixtures("aws")
def test_a_saved_plan_is_applied_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plan.json"
    assert run(["plan", "--out", str(file)]) == CHANGES
    saved = json.loads(file.read_text())
    assert saved == planned(capsys)
    assert run(["apply", str(file), "--json"]) == NOTHING
    done = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in done["done"]] == [c["name"] for c in saved["changes"]]
    assert run(["plan"]) == NOTHING


def test_a_saved_plan_is_refused_in_one_line_once_the_world_moved(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    assert run(["plan", "--out", str(file)]) == CHANGES
    assert run(["apply"]) == NOTHING
    change_by_hand(aws, Threshold=99.0)
    capsys.readouterr()
    aws.forget()
    assert run(["apply", str(file)]) == FAILED
    error = capsys.readouterr().err
    assert "the world moved since this plan was made" in error
    assert error.count("\n") == 1
    assert aws.written == 0


def test_a_saved_plan_that_was_edited_is_refused(aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "plan.json"
    run(["plan", "--out", str(file)])
    file.write_text(file.read_text().replace("notBreaching", "breaching"))
    assert run(["apply", str(file)]) == FAILED
    assert "edited after it was written" in capsys.readouterr().err
    assert aws.written == 0


def test_a_change_by_hand_is_drift_and_survives_apply_unless_it_is_accepted(
    aws: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply"])
    assert run(["drift"]) == NOTHING
    change_by_hand(aws, Threshold=99.0)
    capsys.readouterr()
    assert run(["drift"]) == DRIFT
    told = capsys.readouterr().out
    assert f"changed  alarm {CPU} [main {REGION}]  Threshold 99 → 90  (by hand; PutMetricAlarm by user/test, " in told
    assert run(["apply"]) == NOTHING
    assert alarms(aws)[CPU]["Threshold"] == 99
    assert run(["plan", "--accept-drift"]) == CHANGES
    assert run(["apply", "--accept-drift"]) == NOTHING
    assert alarms(aws)[CPU]["Threshold"] == 90
    assert run(["drift"]) == NOTHING


def test_disabled_actions_are_drift(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply"])
    aws.client("cloudwatch", REGION).disable_alarm_actions(AlarmNames=[CPU])
    capsys.readouterr()
    assert run(["drift", "--json"]) == DRIFT
    (drift,) = json.loads(capsys.readouterr().out)["drifted"]
    assert drift["fields"] == [{"path": "ActionsEnabled", "old": False, "new": True}]


def test_a_deleted_alarm_is_drift_and_apply_brings_it_back(aws: Account) -> None:
    run(["apply"])
    aws.client("cloudwatch", REGION).delete_alarms(AlarmNames=[CPU])
    assert run(["drift"]) == DRIFT
    assert run(["apply"]) == NOTHING
    assert CPU in alarms(aws)
    assert run(["drift"]) == NOTHING


@pytest.mark.usefixtures("aws")
def test_an_edited_estate_is_a_change_and_no_drift(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply"])
    edited = tmp_path / "edited.yaml"
    edited.write_text((GOLDEN / "small.yaml").read_text(encoding="utf-8").replace("99.9%", "99.8%"), encoding="utf-8")
    monkeypatch.setenv("SLOOP_ESTATE", str(edited))
    assert run(["drift"]) == NOTHING
    changes = {c["name"]: c for c in planned(capsys)["changes"]}
    burn = changes["sloop/small/shop.availability/page/burn-1h"]
    assert burn["op"] == "update"
    assert {"path": "Threshold", "old": 0.0144, "new": 0.0288} in burn["fields"]
    assert run(["apply"]) == NOTHING
    assert run(["plan"]) == NOTHING


def test_deleting_much_is_blocked_and_permitted_by_its_number(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply"])
    smaller = tmp_path / "smaller.yaml"
    text = (GOLDEN / "small.yaml").read_text(encoding="utf-8")
    smaller.write_text(text[: text.index("  - name: shop")] + text[text.index("  - name: jobs") :], encoding="utf-8")
    before = len(alarms(aws))
    assert run(["plan", str(smaller), "--out", str(tmp_path / "plan.json")]) == BLOCKED
    capsys.readouterr()
    aws.forget()
    assert run(["apply", str(tmp_path / "plan.json")]) == BLOCKED
    assert run(["apply", str(smaller)]) == BLOCKED
    deletes = planned(capsys, str(smaller))["guard"]["deletes"]
    assert aws.written == 0
    assert deletes > 5
    assert run(["apply", str(smaller), "--allow-destroy", str(deletes)]) == NOTHING
    assert len(alarms(aws)) < before - 5


def test_an_estate_without_components_is_an_error_and_empties_nothing(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply"]) == NOTHING
    before = alarms(aws)
    empty = tmp_path / "empty.yaml"
    accounts = 'accounts: {main: {id: "111122223333", region: us-east-1}}'
    empty.write_text(f"apiVersion: sloop/v1\nkind: Estate\nmetadata: {{name: prod}}\n{accounts}\ncomponents: []\n")
    assert run(["plan", str(empty)]) == 1
    assert run(["apply", str(empty)]) == 1
    assert "declares no component" in capsys.readouterr().err
    assert alarms(aws) == before


def test_an_alarm_of_somebody_else_is_never_touched(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch = aws.client("cloudwatch", REGION)
    theirs = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    cloudwatch.put_metric_alarm(AlarmName="sloop/small/theirs", **theirs)
    cloudwatch.put_metric_alarm(AlarmName="unrelated", **theirs)
    assert run(["apply"]) == NOTHING
    assert "1 unmanaged, left alone: sloop/small/theirs" in (run(["plan"]), capsys.readouterr().out)[1]
    assert run(["destroy", "--yes"]) == NOTHING
    assert set(alarms(aws)) == {"sloop/small/theirs", "unrelated"}


def test_a_name_that_is_taken_blocks_instead_of_being_taken_over(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply"])
    run(["destroy", "--yes"])
    capsys.readouterr()
    aws.client("sns", REGION).create_topic(Name="sloop-small-pages")
    assert run(["apply"]) == BLOCKED
    assert "topic sloop-small-pages exists and is not tagged as ours" in capsys.readouterr().err


def test_destroy_asks_first(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply"])
    aws.forget()
    assert run(["destroy"]) == USAGE
    assert "--yes" in capsys.readouterr().err
    assert aws.written == 0


def test_what_aws_refuses_is_a_part_that_was_not_applied(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch = aws.client("cloudwatch", REGION)
    cloudwatch.put_composite_alarm(AlarmName="above", AlarmRule="TRUE")
    run(["apply"])
    cloudwatch.put_composite_alarm(AlarmName="above", AlarmRule=f'ALARM("{CPU}")')
    capsys.readouterr()
    assert run(["destroy", "--yes"]) == PARTLY
    told = capsys.readouterr().out
    assert f"failed: delete alarm {CPU}: cloudwatch:DeleteAlarms: " in told
    assert told.endswith(", 1 failed\n")
    assert set(alarms(aws)) == {"above", CPU}


def test_the_pager_is_subscribed_and_its_key_is_told_nowhere(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["plan", "--out", str(tmp_path / "plan.json")])
    run(["apply", str(tmp_path / "plan.json")])
    told = capsys.readouterr()
    assert "secret-key" not in told.out + told.err + (tmp_path / "plan.json").read_text()
    topic = f"arn:aws:sns:{REGION}:111122223333:sloop-small-pages"
    (subscription,) = aws.client("sns", REGION).list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("http", PAGER.url if PAGER else "")


@pytest.mark.usefixtures("aws")
def test_a_run_without_the_pagers_address_leaves_the_subscription_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    run(["apply"])
    monkeypatch.delenv("SLOOP_PAGER_ENDPOINT")
    assert run(["plan"]) == NOTHING
    assert run(["drift"]) == NOTHING


def test_without_an_estate_it_says_which_setting_to_set(
    aws: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SLOOP_ESTATE")
    assert run(["plan"]) == USAGE
    assert "SLOOP_ESTATE" in capsys.readouterr().err
    assert aws.asked.total() == 0


def minute(aws: Account, requests: int, bad: int) -> str:
    """A minute of traffic at the load balancer, and the state of the long window after it."""
    dimensions = [{"Name": "LoadBalancer", "Value": "app/shop/50dc6c495c0c9188"}]
    counts = {"RequestCount": requests, "HTTPCode_Target_5XX_Count": bad}
    data = [
        {"MetricName": name, "Value": value, "Dimensions": dimensions, "Timestamp": aws.clock.now() - 5}
        for name, value in counts.items()
    ]
    aws.client("cloudwatch", REGION).put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)
    aws.clock.advance(60)
    aws.cloudwatch.tick(aws.clock.now())
    return str(alarms(aws)["sloop/small/shop.availability/page/burn-1h"]["StateValue"])


def test_the_native_alarms_see_the_fast_burn_and_the_composite_tells_nobody_while_no_heartbeat_is_missed(aws: Account) -> None:
    run(["apply"])
    # At 99.9 % a burn of 14.4 is 1.44 % bad: 28 of 2,000 are just under it, 44 of 3,000 above.
    assert [minute(aws, 1000, bad) for bad in (0, 28, 16)] == ["OK", "OK", "ALARM"]
    assert alarms(aws)["sloop/small/shop.availability/page"]["StateValue"] == "OK"


@pytest.mark.usefixtures("aws")
def test_a_plan_says_how_many_pages_a_week_its_policies_would_have_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    objective, start = "shop.availability", parse_minute("2026-03-01T00:00:00Z")
    rows = [f"{objective},{format_minute(start + n)},{0 if 100 <= n < 160 else 100},100" for n in range(1440)]
    (tmp_path / "slices.csv").write_text("\n".join(["indicator,minute,good,total", *rows]) + "\n")
    found = planned(capsys, "--backtest", str(tmp_path / "slices.csv"))["backtest"]
    assert [(o["objective"], o["pages"]) for o in found["objectives"]] == [(objective, 1)]
    assert found["pages_per_week"] == 10080 / 1440
    assert run(["plan", "--backtest", str(tmp_path / "slices.csv")]) == CHANGES
    assert "Back-test: 7.0 pages and" in capsys.readouterr().out
    assert "backtest" not in planned(capsys)
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    assert run(["plan", "--backtest", "30"]) == FAILED
    assert "there is no such database" in capsys.readouterr().err
    assert run(["plan", "--backtest", "0"]) == USAGE
