"""The golden cases: worked by hand, run through the command line as a user would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run

CASES = sorted((Path(__file__).parents[2] / "golden" / "judge").glob("[0-9]*"))


def test_there_are_golden_cases() -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_command_line_gives_what_was_worked_out_by_hand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((folder / "case.json").read_text())
    arguments = [case["command"], str(folder / "estate.yaml"), "--slices", str(folder / "slices.csv"), "--json"]
    for option in ("at", "from", "to"):
        arguments += [f"--{option}", case[option]] if option in case else []

    assert run(arguments) == 0
    assert _worked_out(json.loads(capsys.readouterr().out)) == case["expected"]


def _worked_out(document: dict[str, Any]) -> dict[str, Any]:
    """Without the sentences, and without what is beyond the contract."""
    for item in document.get("objectives", []):
        assert all(": " in reason for reason in item.pop("reasons"))
        assert item.pop("forecast")["current"]["at"] == item["exhausts_at"]
    return document
