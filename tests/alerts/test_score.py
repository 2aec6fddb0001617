from __future__ import annotations

from fractions import Fraction

import pytest

from alerts.backtest import Played
from alerts.breach import Breach
from alerts.incidents import Incident
from alerts.score import Score, score
from slo.judge.burn import Rule
from tests.support.objectives import objective

RULE = Rule("page", 60, 5, Fraction(14))
API, WEB = objective("api"), objective("web")


def page(fired_at: int, resolved_at: int | None, *, told_at: int | None = -1, about: str = API.id) -> Breach:
    return Breach(about, "page", RULE, fired_at, Fraction(1, 50), 0, fired_at if told_at == -1 else told_at, resolved_at)


def judged(*pages: Breach, incidents: list[Incident]) -> Score:
    """T = 1000..2000 of both objectives."""
    played = [Played(one, 1000, 2000, tuple(p for p in pages if p.objective == one.id)) for one in (API, WEB)]
    return score(played, incidents)


def outcomes(found: Score) -> list[tuple[str, int | None]]:
    return [(finding.outcome, finding.minutes) for finding in found.findings]


def test_an_incident_is_detected_by_the_first_page_that_it_explains() -> None:
    first, second = page(1107, 1130), page(1104, 1140, about=WEB.id)
    found = judged(first, second, incidents=[Incident(1100, 1120)])
    assert outcomes(found) == [("detected", 4)]
    assert found.findings[0].page == second
    assert found.false == ()


# The page fired at T = 1500 by its hour, that is by the minutes 1440..1499, and was open until 1530.
@pytest.mark.parametrize(
    ("start", "end", "explained"),
    [(1430, 1440, False), (1430, 1441, True), (1499, 1500, True), (1529, 1560, True), (1530, 1560, False)],
)
def test_an_incident_explains_a_page_by_a_minute_that_made_it_fire_or_passed_while_it_was_open(
    start: int, end: int, explained: bool
) -> None:
    found = judged(page(1500, 1530), incidents=[Incident(start, end)])
    assert found.false == (() if explained else (page(1500, 1530),))
    assert found.findings[0].outcome == ("detected" if explained else "missed")


def test_a_page_that_was_open_already_detects_at_once() -> None:
    assert outcomes(judged(page(1500, 1530), incidents=[Incident(1520, 1525)])) == [("detected", 0)]


def test_an_open_page_is_about_every_later_minute() -> None:
    assert outcomes(judged(page(1500, None), incidents=[Incident(1900, 1990)])) == [("detected", 0)]


def test_an_incident_of_one_objective_neither_explains_nor_is_detected_by_pages_of_another() -> None:
    found = judged(page(1500, 1530, about=WEB.id), incidents=[Incident(1490, 1520, API.id)])
    assert (outcomes(found), len(found.false)) == ([("missed", None)], 1)


def test_a_page_that_nobody_was_told_detects_nothing_and_is_not_false() -> None:
    muted = page(1500, 1530, told_at=None)
    found = judged(muted, incidents=[Incident(1490, 1520)])
    assert (outcomes(found), found.pages, found.false) == ([("missed", None)], (), ())
    assert found.precision is None


def test_after_a_mute_the_time_runs_until_the_page_was_told() -> None:
    assert outcomes(judged(page(1500, 1530, told_at=1515), incidents=[Incident(1490, 1520)])) == [("detected", 25)]


@pytest.mark.parametrize(
    ("start", "end", "outcome"), [(900, 999, "not_judged"), (900, 1000, "missed"), (2000, 2010, "not_judged")]
)
def test_an_incident_of_which_no_minute_was_judged_counts_nowhere(start: int, end: int, outcome: str) -> None:
    found = judged(incidents=[Incident(start, end)])
    assert outcomes(found) == [(outcome, None)]
    assert found.recall == (None if outcome == "not_judged" else 0)


def test_the_totals_are_exact() -> None:
    pages = [page(1104, 1130), page(1309, 1330), page(1700, 1720)]
    found = judged(*pages, incidents=[Incident(1100, 1120), Incident(1300, 1320), Incident(1500, 1510), Incident(5000, 5001)])
    assert (found.count("detected"), found.count("missed"), found.count("not_judged")) == (2, 1, 1)
    assert (found.precision, found.recall) == (Fraction(2, 3), Fraction(2, 3))
    assert (found.median_time, found.worst_time) == (Fraction(13, 2), 9)


def test_without_a_detection_there_is_no_time_to_detect() -> None:
    found = judged(incidents=[Incident(1100, 1120)])
    assert (found.median_time, found.worst_time) == (None, None)
