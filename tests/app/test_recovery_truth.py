"""The whole way from the modelled account to the verdict: what is measured is what was done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.recoverable import NOW
from tests.support.recovering import POLL, recovering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.recovering import Demo


@pytest.fixture
def demo() -> Iterator[Demo]:
    with recovering() as demo:
        yield demo


def test_the_reference_estate_on_an_everyday_has_the_verdicts_it_deserves(demo: Demo) -> None:
    demo.look_at(7)
    found = {(v.component, v.scenario): v.state for v in demo.board.box.get().recovery if v.target is not None}
    assert found == {
        ("api", "az-loss"): "not_measured",
        ("web", "az-loss"): "not_measured",
        ("workers", "az-loss"): "not_measured",
        ("database", "az-loss"): "not_measured",
        ("database", "point-in-time-restore"): "not_measured",
        ("media", "region-loss"): "not_measured",
        ("assets", "region-loss"): "not_measured",
        ("backups", "region-loss"): "not_measured",
        ("archive", "region-loss"): "impossible",
    }
    assert all(demo.verdict(name, "region-loss").rpo.state == "met" for name in ("media", "assets", "backups"))
    assert demo.verdict("documents", None).exposure == 7


def test_a_failover_took_what_it_took(demo: Demo) -> None:
    fault = demo.model.inject("rds-failover", NOW + 20)
    demo.look_at(60, 120, 180)
    verdict = demo.verdict("database", "az-loss")
    assert verdict.rto.achieved == fault.end - fault.start
    assert (verdict.rpo.state, verdict.rto.state, verdict.exposure) == ("met", "met", 0)


def test_a_backup_that_stops_is_seen_within_one_poll_of_the_truth(demo: Demo) -> None:
    fault = demo.model.inject("backup-stopped", NOW + 20)
    demo.look_at(*range(7, 1200, POLL))
    verdict = demo.verdict("database", "point-in-time-restore")
    assert isinstance(verdict.exposure, int)
    truth = 1200 - (fault.start - 20 - NOW)  # the last upload was at NOW, the next one never came
    assert truth - POLL <= verdict.exposure <= truth
    assert verdict.rpo.state == "breached"


def test_one_lagging_replica_does_not_hide_the_one_that_keeps_up(demo: Demo) -> None:
    demo.model.inject("replica-lag", NOW)
    demo.look_at(1500)
    assert [r.code for r in demo.verdict("database", "az-loss").rpo.reasons] == ["no_event"]


def test_replication_that_is_stuck_ages_with_the_clock(demo: Demo) -> None:
    fault = demo.model.inject("s3-replication-stuck", NOW + 60)
    later = 25 * 3600
    demo.look_at(7, later)
    verdict = demo.verdict("media", "region-loss")
    assert isinstance(verdict.exposure, int)
    assert abs(verdict.exposure - (NOW + later - fault.start)) <= 10 * POLL
    assert verdict.rpo.state == "breached"
    assert demo.verdict("assets", "region-loss").rpo.state == "met"
