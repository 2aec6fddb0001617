"""Maintenance windows beside what they hold back and what mirrors them."""

from __future__ import annotations

from dataclasses import replace

from alerts.mutes import LONGEST, mute_rules
from app.alarm_inventory import AlarmInventory, inventory
from app.maintenance import active, maintenance, status_of
from slo.estate.spec import Exclusion
from slo.resource import Live
from slo.units import to_minute
from tests.app import picture
from tests.app.happened import LONGER, MUTE, WINDOWS, maintained
from tests.support.wishes import desired, small_estate

NOW = to_minute(picture.NOW)
SMALL = small_estate()


def test_windows_come_active_first_then_the_soonest_then_what_is_over() -> None:
    found = maintenance(maintained(picture.shared()[0]))
    assert [one.status for one in found] == ["active", "active", "upcoming", "past"]
    assert {one.exclusion for one in found} == set(WINDOWS)


def test_a_window_holds_its_first_minute_and_not_its_last() -> None:
    window = Exclusion(10, 20, "mute", "why", None, component="api")
    assert [status_of(window, at) for at in (9, 10, 19, 20)] == ["upcoming", "active", "active", "past"]


def test_a_window_of_a_component_covers_each_of_its_objectives() -> None:
    found = {one.exclusion: one for one in maintenance(maintained(picture.shared()[0]))}
    assert [o.id for o in found[MUTE].objectives] == ["api.availability", "api.latency"]
    assert [o.id for o in found[LONGER].objectives] == ["api.availability"]


def test_what_nobody_was_told_of_is_held_until_the_last_of_the_mutes_that_meet_ends() -> None:
    found = {one.exclusion: one for one in maintenance(maintained(picture.shared()[0]))}
    until = {held.row.breach.objective: held.until for held in found[MUTE].held}
    assert until == {"api.availability": LONGER.end, "api.latency": MUTE.end}
    assert found[LONGER].held == (), "it has not begun"


def test_what_was_told_before_the_mute_is_not_held() -> None:
    snapshot = picture.shared()[0]
    muted = replace(snapshot, estate=replace(snapshot.estate, exclusions=(MUTE,)))
    assert maintenance(muted)[0].held == ()


def test_a_ticket_that_waits_for_its_page_is_not_held_by_the_mute() -> None:
    snapshot = maintained(picture.shared()[0])
    page = next(r for r in snapshot.breaches if r.breach.open and r.breach.severity == "page")
    ticket = replace(page, id="t", breach=replace(page.breach, severity="ticket"))
    both = replace(snapshot, breaches=(page, ticket))
    assert [held.row.id for held in maintenance(both)[0].held] == [page.id]


def test_a_window_that_is_declared_twice_is_one() -> None:
    snapshot = picture.shared()[0]
    twice = replace(snapshot, estate=replace(snapshot.estate, exclusions=(MUTE, MUTE)))
    assert len(maintenance(twice)) == 1


def test_the_flag_goes_by_what_holds_now_in_order_of_its_end() -> None:
    snapshot = maintained(picture.shared()[0])
    latency = next(o for o in snapshot.estate.objectives if o.id == "api.latency")
    assert [e.reason for e in active(snapshot.estate, latency, NOW)] == ["load test", "minor version upgrade"]
    edge = next(o for o in snapshot.estate.objectives if o.id == "edge.latency")
    assert active(snapshot.estate, edge, NOW) == ()


def test_the_rules_that_mirror_a_window_are_found_by_their_names() -> None:
    long = Exclusion(NOW + 60, NOW + 60 + LONGEST + 5, "mute", "move", None, component="shop")
    other = Exclusion(NOW + 60, NOW + 90, "mute", "other", None, objective="shop.availability")
    estate = replace(SMALL, exclusions=(long, other))
    wanted = tuple(mute_rules(estate, desired(SMALL)))
    lacking = next(r for r in wanted if "mute/shop/" in r.name)
    read = inventory("small", wanted, [Live(r, "SCHEDULED") for r in wanted if r is not lacking], picture.NOW)
    snapshot = replace(picture.shared()[0], estate=estate, alarms=read, verdicts={}, breaches=())
    found = {one.exclusion: one for one in maintenance(snapshot)}
    by_window = {w: sorted(line.standing for line in found[w].rules or ()) for w in (long, other)}
    assert by_window == {long: ["in_sync", "missing"], other: ["in_sync"]}


def test_before_aws_was_read_nobody_knows_the_rules_and_a_correction_has_none() -> None:
    snapshot = maintained(picture.shared()[0])
    assert [one.rules for one in maintenance(snapshot) if one.exclusion.kind == "mute"] == [None, None]
    assert [one.rules for one in maintenance(snapshot) if one.exclusion.kind == "budget"] == [(), ()]
    read = replace(snapshot, alarms=AlarmInventory(picture.NOW))
    assert [one.rules for one in maintenance(read)] == [()] * 4
