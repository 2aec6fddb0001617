from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.cli.main import run

ESTATE = """
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
accounts: {main: {id: "111122223333", region: us-east-1}}
components:
  - name: calm
    kind: rds
    resource: {instance: prod-pg}
    objectives: [{indicator: availability, target: 99%, window: 30d}]
  - name: ablaze
    kind: rds
    resource: {instance: prod-pg}
    objectives: [{indicator: availability, target: 99%, window: 30d}]
"""
AT = "2026-03-01T01:00:00Z"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    estate, slices = tmp_path / "estate.yaml", tmp_path / "slices.csv"
    estate.write_text(ESTATE)
    minutes = [f"2026-03-01T00:{minute:02}:00Z" for minute in range(60)]
    calm = [f"calm.availability,{minute},{99_999 if n else 99_996},100000" for n, minute in enumerate(minutes)]
    ablaze = [f"ablaze.availability,{minute},50,100" for minute in minutes]
    slices.write_text("\n".join(("indicator,minute,good,total", *calm, *ablaze)) + "\n")
    return [str(estate), "--slices", str(slices), "--at", AT]


def test_a_warning_of_the_estate_says_once_that_it_is_one(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    estate = Path(files[0])
    estate.write_text(ESTATE.replace("kind: rds", "kind: thing", 1))

    assert run(["evaluate", *files, "--json"]) == 0

    [warning] = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"sloop: warning: {estate}:8: components[0].kind: kind 'thing' is not in the catalogue")


def test_the_table_begins_with_what_burns_and_tells_window_and_forecast(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", *files]) == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert re.split(" {2,}", header) == [
        "OBJECTIVE",
        "STATE",
        "SLI",
        "TARGET",
        "WINDOW",
        "BUDGET LEFT",
        "BURN 1H",
        "EXHAUSTED AT",
    ]
    assert re.split(" {2,}", first) == [
        "ablaze.availability",
        "burning_fast",
        "50.0000%",
        "99.0000%",
        "30d",
        "-4900.0000%",
        "50x",
        "unknown: nothing remains",
    ]
    assert second.split()[:2] == ["calm.availability", "insufficient_history"]
    # 63 of 6,000,000 at 1 % burn at 0.00105: what remains would last 78 years.
    assert second.endswith("unknown: it would last over 10 years")


def test_the_json_keeps_the_order_of_the_estate(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["objectives"]
    assert [item["name"] for item in found] == ["calm.availability", "ablaze.availability"]


def test_methods_are_compared_side_by_side(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", *files, "--compare-methods"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[:4] for row in rows] == [
        ["OBJECTIVE", "METHOD", "GOOD", "TOTAL"],
        ["calm.availability", "Occurrences*", "5999937", "6000000"],
        ["calm.availability", "Timeslices", "60", "60"],
        ["calm.availability", "RatioTimeslices", "59999370000", "60000000000"],
        ["ablaze.availability", "Occurrences*", "3000", "6000"],
        ["ablaze.availability", "Timeslices", "0", "60"],
        ["ablaze.availability", "RatioTimeslices", "30000000000", "60000000000"],
    ]


def test_compared_methods_as_json_give_five_answers_each(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", *files, "--compare-methods", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["at"] == AT
    assert [one["name"] for one in found["objectives"]] == ["calm.availability", "ablaze.availability"]
    assert found["objectives"][1]["methods"]["Timeslices"] == {
        "good": 0,
        "total": 60,
        "sli": 0.0,
        "remaining_ratio": -99.0,
        "state": "burning_fast",
    }
