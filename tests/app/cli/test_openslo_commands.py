from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.main import run

if TYPE_CHECKING:
    import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "judge"
CASE = GOLDEN / "14-openslo-gt-at-the-boundary"


def test_check_reads_a_folder_of_openslo_documents(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    inner = tmp_path / "team"
    inner.mkdir()
    (inner / "slos.yaml").write_text((CASE / "estate.yaml").read_text())
    assert run(["check", str(tmp_path), "--strict", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_check_tells_file_line_and_path_of_a_bad_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "slos.yaml"
    file.write_text((CASE / "estate.yaml").read_text().replace("op: gte", "op: lte"))
    assert run(["check", str(file), "--json"]) == 1
    [problem] = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["file"], problem["severity"], problem["code"]) == (str(file), "error", "burn_operator")
    assert problem["path"] == "spec.alertPolicies[1].spec.conditions[0].spec.condition.op"
    assert file.read_text().splitlines()[problem["line"] - 1].strip().startswith("condition: {kind: burnrate, op: lte")


def test_a_rule_of_one_window_is_printed_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", str(CASE / "estate.yaml"), "--slices", str(CASE / "slices.csv")]) == 0
    table = capsys.readouterr().out
    assert "10m x10" in table
    assert "None" not in table


def test_the_severity_of_the_document_stands_in_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    at = "2026-03-01T00:11:00Z"
    assert run(["evaluate", str(CASE / "estate.yaml"), "--slices", str(CASE / "slices.csv"), "--at", at, "--json"]) == 0
    [objective] = json.loads(capsys.readouterr().out)["objectives"]
    assert objective["firing"] == [{"severity": "ticket", "long": "10m", "short": None, "factor": 10}]
    assert "rule_fires: ticket (minor) rule 10m fires at factor 10" in objective["reasons"]
