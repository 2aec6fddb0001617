from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.cli.main import run
from app.files import packaged_spec, read_catalog
from slo.estate.schema import render

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
MODELINE = "# yaml-language-server: $schema=estate.schema.json\n"
HEAVY = {"boto3", "fastapi", "numpy", "opentelemetry", "sqlalchemy", "uvicorn", "httpx"}


def test_the_schema_goes_to_stdout_and_nothing_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert out == render(read_catalog())
    assert json.loads(out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_first_estate_goes_to_stdout_and_is_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--name", "staging"]) == 0

    out = capsys.readouterr().out
    assert out.startswith(MODELINE)
    assert "metadata: {name: staging}" in out
    (tmp_path / "estate.yaml").write_text(out)
    assert run(["check", str(tmp_path), "--strict", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_with_out_the_schema_lies_beside_it_and_is_no_estate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "estate.yaml"
    assert run(["init", "--out", str(file)]) == 0

    assert "sloop check" in capsys.readouterr().out
    assert sorted(f.name for f in file.parent.iterdir()) == ["estate.schema.json", "estate.yaml"]
    assert (file.parent / "estate.schema.json").read_text() == render(read_catalog())
    assert file.read_text().startswith(MODELINE)
    assert run(["check", str(file.parent), "--strict"]) == 0


@pytest.mark.parametrize("taken", ["estate.yaml", "estate.schema.json"])
def test_what_is_there_is_not_overwritten(taken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / taken).write_text("mine")
    assert run(["init", "--out", str(tmp_path / "estate.yaml")]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"sloop: {tmp_path / taken}: is there already and is not overwritten; move it away or name another file\n"
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [(taken, "mine")]


def test_a_second_estate_shares_the_schema_of_the_first(tmp_path: Path) -> None:
    assert run(["init", "--out", str(tmp_path / "one.yaml")]) == 0
    assert run(["init", "--out", str(tmp_path / "two.yaml"), "--name", "two"]) == 0
    assert (tmp_path / "two.yaml").read_text() != (tmp_path / "one.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["init", "--name", "My Estate"], 64, "--name: 'My Estate' is not 1 to 63 of a-z, 0-9 and -"),
        (["init", "--name", ""], 64, "--name: '' is not"),
        (["init", "--bogus"], 64, "--bogus"),
        (["init", "--out", "/dev/null/estate.yaml"], 1, "/dev/null"),
        (["schema", "extra"], 64, "extra"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: Sequence[str], code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(list(arguments)) == code

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sloop: ")
    assert err.count("\n") == 1
    assert words in err


def test_as_json_the_first_estate_says_which_files_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "estate.yaml"
    assert run(["init", "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"document": out.read_text(), "files": [str(out), str(tmp_path / "estate.schema.json")]}
    assert run(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**found, "files": []}


def test_a_schema_is_the_same_with_and_without_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert [run(["schema"]), run(["schema", "--json"])] == [0, 0]
    schemas = capsys.readouterr().out
    assert schemas[: len(schemas) // 2] == schemas[len(schemas) // 2 :]


@pytest.mark.parametrize("command", ["schema", "init"])
def test_it_starts_without_the_heavy_imports(command: str) -> None:
    code = f"import sys; from app.cli.main import run; run(['{command}']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stderr.split())


def test_the_first_estate_explains_each_part() -> None:
    lines = packaged_spec("first").decode().splitlines()
    assert sum("#" in line for line in lines) > len(lines) / 4
    for part in (
        "accounts:",
        "components:",
        "objectives:",
        "indicators:",
        "composite:",
        "recovery:",
        "policies:",
        "exclusions:",
    ):
        assert any(part in line for line in lines)
