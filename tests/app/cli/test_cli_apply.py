"""`apply`, `adopt` and `prune` as typed: what guards stop, what the journal keeps, what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import run
from app.store.sql import SqlStore
from slo.resource import PRUNE_AFTER
from tests.support.wishes import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from app.records import Entry
    from tests.support.account import Account

NOTHING, FAILED, CHANGES, BLOCKED, DRIFT, USAGE = 0, 1, 2, 3, 4, 64
CPU = "sloop/small/database/cpu-high"
LATE = "sloop/small/jobs/oldest-late"
REGION = "eu-west-1"
ARN = f"arn:aws:cloudwatch:{REGION}:111122223333:alarm:"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'sloop.sqlite'}"
    SqlStore.open(url).close()
    monkeypatch.setenv("SLOOP_DATABASE_URL", url)
    return url


def journal(url: str) -> list[Entry]:
    """Oldest first."""
    store = SqlStore.open(url)
    try:
        return [entry for _, entry in reversed(store.journal(limit=500))]
    finally:
        store.close()


def alarm(aws: Account, name: str) -> dict[str, Any]:
    answer = aws.client("cloudwatch", REGION).describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found: list[dict[str, Any]] = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    return found[0] if found else {}


def tags(aws: Account, name: str) -> dict[str, str]:
    answer = aws.client("cloudwatch", REGION).list_tags_for_resource(ResourceARN=ARN + name)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def edit(tmp_path: Path, old: str, new: str) -> str:
    text = (GOLDEN / "small.yaml").read_text(encoding="utf-8")
    assert old in text
    edited = tmp_path / "edited.yaml"
    edited.write_text(text.replace(old, new), encoding="utf-8")
    return str(edited)


def without_late(tmp_path: Path) -> str:
    return edit(tmp_path, "oldest-late: {datapoints: 5, periods: 5}", "oldest-late: {enabled: false}")


def put_by_hand(aws: Account, name: str = CPU, threshold: float = 70) -> None:
    aws.client("cloudwatch", REGION).put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/RDS",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=5,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_a_widened_threshold_is_blocked_by_its_code_in_a_saved_plan_too(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply"])
    wider = edit(tmp_path, "target: 99.9%", "target: 99%")
    file = str(tmp_path / "plan.json")
    assert run(["plan", wider, "--out", file]) == BLOCKED
    assert "say --allow threshold-widened if that is meant [threshold-widened]" in capsys.readouterr().out
    aws.forget()
    assert run(["apply", file]) == BLOCKED
    assert run(["apply", file, "--allow", "threshold-widened"]) == USAGE
    assert run(["apply", wider]) == BLOCKED
    assert aws.written == 0
    assert run(["plan", wider, "--allow", "threshold-widened", "--out", file]) == CHANGES
    assert run(["apply", file]) == NOTHING
    assert run(["plan", wider]) == NOTHING
    assert run(["plan", wider, "--allow", "everything"]) == USAGE
    assert "there are actions-disabled, last-page, threshold-widened, unknown-topic" in capsys.readouterr().err


def test_adopt_tags_what_is_named_and_writes_nothing_else(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    put_by_hand(aws)
    put_by_hand(aws, LATE, 200)
    assert run(["plan"]) == BLOCKED
    assert f"sloop adopt {CPU} [name-taken]" in capsys.readouterr().out
    aws.forget()
    assert run(["adopt", CPU]) == USAGE
    assert run(["adopt", "sloop/small/nothing", "--yes"]) == USAGE
    assert run(["adopt", os.environ["SLOOP_ESTATE"], CPU, "--yes", "--json"]) == NOTHING
    assert [c["name"] for c in json.loads(capsys.readouterr().out)["done"]] == [CPU]
    assert (aws.written, aws.asked["TagResource"]) == (1, 1)
    assert alarm(aws, CPU)["Threshold"] == 70
    assert run(["adopt", CPU, "--yes"]) == NOTHING
    assert run(["adopt", LATE, "--yes"]) == NOTHING
    capsys.readouterr()
    assert run(["plan"]) == CHANGES
    assert "Threshold 70 → 90" in capsys.readouterr().out
    assert run(["drift"]) == NOTHING
    assert run(["apply"]) == NOTHING
    assert run(["plan"]) == NOTHING


def test_prune_makes_quiet_today_and_deletes_tomorrow(aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply"])
    smaller = without_late(tmp_path)
    assert run(["apply", smaller, "--keep-orphans"]) == NOTHING
    assert run(["prune", smaller]) == USAGE
    assert run(["prune", smaller, "--yes"]) == NOTHING
    assert (alarm(aws, LATE)["ActionsEnabled"], PRUNE_AFTER in tags(aws, LATE)) == (False, True)
    assert run(["drift", smaller]) == NOTHING
    aws.forget()
    capsys.readouterr()
    assert run(["prune", smaller, "--yes"]) == NOTHING
    assert "1 put aside before wait" in capsys.readouterr().err
    assert aws.written == 0
    past = {"Key": PRUNE_AFTER, "Value": "2026-01-01T00:00:00Z"}
    aws.client("cloudwatch", REGION).tag_resource(ResourceARN=ARN + LATE, Tags=[past])
    assert run(["prune", smaller, "--yes"]) == NOTHING
    assert alarm(aws, LATE) == {}


def test_what_was_put_aside_and_is_declared_again_pages_again(aws: Account, tmp_path: Path) -> None:
    run(["apply"])
    run(["prune", without_late(tmp_path), "--yes"])
    assert run(["apply"]) == NOTHING
    assert (alarm(aws, LATE)["ActionsEnabled"], tags(aws, LATE)[PRUNE_AFTER]) == (True, "no")
    aws.forget()
    assert run(["plan"]) == NOTHING
    assert run(["apply"]) == NOTHING
    assert aws.written == 0


@pytest.mark.usefixtures("aws")
def test_every_item_is_in_the_journal_and_the_run_among_what_changed(database: str, tmp_path: Path) -> None:
    run(["apply", "--actor", "ops"])
    entries = journal(database)
    assert {(e.actor, e.action, e.outcome) for e in entries} == {("ops", "apply", "written")}
    assert run(["prune", without_late(tmp_path), "--yes", "--actor", "ops"]) == NOTHING
    last = journal(database)[-1]
    assert (last.action, last.subject, last.document["op"]) == ("prune", LATE, "update")
    assert {"path": "ActionsEnabled", "old": True, "new": False} in last.document["fields"]
    store = SqlStore.open(database)
    # Both may be of one second: then their order is that of their ids.
    first, second = sorted(store.events(limit=9, kind="apply"), key=lambda event: event.title)
    store.close()
    sha = entries[0].document["plan_sha256"]
    assert first.title == f"apply: plan {sha[:12]} by ops: {len(entries)} created"
    assert second.title.endswith("by ops: 1 changed")


def test_a_journal_that_cannot_be_kept_is_one_line_and_no_database_is_made(
    aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert run(["apply"]) == NOTHING
    told = capsys.readouterr().err
    assert told.count("the journal is not kept") == 1
    assert not (tmp_path / "none.sqlite").exists()
    assert alarm(aws, CPU) != {}


def test_f63_kill_9_in_the_middle_of_an_apply_and_the_same_file_does_the_rest(
    aws: Account, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    run(["plan", "--out", str(file)])
    planned = [c["name"] for c in json.loads(file.read_text())["changes"]]
    program = [sys.executable, "-c", "from app.cli.main import main; main()", "apply", str(file), "--actor", "first"]
    environment = {**os.environ, "SLOOP_WRITES_PER_SECOND": "20"}
    with subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as killed:
        assert killed.stderr is not None
        for _ in range(10):
            killed.stderr.readline()
        killed.send_signal(signal.SIGKILL)
    written = [e.subject for e in journal(database)]
    assert killed.returncode == -signal.SIGKILL
    assert 9 <= len(written) < len(planned)
    assert written == planned[: len(written)]
    aws.forget()
    capsys.readouterr()
    assert run(["apply", str(file), "--actor", "second", "--json"]) == NOTHING
    rest = [c["name"] for c in json.loads(capsys.readouterr().out)["done"]]
    # A write may have been taken just before the kill, and not be in the journal yet.
    assert len(planned) - len(rest) - len(written) in (0, 1)
    assert rest == planned[len(planned) - len(rest) :]
    assert [e.subject for e in journal(database) if e.actor == "second"] == rest
    assert run(["plan"]) == NOTHING
    aws.forget()
    assert run(["apply", str(file)]) == NOTHING
    assert aws.written == 0


def test_of_two_plans_for_the_same_world_the_second_is_refused(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["apply"])
    first, second = str(tmp_path / "first.json"), str(tmp_path / "second.json")
    run(["plan", edit(tmp_path, "99.9%", "99.85%"), "--out", first])
    run(["plan", without_late(tmp_path), "--out", second])
    assert run(["apply", first]) == NOTHING
    capsys.readouterr()
    aws.forget()
    assert run(["apply", second]) == FAILED
    assert "the world moved since this plan was made" in capsys.readouterr().err
    assert aws.written == 0


def test_drift_says_who_did_it_in_every_form(aws: Account, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply"])
    aws.client("cloudwatch", REGION).disable_alarm_actions(AlarmNames=[CPU])
    capsys.readouterr()
    assert run(["drift"]) == DRIFT
    assert "ActionsEnabled false → true  (by hand; DisableAlarmActions by user/test, " in capsys.readouterr().out
    assert run(["drift", "-o", "json"]) == DRIFT
    (one,) = json.loads(capsys.readouterr().out)["drifted"]
    assert (one["changed_by"]["who"], one["changed_by"]["call"], one["not_told"]) == ("user/test", "DisableAlarmActions", None)
    assert run(["drift", "-o", "markdown"]) == DRIFT
    assert "! changed  alarm sloop/small/database/cpu-high" in capsys.readouterr().out
    assert run(["drift", "-o", "html"]) == USAGE
