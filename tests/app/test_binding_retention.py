from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.binding import Feed, SourceKind, bind
from app.files import read_catalog
from app.memory.source import MemorySource
from app.watch import Pace
from slo.errors import SettingsError
from slo.estate.calendar import Calendar
from slo.estate.indicator import TimeSlice
from slo.estate.spec import Era, Estate, Objective, RuleSpec
from tests.support.objectives import estate_of, objective
from tests.support.rig import query

MEASURED = replace(objective("api"), measure=TimeSlice(query("api", "Latency"), "<=", Decimal("0.3")))


def bound(one: Objective, days: int, *eras: Era) -> Objective:
    estate: Estate = estate_of(one)
    feeds: dict[SourceKind, Feed] = {"cloudwatch": Feed(MemorySource(), Pace(0))}
    found = bind(estate, read_catalog(), feeds, retention_days=days, quiet_minutes=15, earlier=lambda _: eras)
    return found.watches[0].objectives[0][0]


def test_minutes_are_kept_for_as_long_as_the_longest_period_of_a_calendar_lasts() -> None:
    quarter = replace(MEASURED, calendar=Calendar(1, "Q"), window=90 * 1440)
    with pytest.raises(SettingsError, match="SLOOP_RETENTION_DAYS=93: keep at least 94 days"):
        bound(quarter, 93)
    assert bound(quarter, 94) == quarter


def test_minutes_are_kept_for_as_long_as_a_rule_looks_back() -> None:
    patient = replace(MEASURED, policy=(RuleSpec("ticket", None, 144_000, None, factor=Decimal(2), hold=1440),))
    with pytest.raises(SettingsError, match="SLOOP_RETENTION_DAYS=102: keep at least 103 days"):
        bound(patient, 102)
    assert bound(patient, 103) == patient


def test_an_objective_is_judged_with_its_earlier_targets() -> None:
    era = Era(Decimal("0.9"), 7)
    assert bound(MEASURED, 90, era) == replace(MEASURED, earlier=(era,))
