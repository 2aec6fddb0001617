from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app.reports import manifest
from app.reports.canonical import canonical, digest
from app.reports.html import render
from app.reports.manifest import BODY, MANIFEST, PAGE, Run
from app.reports.tables import cell, tables
from slo.errors import ReportError
from tests.support import week
from tests.support.markup import checked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN = Run("2026-11-16T06:00:12Z", {week.SHARD: 17})
FILES = sorted(manifest.rendered(canonical(week.report())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    manifest.write(tmp_path / "w46", week.report(), RUN)
    return tmp_path / "w46"


def rows(name: str, report: dict[str, Any] | None = None) -> list[dict[str, str]]:
    data = tables(json.loads(canonical(report or week.report())))[name]
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_what_was_written_is_in_order(folder: Path) -> None:
    assert manifest.verify(folder) == []
    assert sorted(f.name for f in folder.iterdir()) == sorted([*FILES, MANIFEST])


def test_the_manifest_holds_the_hash_of_every_file_and_what_the_run_knew(folder: Path) -> None:
    found = manifest.read(folder)
    assert {f["name"]: f["sha256"] for f in found["files"]} == {n: digest((folder / n).read_bytes()) for n in FILES}
    assert found["body_sha256"] == digest((folder / BODY).read_bytes())
    assert (found["generated_at"], found["inputs"]["data_versions"]) == ("2026-11-16T06:00:12Z", {week.SHARD: 17})


def test_no_hashed_file_knows_when_or_where_it_was_made(folder: Path) -> None:
    told = b"".join((folder / name).read_bytes() for name in FILES)
    assert b"06:00:12" not in told
    assert str(folder).encode() not in told


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data.replace(b"1", b"2", 1) if b"1" in data else data + b" ")
    assert any(problem.startswith(f"{name}: ") for problem in manifest.verify(folder))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"{name}: it is missing" in manifest.verify(folder)


def test_a_file_too_many_is_named(folder: Path) -> None:
    (folder / "notes.csv").write_bytes(b"mine")
    assert manifest.verify(folder) == ["notes.csv: it is no file of this report"]


@pytest.mark.parametrize("name", [PAGE, "objectives.csv", "gaps.csv"])
def test_a_rendering_that_the_json_does_not_give_is_caught_though_the_manifest_agrees(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes() + b"\n"
    (folder / name).write_bytes(data)
    found = manifest.read(folder)
    for file in found["files"]:
        if file["name"] == name:
            file |= {"sha256": digest(data), "bytes": len(data)}
    (folder / MANIFEST).write_text(json.dumps(found))
    assert manifest.verify(folder) == [f"{name}: it is not what {BODY} renders to in this version of Sloop"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update(revision=2), "revision"),
        (lambda m: m["period"].update(week="2026-W47"), "period"),
        (lambda m: m.update(body_sha256="0" * 64), "body_sha256"),
        (lambda m: m["files"].pop(0), "does not list"),
    ],
)
def test_a_manifest_that_tells_another_story_is_caught(folder: Path, change: Callable[[Any], Any], said: str) -> None:
    found = manifest.read(folder)
    change(found)
    (folder / MANIFEST).write_text(json.dumps(found))
    problems = manifest.verify(folder)
    assert problems
    assert all(problem.startswith(MANIFEST) and said in problem for problem in problems)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"schema": "sloop.report/1"}', b"\xff\xfe"])
def test_a_body_that_is_no_report_is_one_problem_and_no_crash(folder: Path, data: bytes) -> None:
    (folder / BODY).write_bytes(data)
    assert [p.partition(":")[0] for p in manifest.verify(folder)] == [BODY]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema": "other"}', None])
def test_without_a_good_manifest_a_report_is_not_complete(folder: Path, data: bytes | None) -> None:
    (folder / MANIFEST).unlink()
    if data is not None:
        (folder / MANIFEST).write_bytes(data)
    with pytest.raises(ReportError, match=MANIFEST):
        manifest.verify(folder)


def test_the_same_report_again_is_left_alone(folder: Path) -> None:
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    assert not manifest.write(folder, week.report(), Run("2027-01-01T00:00:00Z", {}))
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before


def test_another_report_is_never_written_over(folder: Path) -> None:
    with pytest.raises(ReportError, match="none is ever overwritten"):
        manifest.write(folder, week.report(tool_version="other"), RUN)
    assert manifest.verify(folder) == []


def test_a_write_that_fails_leaves_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "scope.csv").mkdir()
    with pytest.raises(ReportError, match="cannot be written"):
        manifest.write(tmp_path, week.report(), RUN)
    assert not (tmp_path / MANIFEST).exists()


def page() -> str:
    body = canonical(week.report())
    return render(json.loads(body), digest(body)).decode()


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    found = checked(page())
    assert (found.loads, found.targets, found.wrong, found.open) == ([], [], [], [])
    assert not re.search(r"<script|@import|url\(|javascript:", page())


def test_the_page_carries_the_hash_of_the_json_and_escapes_names() -> None:
    assert digest(canonical(week.report())) in page()
    assert "=API &amp; &lt;friends&gt;" in page()
    assert "<friends>" not in page()


def test_every_number_of_the_page_stands_in_the_json() -> None:
    """Chart coordinates, counts of listed rows, section numbers and style aside."""
    shown = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<h2>.*?</h2>|and more: all \d+|<[^>]*>", " ", page(), flags=re.DOTALL)
    body = canonical(week.report()).decode().replace("T", " ") + digest(canonical(week.report()))
    numbers = {n for n in re.findall(r"(?<![\w.])-?\d+\.?\d*", shown) if n not in body}
    assert numbers <= {"0", "256"}


def test_the_words_for_what_is_unknown_are_words() -> None:
    assert "not evidenced" in page()
    assert "no target set" in page()
    assert ">unknown<" in page()
    assert not re.search(r"\b(nan|None|Undefined)\b", re.sub(r"<style>.*?</style>", "", page(), flags=re.DOTALL))


def test_every_table_is_rfc_4180() -> None:
    for name, data in tables(json.loads(canonical(week.report()))).items():
        text = data.decode()
        assert text.endswith("\r\n"), name
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert len({len(row) for row in read}) == 1, name


def test_a_table_has_a_row_for_each_row_of_its_section() -> None:
    report = week.report()
    assert [r["id"] for r in rows("objectives.csv")] == [o["id"] for o in report["objectives"]]
    assert len(rows("gaps.csv")) == sum(len(g["intervals"]) for g in report["gaps"])
    assert len(rows("hours.csv")) == 168 * len(report["objectives"])
    assert rows("objectives.csv")[0]["period.budget_used.decimal"] == "1.990050"


def test_what_a_spreadsheet_would_run_is_quoted_and_numbers_are_not() -> None:
    assert rows("scope.csv")[0]["title"] == "'=API & <friends>"
    assert [cell(v) for v in ("=1+1", "+1 555", "-rf", "@x", "\tx", "\rx")] == [
        "'=1+1",
        "'+1 555",
        "'-rf",
        "'@x",
        "'\tx",
        "'\rx",
    ]
    assert [cell(v) for v in ("-0.500000", -3, "1/3", None, ["a", "b"])] == ["-0.500000", "-3", "1/3", "", "a; b"]
    assert cell("-1/3") == "'-1/3"
