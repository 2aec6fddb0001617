"""What Sloop tells about itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from app import lanes
from app.alarm_inventory import AlarmInventory, AlarmLine
from app.exposition import SnapshotCollector
from app.memory.source import MemorySource
from app.snapshot import Snapshot, SnapshotBox, SourceStatus
from app.store.sql import SqlStore
from app.watch import Pace
from slo.estate.spec import Estate
from tests.support import recovered
from tests.support.rig import START, Rig, traffic, watch

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def exposed(*sources: SourceStatus, written: dict[str, int] | None = None) -> CollectorRegistry:
    registry = CollectorRegistry()
    picture = Snapshot(Estate("empty"), NOON, sources=sources)
    registry.register(SnapshotCollector(SnapshotBox(picture), lambda: NOON, lambda: written or {}))
    return registry


def test_each_source_tells_how_far_it_is_and_what_it_lacks() -> None:
    status = SourceStatus("a", 9, START, hot=2, failing=1, quarantined=4, coverage=Fraction(1, 2))
    registry = exposed(status, SourceStatus("b", 3))

    names = (
        "watermark_timestamp_seconds",
        "objectives_hot",
        "indicators_failing",
        "quarantined_minutes",
        "recent_coverage_ratio",
    )
    assert [registry.get_sample_value(f"sloop_{n}", {"source": "a"}) for n in names] == [START * 60, 2, 1, 4, 0.5]
    assert {registry.get_sample_value(f"sloop_{n}", {"source": "b"}) for n in names} == {None}, "unknown is no sample"


def test_recovery_targets_tell_their_state_and_an_exposure_where_it_is_known() -> None:
    registry = CollectorRegistry()
    picture = Snapshot(Estate("empty"), NOON, recovery=recovered.verdicts(int(NOON.timestamp())))
    registry.register(SnapshotCollector(SnapshotBox(picture), lambda: NOON))
    archive = {"component": "archive", "scenario": "region-loss"}
    restore = {"component": "database", "scenario": "point-in-time-restore"}
    assert registry.get_sample_value("sloop_recovery_state", {**archive, "state": "impossible"}) == 1
    assert registry.get_sample_value("sloop_recovery_exposure_seconds", archive) is None
    assert registry.get_sample_value("sloop_recovery_exposure_seconds", restore) == 4000
    assert registry.get_sample_value("sloop_recovery_exposure_seconds", {"component": "documents", "scenario": ""}) == 130


def test_what_is_not_as_declared_in_aws_is_counted_once_it_was_read() -> None:
    def told(alarms: AlarmInventory | None) -> list[float | None]:
        registry = CollectorRegistry()
        picture = Snapshot(Estate("empty"), NOON, alarms=alarms)
        registry.register(SnapshotCollector(SnapshotBox(picture), lambda: NOON))
        return [registry.get_sample_value("sloop_alarm_drift", {"standing": s}) for s in ("differs", "missing", "orphan")]

    gone = AlarmLine("alarm", "a", "main", "us-east-1", None, None, "missing", None, None, "")
    assert told(AlarmInventory(NOON, (gone, replace(gone, standing="in_sync")))) == [0, 1, 0]
    assert told(AlarmInventory(error="denied")) == told(None) == [None] * 3


def test_the_bytes_of_the_minutes_written_are_counted_by_shard(tmp_path: Path) -> None:
    source, store = MemorySource(), SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    traffic(source, range(START - 60, START + 30))
    rig = Rig(store, watch(source, pace=Pace(0))).start(START)
    before = dict(store.written)

    rig.poll(START + 30)

    assert 0 < before["test"] < store.written["test"]
    told = exposed(written=store.written).get_sample_value("sloop_frame_bytes_total", {"shard": "test"})
    assert told == store.written["test"]
    store.close()


def test_the_coverage_of_the_last_hour_is_of_all_objectives_together(tmp_path: Path) -> None:
    source, store = MemorySource(), SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    traffic(source, range(START - 120, START - 15))

    rig = Rig(store, watch(source, pace=Pace(0))).start(START)

    assert lanes.recent_coverage(rig.held) == Fraction(3, 4)
    store.close()
