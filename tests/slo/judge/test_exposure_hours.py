from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from slo.judge.exposure_hours import ExposureHour, exposure_hours, places
from slo.judge.recovery_point import HOUR, Reading, ReadingHour, Unknown, added, exposures
from tests.support import recovered

NOW = 1_800_001_800
VERDICT = next(v for v in recovered.verdicts(NOW) if v.scenario == "point-in-time-restore")


def read(*found: tuple[int, int | None], component: str = "database") -> list[ReadingHour]:
    """(seconds before now, exposure or None) of readings."""
    hours: dict[int, ReadingHour] = {}
    for ago, exposed in sorted(found, reverse=True):
        at = NOW - ago
        newest = Unknown("x", "x") if exposed is None else at - exposed
        hour = at // HOUR
        hours[hour] = added(hours.get(hour), Reading(component, "point-in-time-restore", at, newest, "rds"))
    return list(hours.values())


def test_every_hour_is_there_and_one_that_was_not_read_is_unknown() -> None:
    found = exposure_hours(VERDICT, read((10, 100), (20, 400), (30, None)), 1)
    assert len(found) == 24
    assert found[-1] == ExposureHour(NOW // HOUR * HOUR, 120, 400, 2, 1, Fraction(1, 2))
    assert all(h == ExposureHour(h.start) for h in found[:-1])
    assert [b.start - a.start for a, b in pairwise(found)] == [HOUR] * 23


def test_other_mechanisms_are_left_out_and_of_several_components_the_worst_counts() -> None:
    other = [replace(h, mechanism="snapshot") for h in read((10, 9000))]
    found = exposure_hours(VERDICT, [*read((10, 60)), *read((20, 600), component="other"), *other], 1)
    assert (found[-1].least, found[-1].worst, found[-1].known) == (60, 600, 2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 86_000), st.none() | st.integers(0, 10_000)), max_size=60, unique_by=lambda r: r[0]))
def test_the_hours_add_up_to_what_the_verdict_is_judged_on(rows: list[tuple[int, int | None]]) -> None:
    hours = read(*rows)
    found = exposure_hours(VERDICT, hours, 2)
    whole = exposures(hours)
    assert sum(h.known for h in found) == whole.readings
    assert sum(h.unknown for h in found) == sum(h.unknown for h in hours)
    assert max((h.worst for h in found if h.worst is not None), default=None) == whole.worst
    within = sum((h.within or 0) * h.known for h in found)
    assert (Fraction(within, whole.readings) if whole.readings else None) == whole.within(5)
    assert all(h.least is None or h.worst is None or h.least <= h.worst for h in found)


def test_an_inherited_recovery_point_is_read_from_what_the_component_depends_on() -> None:
    web = replace(recovered.ESTATE.component("web"), depends_on=("jobs",))
    verdict = next(v for v in recovered.verdicts(NOW) if v.component == "web")
    assert places(replace(verdict, mechanism="dead-letter-queue"), web) == {"web", "jobs"}
    assert places(VERDICT, recovered.ESTATE.component("database")) == {"database"}
