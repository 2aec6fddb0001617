from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.snapshot import Snapshot, SourceStatus, newest_first
from slo.estate.spec import Estate
from slo.units import from_minute
from tests.app import picture, reference
from tests.app.picture import NOW, T


def test_open_breaches_show_pages_before_tickets() -> None:
    snapshot, _ = picture.shared()
    assert [row.breach.severity for row in snapshot.open_breaches] == ["page", "ticket"]


def test_lists_of_breaches_are_joined_without_doubles() -> None:
    rows = picture.breach_rows()
    assert newest_first(rows[1:], rows, rows[:1]) == rows


def test_what_is_shown_is_as_old_as_the_slowest_source() -> None:
    snapshot, _ = picture.shared()
    assert snapshot.as_of == from_minute(T - 40)
    assert replace(snapshot, sources=()).as_of == from_minute(T)
    assert replace(snapshot, sources=(), verdicts={}).as_of is None


def test_times_of_the_wall_are_told_in_estate_time() -> None:
    snapshot, _ = picture.shared()
    wall = NOW - timedelta(days=3)
    fast = replace(snapshot, speed=20.0, wall_at=wall)
    assert fast.estate_time(wall - timedelta(seconds=3)) == NOW - timedelta(minutes=1)
    assert snapshot.estate_time(wall) == wall


def test_only_counts_of_a_sample_are_sampled() -> None:
    snapshot, _ = reference.shared()
    assert [o.id for o in snapshot.estate.objectives if snapshot.is_sampled(o.id)] == ["traces.availability"]
    assert not snapshot.is_sampled("nobody.knows")


def test_a_snapshot_of_a_source_that_is_polled_every_five_minutes_is_stale_after_fifteen() -> None:
    snapshot = Snapshot(Estate("empty"), NOW, sources=(SourceStatus("a", 1, poll=5), SourceStatus("b", 1)))

    assert [snapshot.is_stale(NOW + timedelta(minutes=m)) for m in (6, 15, 16)] == [False, False, True]
