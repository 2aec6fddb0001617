"""Every way to lose something, done to the modelled account: the RPO is measured within one poll, the RTO within one slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slo.judge.recovery_point import Unknown
from tests.support.recoverable import NOW
from tests.support.recovering import POLL, recovering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.judge.recovery_point import Reading
    from tests.support.recovering import Demo

SLICE = 60
UPLOAD, COPIED = 300, 900


@pytest.fixture
def demo() -> Iterator[Demo]:
    with recovering() as demo:
        yield demo


def last(demo: Demo, component: str, mechanism: str) -> Reading:
    hours = demo.store.recovery_hours(NOW // 60 - 60)
    return max((h.last for h in hours if (h.component, h.mechanism) == (component, mechanism)), key=lambda r: r.at)


def exposure(demo: Demo, component: str, mechanism: str) -> int:
    found = last(demo, component, mechanism).exposure
    assert isinstance(found, int)
    return found


def test_the_loss_of_a_zone_takes_as_long_as_users_wait(demo: Demo) -> None:
    fault = demo.model.inject("az-loss", NOW + 20)
    demo.felt("database.availability", 360)
    demo.look_at(60, 360)
    verdict = demo.verdict("database", "az-loss")
    assert verdict.rto.achieved is not None
    assert abs(verdict.rto.achieved - (fault.end - fault.start)) <= SLICE
    assert (verdict.rto.state, verdict.exposure) == ("met", 0)
    assert [(e.start, e.end) for e in demo.events("database", "failover")] == [(fault.start, fault.end)]


def test_the_loss_of_a_zone_is_seen_in_the_tasks_of_a_service(demo: Demo) -> None:
    fault = demo.model.inject("az-loss", NOW + 20)
    demo.look_at(60)
    assert [(e.start, e.end) for e in demo.events("api", "failover")] == [(fault.start, None)]
    demo.look_at(240)
    assert [(e.start, e.end) for e in demo.events("api", "failover")] == [(fault.start, fault.end)]
    assert demo.verdict("api", "az-loss").rto.achieved == fault.end - fault.start


def test_the_loss_of_a_zone_moves_the_writer_of_a_cluster_and_is_told_once(demo: Demo) -> None:
    fault = demo.model.inject("az-loss", NOW + 20)
    demo.look_at(7, 240)
    assert [(e.start, e.end) for e in demo.events("documents", "failover")] == [(fault.start, fault.end)]


def test_a_failover_of_the_cache_is_a_date_beside_the_outage_that_measures_it(demo: Demo) -> None:
    fault = demo.model.inject("redis-failover", NOW + 20)
    demo.look_at(7, 120)
    (event,) = demo.events("cache", "failover")
    assert (event.start, event.end, event.timed) == (fault.end, fault.end, False)


def test_replicas_that_broke_are_no_way_out_any_more(demo: Demo) -> None:
    demo.model.inject("replica-broken", NOW + 20)
    demo.look_at(120, 180)
    newest = last(demo, "database", "replica").newest
    assert isinstance(newest, Unknown)
    assert newest.code == "replication_stopped"


def test_a_backup_that_silently_stops_is_measured_within_one_poll(demo: Demo) -> None:
    fault = demo.model.inject("backup-stopped", NOW + 20)
    demo.look_at(*range(7, 1207, POLL))
    truth = NOW + 1206 - fault.start // UPLOAD * UPLOAD
    assert 0 <= truth - exposure(demo, "database", "point-in-time-restore") <= POLL


def test_a_copy_that_lags_is_measured_within_one_poll(demo: Demo) -> None:
    fault = demo.model.inject("copy-lag", NOW + 20)
    demo.look_at(*range(7, 1207, 3 * POLL), 1206)
    truth = NOW + 1206 - (fault.start // UPLOAD * UPLOAD - COPIED)
    assert 0 <= truth - exposure(demo, "database", "cross-region-backup") <= POLL
    assert exposure(demo, "database", "point-in-time-restore") < UPLOAD


def test_the_loss_of_a_region_loses_what_was_not_copied_and_lasts_as_long_as_users_wait(demo: Demo) -> None:
    fault = demo.model.inject("region-loss", NOW + 20)
    demo.felt("database.availability", 4200)
    demo.look_at(7, 3600)
    truth = NOW + 3600 - (fault.start // UPLOAD * UPLOAD - COPIED)
    assert 0 <= truth - exposure(demo, "database", "cross-region-backup") <= POLL
    (outage,) = demo.events("database", "outage")
    assert outage.end is not None
    assert abs(outage.end - outage.start - (fault.end - fault.start)) <= SLICE


def test_replication_that_is_behind_is_measured_within_one_poll(demo: Demo) -> None:
    fault = demo.model.inject("s3-replication-stuck", NOW + 60)
    demo.look_at(7, 3607, 7207)
    assert abs(exposure(demo, "media", "replication") - (NOW + 7207 - fault.start)) <= 2 * POLL


def test_objects_that_failed_to_replicate_are_remembered_for_a_day(demo: Demo) -> None:
    demo.model.inject("s3-replication-failed", NOW + 60)
    codes = []
    for second in (7, 3600, 20 * 3600, 26 * 3600):
        demo.look_at(second)
        newest = last(demo, "media", "replication").newest
        codes.append(newest.code if isinstance(newest, Unknown) else "known")
    assert codes == ["known", "failed_operations", "failed_operations", "known"]


def test_a_restore_that_was_tested_proves_the_rto_to_the_second(demo: Demo) -> None:
    fault = demo.model.inject("restore-test", NOW + 20)
    demo.look_at(7, 1000)
    assert [e.end for e in demo.events("database", "restore")] == [None]
    demo.look_at(2700)
    verdict = demo.verdict("database", "point-in-time-restore")
    assert (verdict.rto.state, verdict.rto.achieved) == ("met", fault.end - fault.start)
    assert verdict.rto.proof is not None
    assert verdict.rto.proof.method == "restore"


def test_an_experiment_names_the_scenario_of_the_failover_that_it_made(demo: Demo) -> None:
    fault = demo.model.inject("fis-failover", NOW + 20)
    demo.look_at(300)
    (experiment,) = demo.events("database", "drill")
    assert (experiment.start, experiment.scenario, experiment.timed) == (fault.start, "az-loss", False)
    assert experiment.source.startswith("FIS, fis:GetExperiment EXP1")
    assert demo.verdict("database", "az-loss").rto.achieved == fault.end - fault.start


@pytest.mark.parametrize(
    ("component", "action"),
    [
        ("database", "rds:DescribeDBSnapshots"),
        ("documents", "rds:DescribeDBClusterSnapshots"),
        ("database", "backup:ListRecoveryPointsByResource"),
        ("database", "backup:ListRestoreJobsByProtectedResource"),
        ("database", "backup:DescribeProtectedResource"),
        ("database", "fis:ListExperiments"),
        ("api", "ecs:DescribeServices"),
        ("api", "ecs:ListServiceDeployments"),
    ],
)
def test_a_refused_call_is_asked_again_at_the_next_look_and_named_until_then(demo: Demo, component: str, action: str) -> None:
    declared = next(c for c in demo.estate.components if c.name == component)

    def gaps() -> list[str]:
        account = demo.estate.account(declared.account)
        return [g.text for g in demo.reader.read(declared, account, demo.clock.now()).gaps]

    demo.described.denied = {action}
    assert f"not evidenced: needs {action}" in gaps()
    demo.described.denied = ()
    assert gaps() == []
