from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.reports import manifest
from app.reports.canonical import digest
from app.reports.manifest import MANIFEST, Run
from app.reports.shelf import FolderShelf
from tests.support import week

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN = Run("2026-11-16T06:00:12Z", {week.SHARD: 17})


def made(**changes: Any) -> Callable[[int, str | None], dict[str, Any]]:
    return lambda revision, supersedes: week.report(revision=revision, supersedes=supersedes, **changes)


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    found = FolderShelf(tmp_path, "golden")
    found.publish("2026-W46", made(), RUN)
    return found


def test_an_empty_shelf_has_no_reports(tmp_path: Path) -> None:
    assert FolderShelf(tmp_path / "none", "golden").entries() == []


def test_the_first_report_of_a_week_is_r1(shelf: FolderShelf, tmp_path: Path) -> None:
    entry = shelf.entries()[0]
    assert (entry.week, entry.revision, entry.partial, entry.supersedes) == ("2026-W46", 1, False, None)
    assert manifest.verify(tmp_path / "golden" / "2026-W46" / "r1") == []


def test_the_same_numbers_again_leave_it_alone(shelf: FolderShelf) -> None:
    first = shelf.entries()
    entry, new = shelf.publish("2026-W46", made(), Run("2026-11-17T00:00:00Z", {}))
    assert (entry, new, shelf.entries()) == (first[0], False, first)


def test_other_numbers_make_a_revision_that_names_the_one_before(shelf: FolderShelf, tmp_path: Path) -> None:
    first = shelf.entries()[0]
    before = shelf.file("2026-W46", 1, MANIFEST)
    entry, new = shelf.publish("2026-W46", made(tool_version="other"), RUN)
    assert (new, entry.revision, entry.supersedes) == (True, 2, first.body_sha256)
    assert [e.revision for e in shelf.entries()] == [2, 1]
    assert before is not None
    assert before == shelf.file("2026-W46", 1, MANIFEST)
    again = json.loads(shelf.file("2026-W46", 2, MANIFEST) or b"")
    assert again["previous_manifest_sha256"] == digest(before)
    assert manifest.verify(tmp_path / "golden" / "2026-W46" / "r2") == []


def test_after_a_second_revision_the_same_numbers_leave_it_alone_too(shelf: FolderShelf) -> None:
    shelf.publish("2026-W46", made(tool_version="other"), RUN)
    _, new = shelf.publish("2026-W46", made(tool_version="other"), RUN)
    assert (new, len(shelf.entries())) == (False, 2)


def test_newer_weeks_come_first(shelf: FolderShelf) -> None:
    shelf.publish("2026-W45", made(), RUN)
    shelf.publish("2027-W01", made(), RUN)
    assert [e.week for e in shelf.entries()] == ["2027-W01", "2026-W46", "2026-W45"]


def test_a_folder_without_manifest_is_no_report(shelf: FolderShelf, tmp_path: Path) -> None:
    (tmp_path / "golden" / "2026-W46" / "r1" / MANIFEST).unlink()
    assert shelf.entries() == []
    assert shelf.file("2026-W46", 1, "report.json") is None


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"schema": "sloop.report.manifest/1"}'])
def test_a_broken_manifest_hides_its_report_and_no_other(shelf: FolderShelf, tmp_path: Path, broken: bytes) -> None:
    shelf.publish("2026-W47", made(), RUN)
    (tmp_path / "golden" / "2026-W46" / "r1" / MANIFEST).write_bytes(broken)
    assert [e.week for e in shelf.entries()] == ["2026-W47"]


@pytest.mark.parametrize("name", ["../r1/report.json", "/etc/passwd", "..", ".", "", "report.json/", "notes.txt", "..\\x"])
def test_only_the_files_of_a_report_are_handed_out(shelf: FolderShelf, tmp_path: Path, name: str) -> None:
    (tmp_path / "golden" / "2026-W46" / "r1" / "notes.txt").write_bytes(b"secret")
    assert shelf.file("2026-W46", 1, name) is None


def test_a_manifest_cannot_point_out_of_its_folder(shelf: FolderShelf, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    file = tmp_path / "golden" / "2026-W46" / "r1" / MANIFEST
    changed = json.loads(file.read_bytes())
    changed["files"].append({"name": "../../../secret", "sha256": "", "bytes": 6, "media_type": ""})
    file.write_text(json.dumps(changed))
    assert shelf.file("2026-W46", 1, "../../../secret") is None
    assert shelf.entries() == []


@pytest.mark.parametrize(("name", "revision"), [("2026-W46", 2), ("2026-W99", 1), ("../golden/2026-W46", 1)])
def test_there_is_nothing_in_a_report_that_is_not_there(shelf: FolderShelf, name: str, revision: int) -> None:
    assert shelf.file(name, revision, "report.json") is None
