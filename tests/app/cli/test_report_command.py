"""The command as a user runs it: in processes of their own, which differ in everything that must not matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import run
from app.store.sql import SqlStore
from tests.support import week

ROOT = Path(__file__).parents[3]
MAIN = "from app.cli.main import main; main()"
ESTATE = """
apiVersion: sloop/v1
kind: Estate
metadata: {name: golden}
accounts: {main: {id: "111122223333", region: us-east-1}}
components:
  - name: api
    kind: alb
    tier: 1
    resource: {load_balancer: app/x/1, target_group: targetgroup/x/1}
    objectives: [{indicator: availability, target: 99.9%, window: 7d}]
  - name: web
    kind: alb
    resource: {load_balancer: app/x/1, target_group: targetgroup/x/2}
    objectives: [{indicator: availability, target: 99%, window: 14d}]
  - {name: batch, kind: sqs, resource: {queue: batch}}
  - {name: keys, kind: kms, resource: {key: 11111111-1111-1111-1111-111111111111}}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the service's database and its estate."""
    folder = tmp_path_factory.mktemp("service")
    store = SqlStore.open(f"sqlite:///{folder / 'sloop.sqlite'}")
    week.fill(store)
    store.close()
    (folder / "estate.yaml").write_text(ESTATE)
    return folder


@pytest.fixture(autouse=True)
def environment(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{service / 'sloop.sqlite'}")
    monkeypatch.setenv("SLOOP_ESTATE", str(service / "estate.yaml"))


def start(out: Path, **changed: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", MAIN, "report", "--week", "2026-W46", "--out", str(out)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **changed}, stdout=subprocess.DEVNULL)


def test_same_inputs_same_bytes_in_any_time_zone_locale_and_hash_seed(tmp_path: Path, service: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("sloop.sqlite", "estate.yaml"):
        (elsewhere / name).write_bytes((service / name).read_bytes())
    moved = {"SLOOP_DATABASE_URL": f"sqlite:///{elsewhere / 'sloop.sqlite'}", "SLOOP_ESTATE": str(elsewhere)}
    started = [
        start(tmp_path / "a", TZ="UTC", PYTHONHASHSEED="0", LC_ALL="C"),
        start(tmp_path / "b", TZ="Pacific/Auckland", PYTHONHASHSEED="1", LC_ALL="C.UTF-8", PYTHONUTF8="0"),
        start(tmp_path / "c", TZ="America/St_Johns", PYTHONHASHSEED="4242", LC_ALL="de_DE.UTF-8", **moved),
    ]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    a, b, c = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir() if f.name != "manifest.json"} for name in "abc")
    assert len(a) > 10
    assert a == b == c


def test_a_report_is_written_verified_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "w46")
    assert run(["report", "--week", "2026-W46", "--out", out]) == 0
    body = json.loads((tmp_path / "w46" / "report.json").read_bytes())
    assert body["objectives"][0]["period"]["total"] == 1_005_000
    assert run(["report", "verify", out]) == 0
    assert run(["report", "--week", "2026-W46", "--out", out, "--json"]) == 0
    told = capsys.readouterr()
    assert "nothing was written" in told.err
    assert "every file is as it was written" in told.out


def test_verify_names_the_file_that_was_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["report", "--week", "2026-W46", "--out", str(tmp_path)])
    (tmp_path / "gaps.csv").write_bytes(b"indicator,start,end,minutes\r\n")
    capsys.readouterr()
    assert run(["report", "verify", str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("gaps.csv: its SHA-256 is ")
    assert run(["report", "verify", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 64, "needs --week and --out"),
        (["--week", "2026-W46"], 64, "needs --week and --out"),
        (["--week", "2026-46", "--out", "x"], 64, "is not an ISO week"),
        (["--week", "2026-W47", "--out", "x"], 1, "is not over"),
        (["--week", "2026-W48", "--out", "x", "--partial"], 1, "nothing of it is judged"),
        (["verify", "nowhere"], 1, "nowhere/manifest.json"),
    ],
)
def test_what_cannot_be_done_is_one_line_with_its_exit_code(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report", *arguments]) == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_without_an_estate_the_fix_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SLOOP_ESTATE")
    assert run(["report", "--week", "2026-W46", "--out", str(tmp_path)]) == 1
    assert "SLOOP_ESTATE" in capsys.readouterr().err
