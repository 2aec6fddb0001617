"""`sloop status` against the application over real HTTP: what needs somebody first, and one line where nobody answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse, Response

from app.cli.main import run
from app.cli.status_text import RECOVERY_URGENCY, URGENCY
from app.exposition import SnapshotCollector, exposition
from app.guards import loopback_hosts
from app.main import create_app
from app.snapshot import AppState, SnapshotBox
from app.web.badges import ORDER, PENDING
from slo.judge.recovery_part import STATES
from tests.app import picture
from tests.support import recovered
from tests.support.serving import serving, serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from app.snapshot import Snapshot

ROOT = Path(__file__).parents[3]


def application(snapshot: Snapshot, port: int) -> ASGIApp:
    box, clock, registry = SnapshotBox(snapshot), picture.Wall(), CollectorRegistry()
    registry.register(SnapshotCollector(box, clock))
    history = picture.shared()[1]
    return create_app(AppState(box, picture.Log(), history, clock, lambda: exposition(registry), loopback_hosts(port)))


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in [n for n in os.environ if n.startswith("SLOOP_")]:
        monkeypatch.delenv(name)
    snapshot = replace(picture.shared()[0], recovery=recovered.verdicts(int(picture.NOW.timestamp())))
    with serving_at(lambda port: application(snapshot, port)) as found:
        monkeypatch.setenv("SLOOP_BASE_URL", f"{found}/")
        yield found


@pytest.mark.usefixtures("address")
def test_the_worst_objectives_come_first_with_breaches_and_sources_that_lag(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = [line.split()[1] for line in lines[1:12]]
    assert lines[0].split() == ["OBJECTIVE", "STATE", "BURN", "1H", "BUDGET", "LEFT", "SINCE"]
    assert states == sorted(states, key=ORDER.index)
    assert len(states) == len(picture.ESTATE.objectives)
    assert lines[2].split()[:2] == ["api.availability", "burning_fast"]
    assert lines[2].endswith("Z")
    assert "page open: api.availability since 2026-11-22T11:58:00Z, told 2026-11-22T11:58:00Z" in lines
    assert lines.index(next(line for line in lines if line.startswith("ticket open: api.latency"))) > 12
    assert "prometheus lags: its newest judged minute is 41 min old" in lines
    assert not any("cloudwatch" in line for line in lines)


@pytest.mark.usefixtures("address")
def test_recovery_is_told_by_target_the_most_urgent_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--recovery"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith("COMPONENT"))
    assert [line.split()[0] for line in lines[head + 1 : head + 5]] == ["database", "archive", "web", "database"]
    assert [word for word in ("1h 7m", "5m", "breached") if word not in lines[head + 1]] == []
    assert "unknown" in lines[head + 2]
    assert lines[head + 4].rstrip().endswith("failover")
    assert lines[-1] == "no target set: documents, keys"


def test_json_is_what_the_api_says(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--recovery", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["slos", "lag_seconds", "recovery"]
    for name in ("slos", "recovery"):
        assert told[name] == httpx.get(f"{address}/api/v1/{name}").json()["items"]
    assert told["lag_seconds"] == {"cloudwatch 111122223333 us-east-1": 70.0, "prometheus": 2470.0}


def test_every_state_has_its_place() -> None:
    assert [state or PENDING for state in URGENCY] == list(ORDER)
    assert set(STATES) <= set(RECOVERY_URGENCY)
    assert [state for state in RECOVERY_URGENCY if state in STATES] == list(STATES)


ANSWERS: dict[str, tuple[Response, str]] = {
    "a page": (PlainTextResponse("<h1>It works!</h1>"), "is not Sloop; check SLOOP_BASE_URL"),
    "a list": (PlainTextResponse("[1]"), "is not Sloop"),
    "a refusal": (
        PlainTextResponse('{"detail": "the store refused"}', 503),
        "answered 503 Service Unavailable: the store refused",
    ),
    "a way on": (PlainTextResponse("", 302, {"Location": "/login"}), "answered 302 Found"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_whoever_else_answers_is_one_line(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer, words = ANSWERS[kind]
    with serving(answer) as found:
        monkeypatch.setenv("SLOOP_BASE_URL", found)
        assert run(["status"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith(f"sloop: {found}/api/v1/slos")
    assert words in err


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1", "does not answer at http://127.0.0.1:1: Connection refused; start it with `sloop serve`"),
        ("file:///etc/passwd", "not an address; it reads http://"),
        ("http://127.0.0.1:port", "not an address"),
        ("127.0.0.1:8000", "not an address"),
        ("http://", "not an address"),
    ],
)
def test_a_service_that_is_not_there_is_one_line_and_how_to_start_it(
    address: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOOP_BASE_URL", address)
    assert run(["status", "--recovery", "--json"]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert words in err


def test_what_takes_long_to_import_is_left_out(address: str) -> None:
    """Of a half second the interpreter and the settings take half; on a machine at work only this can be asserted."""
    code = "from app.cli.main import run; import sys; run(['status', '--recovery']); print(*sys.modules, file=sys.stderr)"
    environment = {**os.environ, "SLOOP_BASE_URL": address}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert "COMPONENT" in done.stdout
    assert {"numpy", "sqlalchemy", "fastapi", "boto3", "uvicorn", "httpx", "jinja2"} & set(done.stderr.split()) == set()
