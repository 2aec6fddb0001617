"""`sloop demo` as a user starts it: one fault, one page, numbers that anyone can compute again, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.simulator.faults import FAULTS
from tests.support.processes import ROOT, Program, alive, children, get, running, sloop, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sloop/demo/api.availability/page"
SPEED = 60
FAULT_AFTER = 5
OBJECTIVES = 28
OF_ANOTHER = {
    "SLOOP_DATABASE_URL": "sqlite:////dev/null/none.db",
    "AWS_PROFILE": "none",
    "AWS_ENDPOINT_URL_SNS": "http://[::1]:9",
}
"""What a shell may have set for a real service: the demo uses none of it."""


@dataclass(frozen=True)
class Demo:
    program: Program
    address: str
    database: str
    children: list[int]

    def get(self, path: str) -> Any:
        return get(f"{self.address}{path}")

    def text(self, path: str) -> str:
        return httpx.get(f"{self.address}{path}", timeout=5, trust_env=False).raise_for_status().text

    def incidents(self) -> list[dict[str, Any]]:
        return list(self.get("/demo/pagerduty/incidents") or [])

    @property
    def folder(self) -> Path:
        return Path(urlsplit(self.database).path[1:]).parent


def _up(program: Program) -> Demo:
    address = program.said("Sloop demo").split()[2].rstrip("/")
    database = program.said("SLOOP_DATABASE_URL=").split("=", 1)[1].strip()
    return Demo(program, address, database, children(program.pid))


def _command(*more: str) -> tuple[str, ...]:
    return sloop("demo", "--speed", str(SPEED), "--port", "0", *more)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with running(*_command("--fault", f"api-5xx@{FAULT_AFTER}"), environment=OF_ANOTHER) as program:
        yield _up(program)
        if alive(program.pid):
            program.process.terminate()
            program.ended(15)


def test_it_is_ready_within_seconds_with_a_verdict_for_every_objective(demo: Demo) -> None:
    found = re.search(r"ready after ([0-9.]+) s", demo.program.text)
    items = demo.get("/api/v1/slos")["items"]

    assert found is not None
    assert float(found[1]) < 30
    assert httpx.get(f"{demo.address}/readyz", trust_env=False).status_code == 200
    assert len(items) == OBJECTIVES
    # A 5-minute bucket of a gauge tells nothing of its minutes, and CloudWatch keeps minutes for 15 days.
    assert {item["state"] for item in items if item["coverage"] < 0.99} == {"insufficient_history"}
    assert all(item["coverage"] > 0.45 for item in items)
    assert all(item["budget"]["remaining_ratio"] > 0.5 for item in items)


def test_the_fault_pages_once_and_resolves_when_it_has_been_quiet(demo: Demo) -> None:
    begin = _estate_seconds(demo.program.said("fault api-5xx begins"))
    wait(demo.incidents, 30)
    opened = demo.incidents()
    wait(lambda: demo.incidents()[0]["status"] == "resolved", 45)

    assert [(i["dedup_key"], i["status"], i["severity"]) for i in opened] == [(KEY, "triggered", "page")]
    after = _epoch(demo.incidents()[0]["resolved_at"]) - _epoch(opened[0]["opened_at"])
    ended = begin + FAULTS["api-5xx"].seconds
    resolved = _epoch(demo.incidents()[0]["resolved_at"])
    assert len(demo.incidents()) == 1, "no other key"
    assert 17 * 60 <= (resolved - ended) % 86400 <= 23 * 60
    assert after > 15 * 60


def test_the_breach_page_shows_that_both_messages_were_delivered(demo: Demo) -> None:
    breach = wait(lambda: (demo.get("/api/v1/breaches") or {}).get("items"), 10)[0]

    page = demo.text(f"/breaches/{breach['id']}" if "id" in breach else breach["links"]["html"])

    assert "ALARM delivered" in page
    assert "OK delivered" in page


def test_the_metrics_can_be_scraped(demo: Demo) -> None:
    families = {f.name: f for f in text_string_to_metric_families(demo.text("/metrics"))}

    judged = {s.labels["slo"] for s in families["sloop_coverage_ratio"].samples}
    assert len(judged) == OBJECTIVES
    assert {s.labels["outcome"] for s in families["sloop_notifications"].samples if s.name.endswith("_total")} == {"sent"}


def test_evaluate_on_the_stored_slices_gives_the_very_numbers_of_the_api(demo: Demo, tmp_path: Path) -> None:
    items = demo.get("/api/v1/slos")["items"]
    minutes = sorted({item["at"] for item in items})
    first = "2000-01-01T00:00:00Z"
    file = tmp_path / "slices.csv"
    file.write_bytes(_sloop("slices", "--from", first, "--to", minutes[-1], database=demo.database))

    for at in minutes:
        spec = str(ROOT / "slo" / "specs" / "reference.yaml")
        told = json.loads(_sloop("evaluate", spec, "--slices", str(file), "--at", at, "--json", database=demo.database))
        recomputed = {o["name"]: o for o in told["objectives"]}
        for item in (item for item in items if item["at"] == at):
            same = ("good", "total", "sli", "budget", "burn", "coverage", "target", "window", "exhausts_at", "corrected")
            assert {n: item[n] for n in same} == {n: recomputed[item["name"]][n] for n in same}
            assert item["state"] == recomputed[item["name"]]["state"]


def test_after_sigterm_no_process_and_no_folder_is_left(demo: Demo) -> None:
    demo.program.process.terminate()
    code = demo.program.ended(20)

    assert demo.children, "the simulator is a child"
    assert code == 0
    assert not any(alive(pid) for pid in demo.children)
    assert not demo.folder.exists()
    assert "Traceback" not in demo.program.text


def test_after_sigkill_the_children_end_by_themselves(tmp_path: Path) -> None:
    with running(*_command("--fault", "api-5xx@600"), environment={"TMPDIR": str(tmp_path)}) as program:
        pids = _up(program).children
        program.process.kill()

        assert pids
        assert wait(lambda: not any(alive(pid) for pid in pids), 5)


def _sloop(*arguments: str, database: str) -> bytes:
    environment = {**os.environ, "SLOOP_DATABASE_URL": database}
    done = subprocess.run([sys.executable, *sloop(*arguments)], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def _estate_seconds(line: str) -> float:
    """`  13:46:31Z  fault ...`: seconds of the day."""
    hours, minutes, seconds = (int(part) for part in line.split(maxsplit=1)[0].rstrip("Z").split(":"))
    return hours * 3600 + minutes * 60 + seconds


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
