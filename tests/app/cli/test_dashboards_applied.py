"""Plan, apply, drift and destroy with dashboards, through the command line: AWS is the simulator, Grafana a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.cli.main import run
from tests.support.account import Account, account
from tests.support.grafana import Grafana
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ESTATE = """
apiVersion: sloop/v1
kind: Estate
metadata: {name: small}
accounts: {main: {id: "111122223333", region: us-east-1}}
components:
  - {name: edge, kind: alb, resource: {load_balancer: app/x/1, target_group: targetgroup/x/2}}
"""
pytestmark = pytest.mark.usefixtures("aws")
NAMES = ["sloop-small-component_edge", "sloop-small-view_estate", "sloop-small-view_on-call"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as found:
        for name, value in {**found.environment, "SLOOP_WRITES_PER_SECOND": "1000"}.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def grafana(monkeypatch: pytest.MonkeyPatch) -> Iterator[Grafana]:
    grafana = Grafana()
    with serving(grafana.app) as url:
        monkeypatch.setenv("SLOOP_GRAFANA_URL", f"{url}/grafana/")
        monkeypatch.setenv("SLOOP_GRAFANA_TOKEN", grafana.token)
        yield grafana


@pytest.fixture
def estate(tmp_path: Path) -> str:
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    return str(file)


def in_cloudwatch(aws: Account) -> list[str]:
    return [entry["DashboardName"] for entry in aws.client("cloudwatch").list_dashboards()["DashboardEntries"]]


def test_what_was_applied_is_in_both_and_needs_no_second_time(aws: Account, grafana: Grafana, estate: str) -> None:
    assert run(["plan", estate]) == 2
    assert run(["apply", estate]) == 0
    assert in_cloudwatch(aws) == NAMES
    assert len(grafana.kept) == 3
    posted = grafana.calls.count(("POST", "/grafana/api/dashboards/db"))
    assert run(["plan", estate]) == 0
    assert run(["apply", estate]) == 0
    assert grafana.calls.count(("POST", "/grafana/api/dashboards/db")) == posted


def test_a_saved_plan_is_applied_without_the_estate(grafana: Grafana, estate: str, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    assert run(["plan", estate, "--out", plan]) == 2
    assert run(["apply", plan]) == 0
    assert run(["plan", estate]) == 0
    assert len(grafana.kept) == 3


def test_a_panel_edited_in_grafana_is_drift(grafana: Grafana, estate: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(["apply", estate])
    (first, *_) = grafana.kept.values()
    first["dashboard"]["panels"][1]["title"] = "by hand"
    capsys.readouterr()
    assert run(["drift", estate]) == 4
    assert first["dashboard"]["uid"] in capsys.readouterr().out


def test_a_dashboard_deleted_in_cloudwatch_is_drift(aws: Account, grafana: Grafana, estate: str) -> None:
    run(["apply", estate])
    aws.client("cloudwatch").delete_dashboards(DashboardNames=NAMES[:1])
    assert run(["drift", estate]) == 4
    assert grafana.kept


def test_destroy_takes_them_away(aws: Account, grafana: Grafana, estate: str) -> None:
    run(["apply", estate])
    assert run(["destroy", estate, "--yes"]) == 0
    assert in_cloudwatch(aws) == []
    assert grafana.kept == {}


def test_only_the_overview_may_be_kept_in_cloudwatch(
    aws: Account, grafana: Grafana, estate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOOP_CLOUDWATCH_DASHBOARDS", "overview")
    assert run(["apply", estate]) == 0
    assert in_cloudwatch(aws) == NAMES[1:]
    assert len(grafana.kept) == 3


def test_the_token_of_grafana_stands_in_no_plan(
    grafana: Grafana,
    estate: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    grafana.token = "glsa_do_not_tell"
    monkeypatch.setenv("SLOOP_GRAFANA_TOKEN", grafana.token)
    plan = tmp_path / "plan.json"
    assert run(["plan", estate, "--out", str(plan)]) == 2
    shown = capsys.readouterr()
    assert grafana.token not in plan.read_text(encoding="utf-8") + shown.out + shown.err
