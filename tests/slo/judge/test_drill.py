from __future__ import annotations

from dataclasses import replace

from slo.judge.drill import Drill, events_of
from slo.judge.outage import RecoveryEvent

DONE = Drill("d1", "database", "az-loss", 1000, "ann", finished_at=1600, outcome="passed", lost_seconds=30)


def test_a_finished_drill_is_an_event_with_its_scenario_and_its_loss() -> None:
    (event,) = events_of([DONE])
    assert event == RecoveryEvent("database", "drill", 1000, 1600, "drill d1 by ann", "az-loss", 30)


def test_a_drill_that_lasts_proves_nothing_yet() -> None:
    assert events_of([replace(DONE, finished_at=None, outcome=None)]) == []


def test_a_failed_drill_says_so() -> None:
    assert [e.failed for e in events_of([DONE, replace(DONE, outcome="failed")])] == [False, True]
