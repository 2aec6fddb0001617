from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from alerts.backtest import Terms, play
from alerts.backtest_svg import MOST_PANELS, draw
from alerts.incidents import Incident
from alerts.trace import traces
from slo.estate.spec import Exclusion
from slo.judge.burn import burn, rules_of
from slo.judge.series import Slices
from slo.judge.windows import count
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from slo.estate.spec import Estate, Objective

GOLDEN = Path(__file__).parents[1] / "golden" / "backtest" / "picture.svg"
START = 29_376_000
API, WEB = objective("api", target="0.99"), objective("web", target="0.99")
NAMESPACE = "{http://www.w3.org/2000/svg}"


def outage(first: int, end: int, minutes: int = 720) -> Slices:
    """100 events a minute, half of them bad in the outage and one in 200 otherwise; nothing is measured in minutes 300..319."""
    bad = [50 if first <= n < end else n % 2 for n in range(minutes)]
    return Slices.of([(START + n, 100, bad[n]) for n in range(minutes) if not 300 <= n < 320])


SLICES = {API.indicator_id: outage(100, 140), WEB.indicator_id: outage(600, 720)}
ESTATE = replace(estate_of(WEB, API), exclusions=(Exclusion(START + 590, START + 720, "mute", "works", None, component="web"),))
HAPPENED = (Incident(START + 98, START + 142, None, "deploy <42> & more"), Incident(START + 400, START + 410, WEB.id))


def picture(estate: Estate = ESTATE, slices: dict[str, Slices] = SLICES, happened: tuple[Incident, ...] = HAPPENED) -> str:
    return draw("Back-test of prod", play(estate, slices, Terms()), slices, happened)


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{NAMESPACE}text")]


def hints(svg: str) -> list[str]:
    """What a pointer and a screen reader are told of each bar."""
    return [title.text or "" for rect in ET.fromstring(svg).iter(f"{NAMESPACE}rect") for title in rect]


def test_the_picture_is_the_one_that_was_looked_at() -> None:
    assert picture() == GOLDEN.read_text(encoding="utf-8")


def test_every_breach_is_a_bar_that_tells_its_times_and_every_incident_a_shade() -> None:
    # Of 30 minutes fewer than 4 are bad from T = 02:47 on, where nothing fires; 15 quiet minutes later is 03:01.
    assert hints(picture()) == [
        "deploy <42> & more: 2025-11-08T01:38:00Z to 2025-11-08T02:22:00Z",
        "page fired 2025-11-08T01:53:00Z, told 2025-11-08T01:53:00Z, resolved 2025-11-08T03:01:00Z",
        "ticket fired 2025-11-08T01:42:00Z, told 2025-11-08T01:42:00Z, resolved 2025-11-08T08:31:00Z",
        "deploy <42> & more: 2025-11-08T01:38:00Z to 2025-11-08T02:22:00Z",
        "2025-11-08T06:40:00Z: 2025-11-08T06:40:00Z to 2025-11-08T06:50:00Z",
        "page fired 2025-11-08T10:17:00Z, told 2025-11-08T12:00:00Z, still open",
        "ticket fired 2025-11-08T10:06:00Z, never told, still open",
    ]


def test_it_needs_nothing_else_and_is_told_to_screen_readers() -> None:
    svg = picture()
    root = ET.fromstring(svg)
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "t d")
    assert [root[n].get("id") for n in (0, 1)] == ["t", "d"]
    assert "api.availability: 99 % over 30d, pages: 1" in (root[1].text or "")
    assert re.findall(r"<script|href|url\(|@import|font-family", svg) == []
    assert "prefers-color-scheme:dark" in svg


def test_the_worst_objectives_come_first_and_the_others_are_counted() -> None:
    many = [objective(f"c{n:02}", target="0.99") for n in range(MOST_PANELS + 3)]
    slices = {one.indicator_id: outage(100, 140 if one is many[-1] else 100) for one in many}
    told = words(picture(estate_of(*many), slices, ()))
    names = [word for word in told if word.endswith(".availability")]
    assert names == [many[-1].id, *(one.id for one in many[: MOST_PANELS - 1])]
    assert told[-1] == "3 more objectives, with no more pages than these, are left out."


def test_one_that_is_left_out_is_told_in_the_singular() -> None:
    many = [objective(f"c{n:02}") for n in range(MOST_PANELS + 1)]
    told = words(picture(estate_of(*many), {one.indicator_id: outage(0, 0, 5) for one in many}, ()))
    assert told[-1] == "1 more objective, with no more pages than these, is left out."


def test_without_anything_to_draw_there_is_still_a_picture() -> None:
    assert "No objective has rules and slices." in picture(estate_of(API), {}, ())


def test_a_line_is_the_burn_of_the_rule_that_would_fire_at_the_factor() -> None:
    [played] = play(estate_of(API), SLICES, Terms(START + 90, START + 330))
    fast = traces(played, SLICES, 1000)[0]
    assert (fast.first, fast.step, len(fast.burns)) == (START + 90, 1, 241)
    for at in (START + 90, START + 120, START + 200):
        assert fast.burns[at - fast.first] == float(_lowest(API, at))
    assert fast.burns[START + 310 - fast.first] is None


def test_a_thinned_line_keeps_its_peaks() -> None:
    [played] = play(estate_of(API), SLICES, Terms())
    full, thin = (traces(played, SLICES, most)[0] for most in (1000, 7))
    assert (thin.step, len(thin.burns)) == (103, 7)
    assert thin.highest == full.highest


def _lowest(one: Objective, at: int) -> float:
    found = [burn(one, count(SLICES[one.indicator_id], at - w, at)) for w in rules_of(one)[0].windows]
    return min(float(b) for b in found if b is not None)
