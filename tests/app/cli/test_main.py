from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import typer

from app.cli.main import app, run
from app.memory.source import MemorySource
from app.store.sql import SqlStore
from slo.judge import slices_file
from slo.units import format_minute
from tests.support.rig import START, Rig, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _names(command: Any) -> Iterator[str]:
    """Every command there is, `group command` where it is in a group."""
    for name, inner in command.commands.items():
        yield from (f"{name} {part}" for part in _names(inner)) if hasattr(inner, "commands") else (name,)


ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "judge" / "01-total-outage"
ESTATE, SLICES = str(GOLDEN / "estate.yaml"), str(GOLDEN / "slices.csv")
AT = "2026-03-01T00:00:00Z"
COMMANDS = tuple(_names(typer.main.get_command(app)))
HEAVY = {"boto3", "fastapi", "numpy", "opentelemetry", "pydantic", "sqlalchemy", "uvicorn", "httpx"}


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of this test alone, and so is the log that a command configures for the stderr of its run."""
    for name in [n for n in os.environ if n.startswith("SLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path}/sloop.db")
    monkeypatch.setenv("COLUMNS", "200")
    yield
    structlog.reset_defaults()


def started(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from app.cli.main import main; main()", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def estate(folder: Path, objectives: str = "") -> str:
    file = folder / "estate.yaml"
    file.write_text(
        "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: prod}\n"
        'accounts: {main: {id: "111122223333", region: us-east-1}}\n'
        f"components:\n  - name: db\n    kind: rds\n    resource: {{instance: prod-pg}}\n    objectives:\n{objectives}"
    )
    return str(file)


def test_the_commands_are_those_of_the_contract_so_far() -> None:
    assert {"check", "evaluate", "backtest", "slices", "serve", "demo", "db migrate", "db check"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0

    out, err = capsys.readouterr()
    assert re.search(rf"Examples?: .*sloop {command}", " ".join(out.split()))
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["bogus"], 64, "bogus"),
        (["check"], 64, "PATH"),
        (["check", "--bogus", ESTATE], 64, "--bogus"),
        (["check", "missing.yaml"], 1, "missing.yaml: No such file"),
        (["evaluate", ESTATE, "--slices", SLICES], 64, "--at"),
        (["evaluate", ESTATE, "--slices", SLICES, "--at", "yesterday"], 64, "--at: 'yesterday' is not an ISO 8601 time"),
        (["evaluate", ESTATE, "--slices", SLICES, "--at", "2026-03-01T00:00:00"], 64, "add Z for UTC"),
        (["evaluate", ESTATE, "--slices", SLICES, "--at", "2026-03-01T00:00:30Z"], 64, "not a whole minute"),
        (["evaluate", ESTATE, "--slices", "missing.csv", "--at", AT], 1, "missing.csv: No such file"),
        (["evaluate", ESTATE, "--slices", ESTATE, "--at", AT], 1, "estate.yaml:1: column 'indicator' is missing"),
        (["evaluate", SLICES, "--slices", SLICES, "--at", AT], 1, "slices.csv:"),
        (["backtest", ESTATE, "--slices", SLICES, "--from", "2026-03-02T00:00:00Z", "--to", AT], 64, "is after --to"),
        (["backtest", ESTATE, "--slices", SLICES, "--from", "soon"], 64, "--from"),
        (["slices", "--from", AT, "--to", AT], 64, "--from must be before --to"),
        (["slices", "--from", AT], 64, "--to"),
        (["slices", "--from", "2000-01-01T00:00:00Z", "--to", AT], 1, "there is no such database"),
        (["serve"], 1, "SLOOP_ESTATE"),
        (["demo", "--speed", "0.5"], 64, "--speed"),
        (["demo", "--port", "99999"], 64, "--port"),
        (["demo", "--fault", "api-5xx"], 64, "NAME@SECONDS"),
        (["demo", "--fault", "meteor@3"], 64, "meteor"),
        (["db", "bogus"], 64, "bogus"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_exit_code(
    arguments: Sequence[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(list(arguments)) == code

    out, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if not line.startswith("sloop: warning: ")]
    assert out == ""
    assert len(errors) == 1
    assert errors[0].startswith("sloop: ")
    assert words in errors[0]


def test_slices_of_an_objective_that_nobody_measures_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.sqlite'}")
    assert run(["db", "migrate"]) == 0

    assert run(["slices", "--from", "2000-01-01T00:00:00Z", "--to", AT, "--objective", "x.y"]) == 64
    assert "--objective x.y: not in the database" in capsys.readouterr().err


def test_looking_at_a_database_does_not_make_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "check"]) == 1
    assert "there is no such database" in capsys.readouterr().err
    assert not (tmp_path / "sloop.db").exists()


def test_the_state_of_the_schema_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert [run(["db", command, "--json"]) for command in ("migrate", "check")] == [0, 0]

    lines = capsys.readouterr().out
    assert json.loads(lines[: lines.index("}") + 1]) == {"database": "sqlite", "schema": "is up to date"}
    assert '"fits this program"' in lines


@pytest.mark.parametrize("url", ["bogus", "mysql://x/y", "sqlite:////dev/null/sloop.db"])
def test_a_database_that_cannot_be_used_is_one_line(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOOP_DATABASE_URL", url)

    assert run(["db", "check"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_bad_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SLOOP_HOST", "0.0.0.0")

    assert run(["serve"]) == 1
    assert capsys.readouterr().err.startswith("sloop: SLOOP_HOST=0.0.0.0: ")


def test_no_arguments_show_what_there_is_and_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 64

    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"  {command.split()[0]} " in err for command in COMMANDS)


def test_firing_rules_and_exhausted_budgets_do_not_change_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((GOLDEN / "case.json").read_text())
    at = case.get("at") or case["to"]

    assert run(["evaluate", ESTATE, "--slices", SLICES, "--at", at, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objectives"][0]["firing"]


def test_the_table_for_people_and_the_json_agree(capsys: pytest.CaptureFixture[str]) -> None:
    case = json.loads((GOLDEN / "case.json").read_text())
    arguments = ["evaluate", ESTATE, "--slices", SLICES, "--at", case.get("at") or case["to"]]

    assert run(arguments) == 0
    table = capsys.readouterr().out
    assert run([*arguments, "--json"]) == 0
    (item, *_) = json.loads(capsys.readouterr().out)["objectives"]

    assert table.splitlines()[0].split()[:3] == ["OBJECTIVE", "STATE", "SLI"]
    assert table.splitlines()[1].split()[:2] == [item["name"], item["state"]]


def test_check_prints_problems_in_the_shape_of_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = estate(tmp_path, "      - {indicator: availability, target: 101%, window: 30d}\n")

    assert run(["check", path, "--json"]) == 1

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert list(document) == ["problems"]
    (problem,) = document["problems"]
    assert list(problem) == ["file", "line", "path", "severity", "code", "message"]
    assert (problem["file"], problem["line"], problem["severity"]) == (path, 10, "error")
    assert problem["path"].endswith("objectives[0].target")
    assert err == ""


def test_check_of_a_good_estate_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = estate(tmp_path, "      - {indicator: availability, target: 99.9%, window: 30d}\n")

    assert run(["check", path]) == 0
    assert capsys.readouterr() == ("", "")
    assert run(["check", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_a_warning_is_no_error_unless_it_is_asked_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", ESTATE, "--json"]) == 0
    severities = {p["severity"] for p in json.loads(capsys.readouterr().out)["problems"]}
    assert severities == {"warning"}
    assert run(["check", ESTATE, "--strict"]) == 1


def test_data_goes_to_stdout_and_warnings_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "slices.csv"
    file.write_text(f"indicator,minute,good,total\nnobody.knows,{AT},1,1\n")

    assert run(["evaluate", ESTATE, "--slices", str(file), "--at", AT, "--json"]) == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["at"] == AT
    assert "nobody.knows" in err


def test_stored_slices_come_out_as_a_slices_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = _store(tmp_path, minutes=5)
    span = ["slices", "--from", format_minute(START - 5), "--to", format_minute(START)]

    assert run(span) == 0
    csv = capsys.readouterr().out
    assert run([*span, "--json", "--objective", "api.availability"]) == 0
    ndjson = capsys.readouterr().out

    for name, text in (("s.csv", csv), ("s.ndjson", ndjson)):
        read = slices_file.parse(name, text.encode())["api.availability"]
        assert read.minutes.tolist() == stored
        assert (read.total.sum(), read.bad.sum()) == (500, 5)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    _store(tmp_path, minutes=4000)
    environment = {**os.environ, "SLOOP_DATABASE_URL": f"sqlite:///{tmp_path}/sloop.db"}

    with started("slices", "--from", "2000-01-01T00:00:00Z", "--to", format_minute(START), env=environment) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "indicator,minute,good,total\n"
        child.stdout.close()
        assert (child.wait(30), child.stderr.read()) == (0, "")


@pytest.mark.parametrize("no_color", ["", "1"])
def test_nothing_is_coloured(no_color: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("FORCE_COLOR", "1")

    for arguments in (["--help"], ["bogus"], ["check", ESTATE]):
        run(arguments)

    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


def test_the_command_line_starts_without_the_heavy_imports(record_property: Any) -> None:
    begin = time.perf_counter()
    code = "import sys; from app.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    record_property("startup_seconds", round(time.perf_counter() - begin, 3))

    assert "demo" in done.stdout
    assert HEAVY.isdisjoint(done.stderr.split())


def _store(folder: Path, minutes: int) -> list[int]:
    source = MemorySource()
    traffic(source, range(START - minutes, START), bad=1)
    store = SqlStore.open(f"sqlite:///{folder}/sloop.db")
    Rig(store, watch(source)).start(START)
    store.close()
    return list(range(START - minutes, START))
