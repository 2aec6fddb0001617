from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from app.ports import BreachRow
from app.web import methods, views
from app.web.badges import ORDER, worst
from slo.estate.spec import Estate
from slo.judge.verdict import STATES, Circumstances, Verdict, judge
from slo.judge.windows import Counts
from tests.app import picture
from tests.app.picture import CASES, NOW, T

if TYPE_CHECKING:
    from slo.judge.period import Window

EVERY = (5, 30, 60, 120, 360, 1440, 4320, 30 * 1440)


def judged(total: int, bad: int, hour: tuple[int, int], known: Circumstances | None = None) -> Verdict:
    """`total` and `bad` over the window, `hour` (total, bad) over every window up to an hour; two months of history."""
    windows: dict[Window, Counts] = {w: Counts(*hour, w) if w <= 60 else Counts(total, bad, w) for w in EVERY}
    return judge(CASES[0].objective, T, windows, T - 60 * 1440, circumstances=known)


def test_a_burning_objective_says_how_fast_since_when_what_is_left_and_for_how_long() -> None:
    verdict = judged(10**9, 23_000, (10**6, 23_150), Circumstances(frozenset({"page"})))
    row = picture.breach_rows()[0]
    now = NOW.replace(second=0)
    assert views.sentence(verdict, [row], now) == (
        "Burning 23.1× (1h): page open since 11:58Z; 97.7 % of the 30 d budget left; gone in 30 h at this rate"  # noqa: RUF001
    )


def test_a_breach_that_is_quiet_says_for_how_long() -> None:
    row = picture.breach_rows()[0]
    quiet = BreachRow(row.id, replace(row.breach, quiet=7))
    told = views.sentence(judged(10**9, 0, (100, 0), Circumstances(frozenset({"page"}))), [quiet], NOW)
    assert "page open since 11:58Z (quiet for 7 min)" in told


def test_an_objective_in_order_forecasts_nothing() -> None:
    told = views.sentence(judged(10**9, 10_000, (10**6, 300)), [], NOW)
    assert told == "In order, burning 0.3× (1h): 99.0 % of the 30 d budget left"  # noqa: RUF001


def test_a_fire_that_is_out_is_not_told_as_burning_on() -> None:
    bad = {60: 60_000, 120: 60_000, 43200: 60_000}
    windows: dict[Window, Counts] = {w: Counts(10**9 if w == 43200 else 10**7, bad.get(w, 0), w) for w in EVERY}
    verdict = judge(CASES[0].objective, T, windows, T - 60 * 1440)
    told = views.sentence(verdict, [], NOW)
    assert told == "In order, burning 0.0× (5m) after 6.0× (1h): 94.0 % of the 30 d budget left"  # noqa: RUF001


def test_an_overspent_budget_is_told_as_an_overspend() -> None:
    told = views.sentence(judged(10**6, 1180, (10**4, 0)), [], NOW)
    assert told == "Budget exhausted, burning 0.0× (1h): 18.0 % more than the 30 d budget spent"  # noqa: RUF001


def test_an_hour_without_events_has_an_unknown_burn_rate() -> None:
    assert "burn rate unknown: no events in 1h" in views.sentence(judged(10**6, 10, (0, 0)), [], NOW)


def test_nothing_measured_and_not_judged_are_told_apart() -> None:
    nothing = judge(CASES[0].objective, T, dict.fromkeys(EVERY, Counts(0, 0, 0)), None)
    assert views.sentence(nothing, [], NOW) == "No data: nothing was measured in 30d"
    assert views.sentence(None, [], NOW).startswith("Not judged yet")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.objective.id)
def test_every_state_has_a_sentence_that_ends_without_a_dangling_joint(case: picture.Case) -> None:
    snapshot, _ = picture.shared()
    told = views.sentence(snapshot.verdicts[case.objective.id], snapshot.breaches_of(case.objective.id), NOW)
    assert told
    assert not told.endswith((";", ":", " "))


def test_the_picture_shows_every_state() -> None:
    snapshot, _ = picture.shared()
    assert {v.state for v in snapshot.verdicts.values()} == set(STATES)


def test_the_list_begins_with_what_needs_a_person_and_then_with_the_least_budget() -> None:
    snapshot, _ = picture.shared()
    rows = views.rows(snapshot, snapshot.estate.objectives)
    ranks = [ORDER.index(row.badge.state) for row in rows]
    assert ranks == sorted(ranks)


def test_among_equals_the_least_budget_comes_first_and_the_unknown_last() -> None:
    snapshot, _ = picture.shared()
    row = views.rows(snapshot, snapshot.estate.objectives)[0]
    thin, fat, unknown = (replace(row, id=str(r), remaining=r) for r in (Fraction(1, 9), Fraction(8, 9), None))
    assert sorted([unknown, fat, thin], key=views._urgency) == [thin, fat, unknown]


def test_a_filter_needs_every_word_somewhere_in_name_or_component() -> None:
    snapshot, _ = picture.shared()
    rows = views.rows(snapshot, snapshot.estate.objectives)
    assert [r.id for r in views.matching(rows, "LOAD latency", "")] == ["edge.latency"]
    assert [r.id for r in views.matching(rows, "", "exhausted")] == ["database.availability"]
    assert views.matching(rows, "load", "exhausted") == []


def test_a_component_without_objectives_has_no_state() -> None:
    assert worst([]) is None
    assert worst(["ok", "warning", "burning_fast"]) == "burning_fast"


def test_minutes_are_the_unit_of_time_slices_and_requests_of_ratios() -> None:
    snapshot, _ = picture.shared()
    units = {o.id: methods.unit(snapshot, o) for o in snapshot.estate.objectives}
    assert (units["database.availability"], units["api.availability"], units["web.latency"]) == ("min", "req", "events")


def test_a_budget_of_less_than_one_event_is_marked() -> None:
    snapshot, _ = picture.shared()
    objective = CASES[0].objective
    verdict = judged(999, 0, (10, 0))
    few = replace(snapshot, verdicts={objective.id: verdict})
    assert views.row_of(few, objective).few
    assert not views.row_of(snapshot, objective).few


def test_an_empty_estate_has_no_rows() -> None:
    snapshot, _ = picture.shared()
    assert views.rows(replace(snapshot, estate=Estate("empty")), ()) == []
