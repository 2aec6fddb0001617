"""`sloop drill`: from a start to an end in one database, and what is refused in one line."""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from app.cli.main import run
from app.store.sql import SqlStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
accounts: {main: {id: "111122223333", region: us-east-1}}
components:
  - {name: database, kind: rds, resource: {instance: prod-pg}, recovery: [{scenario: az-loss, rpo: 5m, rto: 30m}]}
"""
START = ("drill", "start", "database", "az-loss")
FINISH = ("drill", "finish", "database.az-loss.1", "--outcome")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    for name in [n for n in os.environ if n.startswith("SLOOP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "estate.yaml").write_text(ESTATE)
    url = f"sqlite:///{tmp_path}/sloop.db"
    monkeypatch.setenv("SLOOP_DATABASE_URL", url)
    monkeypatch.setenv("SLOOP_ESTATE", str(tmp_path / "estate.yaml"))
    monkeypatch.setenv("USER", "ana")
    opened = SqlStore.open(url)
    yield opened
    opened.close()


def test_a_drill_from_start_to_end(tmp_path: Path, store: SqlStore, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = tmp_path / "psql.log"
    evidence.write_bytes(b"recovered\n" * 300_000)
    assert run([*START, "--participant", "ben", "--participant", "eve", "--note", "standby of 1b"]) == 0
    said = capsys.readouterr().out
    assert re.match(r"database\.az-loss\.1 began at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", said)
    assert "sloop drill finish database.az-loss.1 --outcome passed" in said

    assert run([*FINISH, "passed", "--lost", "90s", "--artefact", str(evidence), "--actor", "eve", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["artefact_sha256"] == sha256(evidence.read_bytes()).hexdigest()
    assert (told["actor"], told["participants"], told["lost_seconds"]) == ("ana", ["ben", "eve"], 90)
    (_, ended), (_, begun) = store.journal(limit=9)
    assert (begun.actor, ended.actor, ended.document["artefact_name"]) == ("ana", "eve", "psql.log")

    assert run(["drill", "list", "--component", "database"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["DRILL", "BEGAN", "OUTCOME", "TOOK", "LOST", "WHO"]
    assert re.search(r"^database\.az-loss\.1 .* passed .* 1m 30s  ana, ben, eve$", row)
    assert run(["drill", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": [told]}
    assert run(["drill", "list", "--scenario", "region-loss"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("before", "arguments", "code", "words"),
    [
        ([], ["drill", "start", "databse", "az-loss"], 64, "there is no component 'databse' in estate prod; is it database?"),
        ([], ["drill", "start", "database", "az-lost"], 64, "there is no scenario 'az-lost'; is it az-loss?"),
        ([], ["drill", "start", "database"], 64, "SCENARIO"),
        ([], [*START, "--actor", "a\nb"], 64, "actor: "),
        ([START], START, 1, "is running since 20"),
        ([], [*FINISH, "passed"], 64, "there is no drill 'database.az-loss.1'"),
        ([START], [*FINISH, "maybe"], 64, "--outcome"),
        ([START], FINISH[:-1], 64, "--outcome"),
        ([START], [*FINISH, "passed", "--lost", "5"], 64, "'5' is not a duration"),
        ([START], [*FINISH, "passed", "--artefact", "missing.log"], 1, "missing.log: No such file"),
        ([START, (*FINISH, "failed")], [*FINISH, "passed"], 1, "failed already at 20"),
        ([], ["drill", "list", "--limit", "0"], 64, "--limit"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_exit_code(
    before: Sequence[Sequence[str]], arguments: Sequence[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [run(list(command)) for command in before] == [0] * len(before)
    capsys.readouterr()
    assert run(list(arguments)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert words in err


def test_without_a_database_or_an_estate_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLOOP_DATABASE_URL", f"sqlite:///{tmp_path}/another.db")
    assert run(list(START)) == 1
    assert "there is no such database" in capsys.readouterr().err
    assert not (tmp_path / "another.db").exists()
    monkeypatch.delenv("SLOOP_ESTATE")
    assert run(list(START)) == 64
    assert "set SLOOP_ESTATE" in capsys.readouterr().err
