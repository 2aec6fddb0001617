"""Pages of objectives that are no plain ratio over rolling days: calendar windows, slices of time, journeys, edited targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.history import Columns
from app.snapshot import Snapshot
from app.web import methods, spans
from app.web.objective import ObjectivePage, objective_page
from app.web.views import sentence
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Composite, Era, Objective, Part
from slo.judge.composite import states
from slo.judge.evaluate import evaluate, slices_of
from slo.judge.method import Counted
from slo.judge.series import Slices
from slo.judge.windows import Counts, count
from slo.units import parse_minute, to_minute
from tests.app import picture
from tests.support.markup import checked
from tests.support.objectives import DEFAULT_POLICY, estate_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.judge.verdict import Verdict
    from slo.units import Minute

T = picture.T
"""2026-11-22 12:02Z."""
BERLIN = Calendar(1, "M", "Europe/Berlin")
MONTH = 30 * 1440


def objective(name: str, **more: object) -> Objective:
    component, _, indicator = name.partition(".")
    return Objective(name, component, indicator, Decimal("0.99"), MONTH, DEFAULT_POLICY, **more)  # type: ignore[arg-type]


MONTHLY = objective("shop.availability", calendar=BERLIN)
SLICED = objective("pay.availability", budgeting=Budgeting("Timeslices", 5, Decimal("0.95"), "bad"))
RATIOS = objective("mail.availability", budgeting=Budgeting("RatioTimeslices", 5))
JOURNEY = objective(
    "web.checkout",
    composite=Composite("parallel", (Part("shop.availability", Decimal("0.9")), Part("pay.availability", Decimal("0.9"))), 1),
)
WEIGHTED = objective(
    "web.weighted",
    composite=Composite(
        "weighted", (Part("shop.availability", Decimal("0.9"), Decimal(2)), Part("pay.availability", Decimal("0.9"))), None
    ),
)
EDITED = replace(objective("old.availability"), earlier=(Era(Decimal("0.995"), parse_minute("2026-11-20T10:00:00Z")),))
ALL = (MONTHLY, SLICED, RATIOS, JOURNEY, WEIGHTED, EDITED)


@cache
def series() -> Mapping[str, Slices]:
    """Every minute 100 events; of the last hour ten minutes all bad, and in `pay` the ten minutes before that missing."""

    def minutes(missing: tuple[int, int] = (0, 0)) -> Slices:
        kept = [m for m in range(T - MONTH, T) if not T - missing[0] <= m < T - missing[1]]
        return Slices.of((m, 100, 100 if T - 12 <= m < T - 2 else 0) for m in kept)

    whole = dict.fromkeys(("shop.availability", "mail.availability", "old.availability"), minutes())
    return {**whole, "pay.availability": minutes((32, 12))}


class Kept:
    """History as `app.history` gives it, straight from slices."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._counted = {o.id: Counted.of(slices_of(o, series()), o.budgeting, T) for o in objectives}
        self._slices = {o.id: slices_of(o, series()) for o in objectives}

    def hours(self, objective_id: str) -> Columns:
        counted, first = self._counted[objective_id], (T - MONTH) // 60 * 60
        found = [counted.count(60, min(hour + 60, T)) for hour in range(first, T, 60)]
        return Columns(first, 60, np.array([(c.total, c.bad, c.measured) for c in found]).T)

    def is_at_hand(self, objective_id: str) -> bool:
        return objective_id in self._slices

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        return self.hours(objective_id).rows()

    def recent(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        counted = self._counted[objective_id]
        rows = zip(counted.last.tolist(), counted.total.tolist(), counted.bad.tolist(), strict=True)
        return [(m, Counts(total, bad, 1)) for m, total, bad in rows if m >= T - 360]

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        kept = self._slices[objective_id].between(T - 360, T)
        return [(int(m), count(kept, int(m), int(m) + 1)) for m in kept.minutes]


@cache
def shown() -> tuple[Snapshot, Kept]:
    estate = estate_of(*ALL)
    verdicts = {v.objective.id: _with_parts(v) for v in evaluate(estate, series(), T)}
    return Snapshot(estate, picture.NOW, verdicts=verdicts), Kept(ALL)


def _with_parts(verdict: Verdict) -> Verdict:
    composite = verdict.objective.composite
    return verdict if composite is None else replace(verdict, parts=states(composite, series(), T - 25))


def page(declared: Objective) -> ObjectivePage:
    snapshot, history = shown()
    return objective_page(snapshot, history, declared)


@pytest.mark.parametrize("declared", ALL, ids=lambda o: o.id)
def test_every_kind_of_objective_has_its_pages(declared: Objective) -> None:
    snapshot, history = shown()
    site = picture.site(snapshot, history)  # type: ignore[arg-type]
    answer = site.get(f"/slos/{declared.id}")
    assert answer.status_code == 200
    assert checked(answer.text).wrong == []
    assert [site.get(path).status_code for path in ("/", "/slos", f"/components/{declared.component}")] == [200, 200, 200]
    assert site.get(f"/api/v1/slos/{declared.id}").json()["window"] == declared.window_text


def test_a_calendar_window_is_told_as_its_real_period() -> None:
    found = page(MONTHLY)
    assert found.window == "November 2026, Europe/Berlin: 21 of 30 days gone"
    assert ("budget of", found.window) in found.facts
    assert "of the November 2026 budget" in found.sentence
    definition = dict(found.definition)
    assert definition["window"] == "month by the calendar, now 1 Nov 2026 00:00 to 1 Dec 2026 00:00, Europe/Berlin"
    assert dict(found.facts)["coverage"] == "100.0 % of the time gone measured"


def test_the_chart_of_a_calendar_window_begins_with_the_period() -> None:
    found = page(MONTHLY)
    first_of_november = "2026-10-31 00:00Z"
    assert found.budget.table[-1][0] == first_of_november
    assert "November 2026 budget" in found.budget.takeaway


def test_slices_are_told_as_slices_and_never_as_requests() -> None:
    found = page(SLICED)
    assert found.method.startswith("Timeslices of 5 min at 95 %; the numbers count slices, not requests")
    assert found.method.endswith("a slice without data counts as bad")
    facts = dict(found.facts)
    # Two slices of five bad minutes, and before them four without any.
    assert facts["bad slices"] == "6"
    assert "slices" in facts["budget left"]
    assert found.grain == "slice of 5 min"
    assert "slices of 5 min measured in the last 6 h were below 95 %" in found.indicator.takeaway


def test_slices_of_shares_are_counted_in_slices_with_decimals() -> None:
    facts = dict(page(RATIOS).facts)
    assert facts["bad slices"] == "2.000"
    assert facts["total slices"] == "8,639.000"


def test_a_composite_shows_what_each_part_was() -> None:
    found = page(JOURNEY)
    assert [(p.indicator, p.badge and p.badge.word, p.target, p.weight) for p in found.parts] == [
        ("shop.availability", "good", "90 %", ""),
        ("pay.availability", "missing", "90 %", ""),
    ]
    assert found.parts[0].objectives == ("shop.availability",)
    assert found.method.startswith("parallel: a minute is good when any one part that was in use is good")
    assert dict(found.facts)["bad minutes"] == "10"


def test_weights_are_shown_where_they_count() -> None:
    found = page(WEIGHTED)
    assert [p.weight for p in found.parts] == ["2", "1"]
    assert "weighted min" in dict(found.facts)["budget left"]


def test_an_edited_target_is_told_with_the_one_before() -> None:
    told = "99 %, 99.5 % until 2026-11-20T10:00:00Z"
    assert (dict(page(EDITED).definition)["target"], dict(page(EDITED).facts)["target"]) == (told, told)
    assert "target" not in dict(page(MONTHLY).facts)


def test_a_rule_says_what_it_asks_beside_the_burn() -> None:
    long, *_ = DEFAULT_POLICY
    asking = replace(long, min_bad=10, min_total=100, confidence=Decimal("0.95"), hold=7, strict=True, label="sev2")
    declared = replace(MONTHLY, policy=(asking,))
    line = page(declared).rules[0]
    assert (line.label, len(line.asks)) == ("sev2", 5)
    assert line.asks[2] == "at least 10 bad in 1 h"


@pytest.mark.parametrize(
    ("calendar", "title"),
    [
        (Calendar(1, "M", "Europe/Berlin"), "November 2026"),
        (Calendar(1, "Q"), "Q4 2026"),
        (Calendar(1, "Y"), "2026"),
        (Calendar(1, "w"), "16 Nov to 22 Nov 2026"),
        (Calendar(1, "M", "UTC", datetime(2026, 1, 21)), "21 Nov to 20 Dec 2026"),  # noqa: DTZ001  # local, as declared
        (Calendar(1, "d"), "22 Nov 2026"),
    ],
)
def test_a_period_has_the_name_that_people_give_it(calendar: Calendar, title: str) -> None:
    assert spans.span_of(calendar, T).title == title


def test_at_its_end_all_of_a_period_is_gone() -> None:
    end = to_minute(datetime(2026, 12, 1, tzinfo=UTC))
    found = spans.span_of(Calendar(1, "M"), end)
    assert (found.title, found.gone) == ("November 2026", "30 of 30 days gone")
    assert spans.span_of(Calendar(1, "d"), end + 90).gone == "1 of 24 hours gone"


def test_a_month_of_a_clock_change_has_whole_days() -> None:
    """October 2026 in Berlin lasts 31 days and an hour."""
    assert spans.span_of(BERLIN, to_minute(datetime(2026, 10, 31, 22, 30, tzinfo=UTC))).gone == "30 of 31 days gone"


@pytest.mark.parametrize("declared", ALL, ids=lambda o: o.id)
def test_no_page_calls_what_is_no_request_one(declared: Objective) -> None:
    snapshot, _ = shown()
    expected = {
        "pay.availability": "slices",
        "mail.availability": "slices",
        "web.checkout": "min",
        "web.weighted": "weighted min",
    }
    assert methods.unit(snapshot, declared) == expected.get(declared.id, "events")


def test_a_budget_that_lasts_to_the_end_of_its_period_is_told_so() -> None:
    calm = {"shop.availability": Slices.of((m, 100, int(m % 2)) for m in range(T - MONTH, T))}
    (verdict,) = evaluate(estate_of(MONTHLY), calm, T)
    burning = replace(verdict, burns={**verdict.burns, 5: Fraction(3, 2), 60: Fraction(3, 2)})
    assert "at this rate it lasts to the end of November 2026" in sentence(burning, (), picture.NOW)
