from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import curves
from slo.judge.burn import windows_of
from slo.judge.period import start
from slo.judge.series import Slices
from slo.judge.verdict import judge
from slo.judge.windows import Counts, count
from tests.app import picture
from tests.app.picture import CASES, Recorded, T

DAY = picture.objective("day", "availability", "0.99", 1440)
MINUTES = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 50), st.integers(0, 50)), unique_by=lambda row: row[0])


@given(MINUTES)
def test_the_budget_curve_starts_whole_never_rises_and_ends_at_the_verdict(rows: list[tuple[int, int, int]]) -> None:
    slices = Slices.of((T - 1 - ago, good + bad, bad) for ago, good, bad in rows)
    verdict = judge(DAY, T, {w: count(slices, start(w, T), T) for w in windows_of(DAY)}, None)
    history = Recorded({DAY.id: slices})
    parts = curves.buckets(history.hourly(DAY.id), history.minutely(DAY.id), T, T - DAY.window)
    curve = curves.budget_curve(verdict, parts)
    if verdict.remaining is None:
        assert curve == []
        return
    lefts = [left for _, left in curve]
    assert curve[0] == (T - 1440, Fraction(1))
    assert curve[-1] == (T, verdict.remaining)
    assert lefts == sorted(lefts, reverse=True)
    assert [m for m, _ in curve] == sorted({m for m, _ in curve})


@pytest.mark.parametrize("window", [60, 300, 361, 1440, 43200])
def test_buckets_cover_the_window_once(window: int) -> None:
    hours = [(m, Counts(1, 0, 60)) for m in range((T - 44000) // 60 * 60, T, 60)]
    minutes = [(m, Counts(1, 0, 1)) for m in range(T - 360, T)]
    found = curves.buckets(hours, minutes, T, T - window)
    edges = [(part.start, part.start + part.length) for part in found]
    assert all(end == start for (_, end), (start, _) in pairwise(edges))
    assert edges[0][0] <= T - window < edges[0][1]
    assert edges[-1][1] == T


def test_kinds_of_minutes_are_kept_apart() -> None:
    minutes = [Counts(10, 0, 1), Counts(10, 0, 1), None, Counts(0, 0, 1), Counts(10, 5, 1)]
    found = curves.stretches(T, minutes, Fraction(999, 1000))
    assert [(s.kind, s.end - s.start, s.values) for s in found] == [
        ("good", 2, (1.0, 1.0)),
        ("missing", 1, ()),
        ("idle", 1, ()),
        ("bad", 1, (0.5,)),
    ]


def test_the_takeaway_counts_bad_idle_and_missing_minutes() -> None:
    snapshot, history = picture.shared()
    verdict = snapshot.verdicts["api.availability"]
    figure = curves.indicator(verdict, history.minutely("api.availability"))
    assert "of the 345 minutes measured in the last 6 h were below 99.9 %" in figure.takeaway
    assert figure.takeaway.endswith("20 idle, 15 missing.")
    assert len(figure.table) == 36


def test_the_table_of_the_burn_down_adds_up_to_the_window() -> None:
    snapshot, history = picture.shared()
    verdict = snapshot.verdicts[CASES[0].objective.id]
    parts = curves.buckets(history.hourly("api.availability"), history.minutely("api.availability"), T, picture.MONTH)
    bad = sum(int(line[2].replace(",", "")) for line in curves.burn_down(verdict, parts, ()).table)
    before = count(CASES[0].slices(), parts[0].start, T - picture.MONTH).bad
    assert bad == verdict.counts.bad + before


def test_nothing_measured_is_said_and_not_drawn() -> None:
    snapshot, _ = picture.shared()
    verdict = snapshot.verdicts["jobs.freshness"]
    assert curves.burn_down(verdict, [], ()).svgs == ()
    assert curves.indicator(verdict, []).takeaway == "Nothing was measured in the last 6 h."
