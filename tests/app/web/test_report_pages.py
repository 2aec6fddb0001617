from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.reports.manifest import Run
from app.reports.shelf import FolderShelf
from tests.app import picture
from tests.support import week
from tests.support.markup import checked

if TYPE_CHECKING:
    from pathlib import Path

BASE = "/reports/2026-W46/r1"


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    found = FolderShelf(tmp_path, "golden")
    found.publish("2026-W46", made, Run("2026-11-16T06:00:12Z", {}))
    return found


def made(revision: int, supersedes: str | None) -> dict[str, Any]:
    return week.report(revision=revision, supersedes=supersedes)


@pytest.fixture
def site(shelf: FolderShelf) -> picture.Site:
    return picture.site(*picture.shared(), reports=shelf)


def test_without_reports_the_page_says_how_to_make_one() -> None:
    page = picture.site(*picture.shared()).get("/reports")
    assert page.status_code == 200
    assert "No report is written yet" in page.text


def test_every_report_is_listed_with_its_files(site: picture.Site) -> None:
    text = site.get("/reports").text
    page = checked(text)
    assert (page.wrong, page.open) == ([], [])
    assert f'href="{BASE}/report.html"' in text
    assert f'href="{BASE}/manifest.json"' in text
    assert "2026-W46 r1" in text


def test_the_files_are_the_bytes_on_the_shelf(site: picture.Site, shelf: FolderShelf) -> None:
    for name in shelf.entries()[0].files:
        answer = site.get(f"{BASE}/{name}")
        assert (answer.status_code, answer.content) == (200, shelf.file("2026-W46", 1, name)), name


def test_a_report_is_shown_without_scripts_and_tables_are_downloads(site: picture.Site) -> None:
    page, table = site.get(f"{BASE}/report.html"), site.get(f"{BASE}/gaps.csv")
    assert "sandbox" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    assert table.headers["content-disposition"] == 'attachment; filename="2026-W46-r1-gaps.csv"'
    assert table.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/none.csv",
        f"{BASE}/..%2Fr1%2Freport.json",
        f"{BASE}/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        f"{BASE}/..",
        "/reports/2026-W46/r2/report.json",
        "/reports/2026-W47/r1/report.json",
        "/reports/..%2f2026-W46/r1/report.json",
    ],
)
def test_nothing_else_can_be_reached(site: picture.Site, path: str) -> None:
    assert site.get(path).status_code in (404, 422)


def test_the_api_lists_them_newest_first_page_by_page(site: picture.Site, shelf: FolderShelf) -> None:
    shelf.publish("2026-W47", made, Run("2026-11-23T06:00:12Z", {}))
    first = site.get("/api/v1/reports?limit=1").json()
    assert [(i["id"], i["revision"], i["partial"]) for i in first["items"]] == [("2026-W47-r1", 1, False)]
    assert first["next"] == "2026-W47-r1"
    second = site.get(f"/api/v1/reports?limit=1&cursor={first['next']}").json()
    assert ([i["id"] for i in second["items"]], second["next"]) == (["2026-W46-r1"], None)
    assert second["items"][0]["links"]["report.json"] == f"{BASE}/report.json"
    assert site.get("/api/v1/reports?cursor=nobody").json()["items"] == []


def test_a_name_full_of_markup_stays_text(site: picture.Site) -> None:
    answer = site.get(f"{BASE}/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>alert" not in answer.text
