from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.cli.main import run
from tests.support.estates import WHOLE

if TYPE_CHECKING:
    from pathlib import Path

SLOTH = """\
version: prometheus/v1
service: shop
labels: {team: a}
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(http_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(http_total[{{.window}}]))
"""

RECOVERABLE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
components:
  - name: database
    kind: rds
    resource: {instance: prod-pg}
    recovery: [{scenario: az-loss, rpo: 5m, rto: 30m}]
"""


def written(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def test_import_prints_the_estate_and_says_what_is_lost(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = written(tmp_path, "sloth.yaml", SLOTH)
    assert run(["import", "sloth", file, "--name", "prod", "--window", "28d"]) == 0
    out, err = capsys.readouterr()
    assert "metadata: {name: prod}" in out
    assert "{indicator: availability, target: 99.9%, window: 28d}" in out
    assert f"sloop: warning: {file}:3: labels: labels have no place here: team=a [labels]" in err
    assert run(["check", written(tmp_path, "estate.yaml", out)]) == 0


def test_json_holds_the_document_and_the_losses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = written(tmp_path, "sloth.yaml", SLOTH)
    assert run(["import", "sloth", file, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["document"].startswith("apiVersion: sloop/v1\n")
    assert found["losses"][0] == {
        "path": "labels",
        "code": "labels",
        "text": "labels have no place here: team=a",
        "where": f"{file}:3",
    }


def test_out_writes_a_file_and_prints_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, estate = written(tmp_path, "sloth.yaml", SLOTH), tmp_path / "new" / "estate.yaml"
    assert run(["import", "sloth", file, "--out", str(estate)]) == 0
    assert capsys.readouterr().out == ""
    assert estate.read_text().startswith("apiVersion: sloop/v1\n")


def test_import_export_import_gives_the_same_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, slos = tmp_path / "first.yaml", tmp_path / "slos.yaml"
    assert run(["import", "sloth", written(tmp_path, "sloth.yaml", SLOTH), "--out", str(first)]) == 0
    assert run(["export", "openslo", str(first), "--out", str(slos)]) == 0
    assert run(["check", str(slos), "--strict"]) == 0
    capsys.readouterr()
    assert run(["import", "openslo", str(slos)]) == 0
    assert capsys.readouterr().out == first.read_text()


def test_export_prometheus_prints_rules_and_lists_what_has_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["export", "prometheus", written(tmp_path, "estate.yaml", WHOLE)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("groups:\n")
    assert "sloop: warning: objectives.web.depth: is not a ratio of Prometheus counters" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "pyrra", "x.yaml"),
        ("export", "sloth", "x.yaml"),
        ("import", "sloth", "SLOTH", "--name", "No Name"),
        ("import", "sloth", "SLOTH", "--window", "month"),
    ],
)
def test_what_is_not_known_is_wrong_usage(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = written(tmp_path, "sloth.yaml", SLOTH)
    assert run([file if word == "SLOTH" else word for word in arguments]) == 64
    assert capsys.readouterr().out == ""


def test_an_unknown_format_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "pyrra", "x.yaml"]) == 64
    assert capsys.readouterr().err == "sloop: format 'pyrra' is not known here; there is sloth, openslo, resilience-hub\n"


def test_a_plugin_is_refused_by_name_with_file_and_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = SLOTH[: SLOTH.index("      events")] + "      plugin: {id: sloth-common/http/availability}\n"
    file = written(tmp_path, "sloth.yaml", text)
    assert run(["import", "sloth", file]) == 1
    assert f"{file}:8: error: slos[0].sli.plugin: SLI plugin 'sloth-common/http/availability'" in capsys.readouterr().err


def test_a_target_that_no_estate_can_hold_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    metric = "{metricSource: {type: Prometheus, spec: {query: http_total}}}"
    text = f"""\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: a}}
spec:
  service: shop
  indicator: {{metadata: {{name: a}}, spec: {{ratioMetric: {{counter: true, good: {metric}, total: {metric}}}}}}}
  budgetingMethod: Occurrences
  objectives: [{{target: 0}}]
  timeWindow: [{{duration: 30d, isRolling: true}}]
"""
    assert run(["import", "openslo", written(tmp_path, "slo.yaml", text)]) == 1
    assert "bad_target" in capsys.readouterr().err


@pytest.mark.parametrize("shape", ["v1", "v2"])
def test_recovery_targets_go_to_resilience_hub_and_come_back(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, shape: str
) -> None:
    estate, policies = written(tmp_path, "estate.yaml", RECOVERABLE), tmp_path / "policies.json"
    assert run(["export", "resilience-hub", estate, "--shape", shape, "--out", str(policies)]) == 0
    assert "[targets_only]" in capsys.readouterr().err
    assert run(["import", "resilience-hub", str(policies)]) == 0
    out, err = capsys.readouterr()
    assert "- {scenario: az-loss, rpo: 5m, rto: 30m}" in out
    assert "metadata: {name: prod}" in out
    assert err == ""


def test_an_unknown_version_of_resilience_hub_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    estate = written(tmp_path, "estate.yaml", RECOVERABLE)
    assert run(["export", "resilience-hub", estate, "--shape", "v3"]) == 64
    assert "there is v1, v2" in capsys.readouterr().err
