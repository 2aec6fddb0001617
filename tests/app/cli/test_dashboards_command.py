from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import run
from tests.support.boards import SMALL

ROOT = Path(__file__).parents[3]


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """Only what the real catalogue knows of the small estate."""
    text = SMALL[: SMALL.index("components:")]
    text += """components:
  - {name: edge, kind: alb, resource: {load_balancer: app/x/1, target_group: targetgroup/x/2}}
  - {name: orders, kind: prometheus, resource: {total: orders_total, bad: orders_bad_total}}
"""
    file = tmp_path / "estate.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def written(out: Path) -> list[str]:
    return sorted(str(file.relative_to(out)) for file in out.rglob("*.json"))


def test_every_dashboard_becomes_a_file_in_both_formats(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    assert run(["dashboards", str(estate), "--out", str(out)]) == 0
    assert written(out) == [
        "cloudwatch/sloop-small-component_edge.json",
        "cloudwatch/sloop-small-component_orders.json",
        "cloudwatch/sloop-small-view_estate.json",
        "cloudwatch/sloop-small-view_on-call.json",
        "grafana/component_edge.json",
        "grafana/component_orders.json",
        "grafana/view_estate.json",
        "grafana/view_on-call.json",
    ]
    assert sorted(capsys.readouterr().out.split()) == sorted(str(out / name) for name in written(out))


@pytest.mark.parametrize("form", ["grafana", "cloudwatch"])
def test_one_format_may_be_chosen(estate: Path, tmp_path: Path, form: str) -> None:
    assert run(["dashboards", str(estate), "--out", str(tmp_path / "out"), f"--{form}"]) == 0
    assert {name.split("/")[0] for name in written(tmp_path / "out")} == {form}


def test_what_was_written_can_be_had_as_json(estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dashboards", str(estate), "--out", str(tmp_path / "out"), "--cloudwatch", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["written"]
    assert [row["key"] for row in rows] == [Path(row["file"]).stem for row in rows]


def test_links_lead_to_the_address_that_people_reach(estate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_BASE_URL", "https://slo.example/")
    assert run(["dashboards", str(estate), "--out", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out/cloudwatch/sloop-small-component_edge.json").read_text(encoding="utf-8")
    assert "https://slo.example/components/edge" in text


def test_a_folder_that_cannot_be_made_is_one_line(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dashboards", str(estate), "--out", str(estate)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_line_starts_without_the_builders_of_grafana() -> None:
    program = "import sys, app.cli.main, app.bootstrap; print([m for m in sys.modules if m.startswith('grafana')])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)
    assert ran.stdout.decode().strip() == "[]"
