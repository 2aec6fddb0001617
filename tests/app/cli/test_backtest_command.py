from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.cli.main import run
from slo.units import format_minute, parse_minute

if TYPE_CHECKING:
    from pathlib import Path

START = parse_minute("2026-03-01T00:00:00Z")
ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: shop}
components:
  - name: api
    kind: service
    objectives:
      - {indicator: availability, target: 99%, window: 30d, policy: quick}
policies:
  quick:
    - {severity: page, budget: 2%, long: 1h, short: 5m}
  lazy:
    - {severity: page, budget: 90%, long: 1d, short: 2h}
"""
FILE = "eager:\n  - {severity: page, budget: 0.2%, long: 1h, short: 5m}\n"
LOW = "\n    - {severity: page, budget: 2%, long: 1h, short: 5m, min_bad: 5000}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """100 events a minute; of 60 minutes from 100 and from 500 on all are bad, of 10 from 300 on all but 80."""
    bad = dict.fromkeys((*range(100, 160), *range(500, 560)), 100) | dict.fromkeys(range(300, 310), 20)
    rows = [f"api.availability,{format_minute(START + n)},{100 - bad.get(n, 0)},100" for n in range(1440)]
    (tmp_path / "estate.yaml").write_text(ESTATE)
    (tmp_path / "slices.csv").write_text("\n".join(["indicator,minute,good,total", *rows]) + "\n")
    happened = [("first", 100, 160), ("small", 300, 310)]
    lines = [f"{format_minute(START + start)},{format_minute(START + end)},{name}" for name, start, end in happened]
    (tmp_path / "incidents.csv").write_text("\n".join(["start,end,name", *lines]) + "\n")
    (tmp_path / "more.yaml").write_text(FILE)
    return tmp_path


def told(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(printed(folder, capsys, *options, "--json"))
    return document


def printed(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    capsys.readouterr()
    assert run(["backtest", str(folder / "estate.yaml"), "--slices", str(folder / "slices.csv"), *options]) == 0
    return capsys.readouterr().out


def test_without_options_the_json_is_that_of_the_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(folder, capsys)
    assert list(found) == ["pages"]
    assert [list(page) for page in found["pages"]] == [
        ["objective", "severity", "rule", "fired_at", "resolved_at", "notified_at", "budget_spent_at_fire"]
    ] * 2


def test_incidents_tell_what_was_detected_missed_and_false(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(folder, capsys, "--incidents", str(folder / "incidents.csv"))["incidents"]
    assert [(i["name"], i["outcome"], i["minutes_to_detect"]) for i in found["items"]] == [
        ("first", "detected", 9),
        ("small", "missed", None),
    ]
    assert [page["fired_at"] for page in found["false_pages"]] == [format_minute(START + 509)]
    assert (found["totals"]["precision"], found["totals"]["recall"]) == (0.5, 0.5)


def test_policies_of_the_estate_and_of_files_stand_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--policies", "lazy", "--policies", str(folder / "more.yaml"), "--incidents", str(folder / "incidents.csv")]
    rows = told(folder, capsys, *options)["policies"]
    assert [(r["policy"], r["pages"], r["detected"], r["missed"], r["false"]) for r in rows] == [
        ("as declared", 2, 1, 1, 1),
        ("lazy", 1, 1, 1, 0),
        ("eager", 3, 2, 0, 1),
    ]


def test_the_same_is_told_in_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(folder, capsys, "--incidents", str(folder / "incidents.csv"), "--policies", "lazy")
    assert f"false page: api.availability at {format_minute(START + 509)} by 1h/5m x14.4" in text
    assert "detected 1, missed 1, not judged 0; pages 2, false 1" in text
    assert "precision 50.00%, recall 50.00%; median time to detect 9m, worst 9m" in text
    # 27 % of all events are bad at the 37th minute of the outage: 3,700 of 13,700, 27.0073 times what the budget allows.
    assert text.splitlines()[-1].split() == ["lazy", "1", "0", "1", "1", "0", "37m", "2700.73%"]


def test_the_price_of_asking_for_enough_traffic_is_always_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    estate = folder / "estate.yaml"
    estate.write_text(ESTATE.replace("\n    - {severity: page, budget: 2%, long: 1h, short: 5m}", LOW))
    assert told(folder, capsys)["low_traffic"][0]["pages"] == 2
    assert "detections lost: unknown, give --incidents" in printed(folder, capsys)
    estate.write_text(ESTATE.replace("\n    - {severity: page, budget: 2%, long: 1h, short: 5m}", LOW.replace("5000", "9999")))
    assert "0 pages instead of 2" in (text := printed(folder, capsys, "--incidents", str(folder / "incidents.csv")))
    assert "pages avoided: 2; detections lost: 1 (first)" in text


def test_flap_control_is_off_unless_it_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"api.availability,{format_minute(START + n)},{0 if n % 40 in (5, 6) else 100},100" for n in range(1440)]
    (folder / "slices.csv").write_text("\n".join(["indicator,minute,good,total", *rows]) + "\n")
    estate = folder / "estate.yaml"
    estate.write_text(ESTATE.replace("2%, long: 1h, short: 5m", "0.1%, long: 10m, short: 2m"))
    plain, held = (told(folder, capsys, *options)["pages"] for options in ([], ["--flap-transitions", "4"]))
    assert all("flapping" not in page for page in plain)
    assert [page.get("flapping") for page in held[:3]] == [None, True, True]
    assert ", flapping" in printed(folder, capsys, "--flap-transitions", "4")


def test_the_picture_is_written_beside_what_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(folder, capsys, "--svg", str(folder / "out" / "may.svg"))
    assert list(found) == ["pages"]
    assert (folder / "out" / "may.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--flap-transitions", "1"], 64, "give 2 or more"),
        (["--policies", "strict"], 64, "the estate's are: default, quick, lazy"),
        (["--policies", "lazy", "--policies", "lazy"], 64, "is given already"),
        (["--policies", "none.yaml"], 1, "none.yaml"),
        (["--incidents", "none.csv"], 1, "none.csv"),
    ],
)
def test_wrong_options_are_told_in_one_line_with_the_fix(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, words: str
) -> None:
    assert run(["backtest", str(folder / "estate.yaml"), "--slices", str(folder / "slices.csv"), *options]) == code
    error = capsys.readouterr().err.splitlines()[-1]
    assert words in error


def test_the_native_alarms_stand_beside_the_engine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    estate = folder / "estate.yaml"
    native = ESTATE.replace(
        "kind: service\n", "kind: alb\n    tier: 1\n    resource: {load_balancer: app/a/1, target_group: targetgroup/a/1}\n"
    )
    estate.write_text(native.replace("components:", 'accounts:\n  main: {id: "111122223333", region: us-east-1}\ncomponents:'))
    found = told(folder, capsys, "--native")
    assert list(found) == ["pages", "native"]
    (objective,) = found["native"]["objectives"]
    assert [(o["engine"][0]["fired_at"], o["native"][0]["alarm_at"]) for o in objective["episodes"]] == [
        (format_minute(START + at), format_minute(START + at)) for at in (109, 509)
    ]
    assert found["native"]["totals"]["differences"] == {"resolves_at_once": 2}
    text = printed(folder, capsys, "--native")
    assert "resolves_at_once (2): CloudWatch goes OK as soon as" in text
    assert text.splitlines()[-1] == "pages: Sloop 2, CloudWatch 2"


def test_without_native_alarms_the_pages_that_would_be_lost_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no native alarm for api.availability: it is not marked survives_sloop" in (
        text := printed(folder, capsys, "--native")
    )
    assert "2 pages would be lost" in text
