from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.alarm_inventory import AlarmInventory
from app.web.component_alarms import alarm_rows
from tests.app import picture, reference
from tests.support.markup import checked

PAGES = ["/", "/slos", "/slos/traces.availability", "/recovery", "/alarms", "/sources"]
PATHS = [*PAGES, *(f"/components/{c.name}" for c in reference.estate().components)]


@pytest.fixture
def site() -> picture.Site:
    return picture.site(*reference.shared(), about=reference.facts())


def bare(alarms: AlarmInventory | None) -> picture.Site:
    snapshot, history = reference.shared()
    return picture.site(replace(snapshot, alarms=alarms, recovery=()), history, about=reference.facts())


@pytest.mark.parametrize("path", PATHS)
def test_every_page_of_the_reference_estate_is_well_formed(site: picture.Site, path: str) -> None:
    answer = site.get(path)
    page = checked(answer.text)
    assert answer.status_code == 200
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))


def test_every_link_on_them_leads_somewhere(site: picture.Site) -> None:
    targets = {t.split("#")[0] for path in PATHS for t in checked(site.get(path).text).targets}
    # Breaches are read from the log, which tells those of the other picture.
    inside = sorted(t for t in targets if t.startswith("/") and not t.startswith("/breaches/"))
    assert [t for t in inside if site.get(t).status_code not in (200, 503)] == []


def test_the_overview_of_the_whole_estate_is_small_and_leads_to_every_component(site: picture.Site) -> None:
    answer = site.get("/")
    targets = checked(answer.text).targets
    assert len(answer.content) < 60_000
    assert {f"/components/{c.name}" for c in reference.estate().components} <= set(targets)


def test_the_overview_shows_what_burns_then_the_layers_then_recovery_and_alarms(site: picture.Site) -> None:
    text = site.get("/").text
    marks = (
        "Open breaches",
        "The estate, layer by layer",
        "Recovery targets",
        f"{reference.in_sync()} in sync",
        "Least budget left",
        ">Sources</h2>",
    )
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_overview_without_recovery_and_alarms_says_nothing_of_them() -> None:
    text = bare(None).get("/").text
    assert "Recovery targets" not in text
    assert "in sync" not in text


def test_alarms_that_were_never_read_are_not_called_in_order() -> None:
    text = bare(AlarmInventory()).get("/").text
    assert "Not compared with AWS yet" in text


def test_the_navigation_leads_to_the_pages_there_are_and_marks_the_one_it_is_on(site: picture.Site) -> None:
    text = site.get("/slos/api.latency").text
    nav = text[text.index('<nav aria-label="Main">') : text.index("</nav>")]
    assert re.findall(r'href="([^"]+)"', nav) == [
        "/",
        "/slos",
        "/recovery",
        "/alarms",
        "/maintenance",
        "/reports",
        "/sources",
        "/audit",
    ]
    assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', nav) == [("/slos", "true")]


def test_f13_sampled_numbers_say_so_wherever_they_stand(site: picture.Site) -> None:
    row = next(r for r in site.get("/slos").text.split("<tr>") if "/slos/traces.availability" in r)
    assert row.count(">sampled</abbr>") == 2
    assert site.get("/slos").text.count(">sampled</abbr>") == 2
    assert ">sampled</abbr>" in site.get("/").text
    detail = site.get("/slos/traces.availability").text
    assert all(f"<dt>{what}, sampled</dt>" in detail for what in ("budget left", "SLI", "good", "bad", "total"))
    assert ">sampled</abbr>" in detail.split("</h1>")[0]
    assert "sampled" not in site.get("/slos/api.availability").text


def test_the_api_marks_sampled_objectives(site: picture.Site) -> None:
    items = site.get("/api/v1/slos").json()["items"]
    assert [item["name"] for item in items if item["sampled"]] == ["traces.availability"]


def test_a_component_without_objectives_says_why(site: picture.Site) -> None:
    text = site.get("/components/archive").text
    assert "No objective: Nobody reads Glacier Deep Archive on line" in text
    assert "impossible" in text


def test_a_component_shows_what_it_leans_on_and_what_leans_on_it(site: picture.Site) -> None:
    text = site.get("/components/cache").text
    needs, needed = text[text.index('id="needs"') : text.index('id="needed"')], text[text.index('id="needed"') :]
    assert 'href="/components/keys"' in needs
    assert 'href="/components/api"' in needed
    assert "burning fast" in needed


def test_a_component_shows_its_dashboards_pitfalls_and_declaration(site: picture.Site) -> None:
    text = site.get("/components/api").text
    assert f'href="{reference.GRAFANA}"' in text
    assert '<details id="pitfalls">' in text
    assert "ECS service (ecs) · layer compute · tier 1 · no owner named · account main (111122223333, us-east-1)" in text
    assert "targetgroup/demo-api/943f017f100becff" in text


def test_the_alarms_of_a_component_begin_with_what_is_wrong_and_say_when_and_why() -> None:
    snapshot, _ = reference.shared()
    rows = alarm_rows(snapshot, reference.estate().component("api"), reference.facts()["api"].alarms)
    by_name = {row.name: row for row in rows}

    assert [row.name for row in rows[:3]] == ["memory-high", "cpu-high", "api/old"]
    assert by_name["memory-high"].why == "changed by hand: Threshold 99 → 80"
    assert by_name["cpu-high"].condition == "CPUUtilization Average > 80 in 15 of 15 min"
    assert by_name["healthy-hosts-low"].condition == "m1 / 6 < 0.5 in 5 of 5 min where m1 = HealthyHostCount Minimum"
    assert by_name["api.availability/page"].condition == "its objective burns too fast"
    assert (by_name["api/old"].condition, by_name["api/old"].reason) == ("", "")


def test_before_they_are_compared_with_aws_the_alarms_are_those_of_the_catalogue() -> None:
    text = bare(None).get("/components/search").text
    assert "not compared with AWS yet" in text
    assert "CPUUtilization Maximum &gt;= 80 in 3 of 3 x 15 min" in text


def test_the_api_says_why_a_component_has_no_objective(site: picture.Site) -> None:
    by_name = {item["name"]: item for item in site.get("/api/v1/components").json()["items"]}
    assert by_name["shield"]["no_objective"].startswith("Shield Standard gives no metric")
    assert by_name["api"]["no_objective"] is None
