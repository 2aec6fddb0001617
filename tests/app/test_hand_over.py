"""Sloop and CloudWatch page for the same breach, one at a time: who does when Sloop dies, and when it comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alerts.heartbeat import MISSED, WARM_UP_MINUTES
from tests.support.handover import PAGE, World, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

HEARTBEAT = "sloop/small/heartbeat"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Alive for five quiet minutes."""
    with handed_over(monkeypatch) as found:
        found.minutes(5)
        found.told.clear()
        yield found


def test_while_sloop_lives_cloudwatch_sees_the_burn_and_does_not_page(world: World) -> None:
    world.minutes(10, bad=50)
    states = [world.state(f"{PAGE}/burn-{window}") for window in ("1h", "5m")]
    assert states == ["ALARM", "ALARM"]
    assert [world.state(HEARTBEAT), world.state(PAGE)] == ["OK", "OK"]
    assert world.of(PAGE) == world.of(HEARTBEAT) == []


def test_when_sloop_dies_while_it_burns_cloudwatch_pages_once_into_the_incident_that_sloop_opened(world: World) -> None:
    world.minutes(10, bad=50)
    world.sloop_pages()
    world.minutes(MISSED, bad=50, alive=False)
    world.minutes(20, bad=50, alive=False)
    assert world.of(PAGE) == [("sloop-small-pages", "ALARM")]
    [incident] = [i for i in world.pager.incidents if i.dedup_key == PAGE]
    assert (incident.status, incident.messages) == ("triggered", 2)


def test_a_burn_that_begins_while_sloop_is_dead_is_paged_by_cloudwatch_alone(world: World) -> None:
    world.minutes(5, alive=False)
    assert world.of(PAGE) == []
    world.minutes(5, bad=50, alive=False)
    assert world.of(PAGE) == [("sloop-small-pages", "ALARM")]
    world.minutes(70, alive=False)
    assert world.of(PAGE)[1:] == [("sloop-small-pages", "OK")]
    assert [i.status for i in world.pager.incidents if i.dedup_key == PAGE] == ["resolved"]


def test_when_sloop_is_back_the_composite_lets_go_and_sloop_tells_again_what_is_still_open(world: World) -> None:
    world.minutes(10, bad=50)
    world.sloop_pages()
    assert world.look_after() == []
    world.minutes(5, bad=50, alive=False)
    assert world.look_after() == [], "the composite stands in for it"
    world.minutes(MISSED, bad=50)
    assert world.of(PAGE)[-1] == ("sloop-small-pages", "OK")
    assert world.look_after() == [PAGE]
    incidents = [i.status for i in world.pager.incidents if i.dedup_key == PAGE]
    assert incidents == ["resolved", "triggered"]
    world.minutes(5, bad=50)
    assert world.look_after() == []
    assert [world.state(HEARTBEAT), world.state(PAGE)] == ["OK", "OK"]


@pytest.mark.parametrize("fault", ["dead", "hung", "stuck", "no topic"])
def test_f56_sloop_that_cannot_page_stops_beating_and_the_second_path_hears_of_it_within_three_minutes(
    world: World, fault: str
) -> None:
    if fault == "hung":
        old = [replace(p, tick=(p.tick or 0) - 60) for p in world.signs.pulses]
        world.signs = replace(world.signs, pulses=old)
    elif fault == "stuck":
        world.signs = replace(world.signs, unsent_seconds=3600.0)
    elif fault == "no topic":
        world.signs = replace(world.signs, publishes=False)
    alive = fault != "dead"
    world.minutes(MISSED - 1, alive=alive)
    assert world.of(HEARTBEAT) == []
    world.minutes(1, alive=alive)
    assert world.of(HEARTBEAT) == [("sloop-small-second", "ALARM")]
    world.well()
    world.minutes(1)
    assert world.of(HEARTBEAT)[1:] == [("sloop-small-second", "OK")]


def test_the_alarm_of_a_fresh_estate_waits_for_the_first_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    with handed_over(monkeypatch) as fresh:
        fresh.minutes(WARM_UP_MINUTES - 2, alive=False)
        assert (fresh.state(HEARTBEAT), fresh.of(HEARTBEAT)) == ("INSUFFICIENT_DATA", [])
        fresh.minutes(MISSED)
        assert (fresh.state(HEARTBEAT), fresh.of(HEARTBEAT)) == ("OK", [("sloop-small-second", "OK")])


def test_where_sloop_is_never_started_the_second_path_hears_of_it_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with handed_over(monkeypatch) as fresh:
        fresh.minutes(WARM_UP_MINUTES + 1, alive=False)
        assert fresh.of(HEARTBEAT) == [("sloop-small-second", "ALARM")]
