from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from slo.errors import StoreError
from slo.estate.spec import Estate
from tests.app import picture
from tests.support.markup import checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import BreachRow, Delivery

BREACH = picture.breach_rows()[0].id
PATHS = [
    "/",
    "/slos",
    "/slos?q=api&state=burning_fast",
    "/slos?q=%22%3E%3Cscript%3E",
    *(f"/slos/{o.id}" for o in picture.ESTATE.objectives),
    *(f"/components/{c.name}" for c in picture.ESTATE.components),
    f"/breaches/{BREACH}",
    f"/breaches/{picture.breach_rows()[-1].id}",
    "/recovery",
    "/reports",
    "/sources",
    "/nowhere",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_well_formed_and_loads_only_from_here(site: picture.Site, path: str) -> None:
    answer = site.get(path)
    page = checked(answer.text)
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert all(load.startswith(("/static/", "/slos", "/recovery/drills", "data:image/svg+xml,")) for load in page.loads)


@pytest.mark.parametrize("path", PATHS)
def test_no_declared_text_becomes_markup(site: picture.Site, path: str) -> None:
    text = site.get(path).text
    assert "<script>" not in text
    assert not any(target.startswith("javascript:") for target in checked(text).targets)


def test_every_link_inside_leads_somewhere(site: picture.Site) -> None:
    targets = {t for path in PATHS for t in checked(site.get(path).text).targets}
    inside = sorted(t for t in targets if t.startswith("/"))
    assert [t for t in inside if site.get(t).status_code not in (200, 503)] == []


def test_the_overview_begins_with_what_burns(site: picture.Site) -> None:
    text = site.get("/").text
    assert text.index("api.<wbr>availability") < text.index("Least budget left")
    assert text.index('class="badge burning_fast"') < text.index('class="badge burning_slow"')
    assert "Demo at speed 20" in text


def test_the_list_is_filtered_without_a_script(site: picture.Site) -> None:
    text = site.get("/slos?q=database").text
    assert "database.<wbr>availability" in text
    assert "1 of 11 objectives" in text
    assert "edge.<wbr>availability" not in text


def test_a_filter_that_matches_nothing_shows_itself_and_a_way_back(site: picture.Site) -> None:
    text = site.get("/slos?q=zebra").text
    assert "zebra" in text
    assert 'href="/slos">Show all 11' in text


def test_the_page_of_an_objective_starts_with_the_verdict_and_the_runbook(site: picture.Site) -> None:
    text = site.get("/slos/api.availability").text
    assert "page open since 11:58Z" in text
    assert 'href="https://runbooks.example/api"' in text
    assert text.index('class="verdict') < text.index("Open the runbook") < text.index("Budget left over")


def test_a_component_without_a_runbook_says_what_to_add(site: picture.Site) -> None:
    assert "No runbook declared: give component jobs one (runbook)" in site.get("/slos/jobs.freshness").text


def test_every_chart_has_a_table_that_says_the_same(site: picture.Site) -> None:
    text = site.get("/slos/api.availability").text
    assert text.count("<figcaption>") == text.count("The same as a table") == 2
    assert text.count('<svg class="chart') == 4


def test_a_breach_tells_its_story_in_order(site: picture.Site) -> None:
    text = site.get(f"/breaches/{BREACH}").text
    steps = [text.index(f"<b>{s}</b>") for s in ("fired", "told", "ALARM delivered", "OK waiting in the outbox")]
    assert steps == sorted(steps)
    assert "2 attempts, provider id 11111111-aaaa" in text
    assert "sloop/demo/api.availability/page" in text


class Broken(picture.Log):
    def breach(self, breach_id: str) -> BreachRow | None:
        raise StoreError(f"disk full reading {breach_id}")

    def deliveries(self, breach_id: str) -> Sequence[Delivery]:
        raise StoreError(f"disk full reading {breach_id}")


def test_a_breach_opens_from_the_snapshot_when_the_store_does_not_answer() -> None:
    answer = picture.site(*picture.shared(), Broken()).get(f"/breaches/{BREACH}")
    assert answer.status_code == 200
    assert "deliveries unknown" in answer.text


def test_an_unknown_objective_is_a_404_that_suggests_near_ones(site: picture.Site) -> None:
    answer = site.get("/slos/api.availabilty")
    assert answer.status_code == 404
    assert 'href="/slos/api.availability"' in answer.text


def test_an_unchanged_page_is_not_sent_twice(site: picture.Site) -> None:
    first = site.get("/slos")
    again = site.get("/slos", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_new_snapshot_changes_the_page(site: picture.Site) -> None:
    first = site.get("/slos")
    site.box.put(replace(site.box.get(), breaches=(), notices=("another",)))
    second = site.get("/slos", if_none_match=first.headers["etag"])
    assert second.status_code == 200
    assert "another" in second.text


def test_an_old_snapshot_turns_the_page_grey(site: picture.Site) -> None:
    assert 'class="current"' in site.get("/").text
    site.clock.at += timedelta(minutes=4)
    late = site.get("/")
    assert 'class="stale"' in late.text
    assert late.headers["sloop-age"] == "240"


def test_a_fast_demo_is_not_stale_before_fifteen_seconds_of_the_wall() -> None:
    snapshot, history = picture.shared()
    fast = picture.site(replace(snapshot, speed=60.0), history)
    fast.clock.at += timedelta(minutes=10)
    assert 'class="current"' in fast.get("/").text
    fast.clock.at += timedelta(minutes=6)
    assert 'class="stale"' in fast.get("/").text


def test_an_empty_estate_has_pages_that_say_so() -> None:
    snapshot, history = picture.shared()
    empty = picture.site(replace(snapshot, estate=Estate("empty"), verdicts={}, breaches=(), sources=()), history)
    assert "declares no components" in empty.get("/").text
    assert "declares no objectives" in empty.get("/slos").text
    assert "No source is read yet" in empty.get("/sources").text


def test_static_files_are_named_by_their_content_and_kept_for_ever(site: picture.Site) -> None:
    names = re.findall(r'"(/static/sloop\.[0-9a-f]{10}\.(?:css|js))"', site.get("/").text)
    assert len(names) == 2
    for name in names:
        answer = site.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert site.get("/static/sloop.css").status_code == 404
