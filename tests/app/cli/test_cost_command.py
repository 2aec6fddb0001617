from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import run
from tests.support.costs import AFTER, BEFORE, FILES, GOLDEN, printed

if TYPE_CHECKING:
    from pathlib import Path

FAILED, USAGE = 1, 64


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run(["cost", *arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("name", FILES)
def test_it_prints_what_was_worked_out_by_hand(name: str) -> None:
    assert printed(name) == (GOLDEN / name).read_text(encoding="utf-8")


def test_polling_each_minute_costs_five_times_as_much_for_those_in_the_slow_lane(capsys: pytest.CaptureFixture[str]) -> None:
    slow, fast = (told(capsys, AFTER, "--poll-minutes", n)["components"] for n in ("5", "1"))
    reading = [{row["component"]: row["reading"] for row in rows} for rows in (slow, fast)]
    assert (reading[0]["jobs"], reading[1]["jobs"]) == (0.0876, 0.438)
    assert reading[0]["database"] == reading[1]["database"]


def test_an_estate_compared_with_itself_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", AFTER, "--compare", AFTER]) == 0
    assert "costs nothing and saves nothing" in capsys.readouterr().out
    assert told(capsys, AFTER, "--compare", AFTER)["total"]["change"]["dollars"] == 0


def test_a_change_undone_saves_what_it_cost(capsys: pytest.CaptureFixture[str]) -> None:
    there = told(capsys, AFTER, "--compare", BEFORE)["total"]["change"]
    back = told(capsys, BEFORE, "--compare", AFTER)["total"]["change"]
    assert {name: -value for name, value in there.items()} == back


def test_the_estate_may_come_from_the_environment(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_ESTATE", AFTER)
    assert told(capsys)["estate"] == "small"


def test_without_an_estate_it_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost"]) == USAGE
    assert capsys.readouterr().err == "sloop: which estate? Give its file or folder, or set SLOOP_ESTATE\n"


@pytest.mark.parametrize("poll", ["0", "61", "x"])
def test_a_poll_that_cannot_be_is_wrong_usage(poll: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", AFTER, "--poll-minutes", poll]) == USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cost", AFTER, "--compare", str(tmp_path / "nowhere.yaml")]) == FAILED
    assert "nowhere.yaml" in capsys.readouterr().err
