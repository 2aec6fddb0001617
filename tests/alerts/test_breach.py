from __future__ import annotations

from fractions import Fraction

import pytest

from alerts.breach import Breach, Reading, Standing, Transition, standing_of, step
from slo.judge.burn import Rule

FAST = Rule("page", 60, 5, Fraction("14.4"))
SLOW = Rule("page", 360, 30, Fraction(6))
TICKET = Rule("ticket", 1440, 120, Fraction(3))


def test_the_rule_of_a_breach_is_the_firing_one_with_the_shortest_windows() -> None:
    _, changes = _play([Reading(1, (SLOW, FAST), (), Fraction(2))])
    assert [(c.kind, c.breach.rule) for c in changes] == [("opened", FAST)]


def test_a_breach_resolves_at_the_fifteenth_quiet_minute_since_it_last_fired() -> None:
    fired = [Reading(n, (FAST,), (), Fraction(2)) for n in (1, 5)]
    quiet = [Reading(n, (), (), Fraction(2)) for n in (2, 3, 4, *range(6, 30))]
    _, changes = _play(sorted([*fired, *quiet], key=lambda r: r.at))
    assert [(c.kind, c.breach.resolved_at) for c in changes] == [("opened", None), ("resolved", 20)]


def test_blind_minutes_neither_count_as_quiet_nor_start_the_count_again() -> None:
    readings = [Reading(1, (FAST,), (), Fraction(2))]
    readings += [Reading(n, (), (FAST,) if 5 <= n < 50 else (), None) for n in range(2, 70)]
    _, changes = _play(readings)
    assert changes[-1].kind == "resolved"
    assert changes[-1].breach.resolved_at == 1 + 15 + 45


def test_a_ticket_waits_for_the_page_and_is_told_when_the_page_resolves() -> None:
    readings = [Reading(1, (FAST, TICKET), (), Fraction(2))] + [Reading(n, (TICKET,), (), Fraction(2)) for n in range(2, 20)]
    _, changes = _play(readings)
    told = {(c.kind, c.breach.severity, c.breach.notified_at) for c in changes}
    assert told == {("opened", "page", 1), ("opened", "ticket", None), ("resolved", "page", 1), ("notified", "ticket", 16)}


def test_a_ticket_that_ends_with_its_page_is_never_told() -> None:
    readings = [Reading(1, (FAST, TICKET), (), Fraction(2))] + [Reading(n, (), (), Fraction(2)) for n in range(2, 20)]
    _, changes = _play(readings)
    assert {c.breach.severity: c.breach.notified_at for c in changes if c.kind == "resolved"} == {"page": 1, "ticket": None}


def test_what_still_holds_when_a_mute_ends_is_told_then() -> None:
    readings = [Reading(n, (FAST,), (), Fraction(2), muted=n < 10) for n in range(1, 15)]
    _, changes = _play(readings)
    assert [(c.kind, c.breach.fired_at, c.breach.notified_at) for c in changes] == [("opened", 1, None), ("notified", 1, 10)]


def test_what_resolves_under_a_mute_was_never_told() -> None:
    readings = [Reading(1, (FAST,), (), Fraction(2), muted=True)]
    readings += [Reading(n, (), (), Fraction(2), muted=True) for n in range(2, 20)]
    standing, changes = _play(readings)
    assert standing.quiet
    assert [(c.kind, c.breach.notified_at) for c in changes] == [("opened", None), ("resolved", None)]


# A page fires for one minute and is quiet for the next 15, again and again: its turns are 0, 15, 20, 35, 40, ...
FLAPS = [Reading(n, (FAST,) if n % 20 == 0 else (), (), Fraction(2)) for n in range(200)]


def test_without_flap_control_a_flapping_page_opens_and_resolves_again_and_again_and_nothing_is_remembered() -> None:
    standing, changes = _play(FLAPS)
    assert [(c.kind, c.breach.flapping) for c in changes] == [("opened", False), ("resolved", False)] * 10
    assert standing == Standing()


@pytest.mark.parametrize(("most", "resolves"), [(2, []), (3, [15]), (4, [15]), (5, [15, 35]), (6, [15, 35]), (8, [15, 35, 55])])
def test_a_page_that_would_turn_too_often_within_the_hour_is_held_open(most: int, resolves: list[int]) -> None:
    _, changes = _play(FLAPS[:75], flap_transitions=most)
    assert [c.breach.resolved_at for c in changes if c.kind == "resolved"] == resolves


def test_a_held_page_resolves_at_the_first_quiet_minute_at_which_its_turns_of_the_hour_are_few_enough() -> None:
    """Turns 0, 15, 20; the fourth is due at 35 and lies within the hour of 0 until 59: at 60 it is only the third."""
    readings = [*FLAPS[:21], *(Reading(n, (), (), Fraction(2)) for n in range(21, 80))]
    standing, changes = _play(readings, flap_transitions=4)
    told = [(c.kind, c.breach.fired_at, c.breach.resolved_at, c.breach.quiet, c.breach.flapping) for c in changes]
    assert told[2:] == [("opened", 20, None, 0, False), ("resolved", 20, 60, 40, True)]
    assert (standing.quiet, standing.forgettable) == (True, False)


def test_a_held_page_that_fires_again_needs_its_quiet_minutes_again_and_keeps_its_mark() -> None:
    readings = [*FLAPS[:21], *(Reading(n, (FAST,) if n == 58 else (), (), Fraction(2)) for n in range(21, 80))]
    _, changes = _play(readings, flap_transitions=4)
    assert (changes[-1].breach.resolved_at, changes[-1].breach.quiet, changes[-1].breach.flapping) == (73, 15, True)


def test_no_hour_has_more_turns_than_the_setting_says() -> None:
    _, changes = _play(FLAPS, flap_transitions=4)
    turns = [c.breach.fired_at if c.kind == "opened" else c.breach.resolved_at or 0 for c in changes]
    assert turns == [0, 15, 20, 75, 80, 95, 100, 155, 160, 175, 180]
    assert max(sum(at - 60 < turn <= at for turn in turns) for at in range(200)) == 4


def test_each_severity_has_its_own_turns() -> None:
    readings = [Reading(r.at, (*r.firing, *([TICKET] if r.at == 50 else [])), (), Fraction(2)) for r in FLAPS[:80]]
    _, changes = _play(readings, flap_transitions=3)
    ticket = [c.breach for c in changes if c.breach.severity == "ticket"][-1]
    assert (ticket.fired_at, ticket.resolved_at, ticket.flapping) == (50, 65, False)


def test_the_standing_is_built_again_from_stored_breaches() -> None:
    past = Breach("a", "page", FAST, 10, Fraction(1), 15, 10, 40)
    older = Breach("a", "ticket", TICKET, 5, Fraction(1), 15, 5, 41)
    current = Breach("a", "page", FAST, 90, Fraction(1), 3, 90)
    assert standing_of([current, past, older], 99) == Standing(current, None, (40, 90), (41,))
    assert standing_of([current, past, older], 100) == Standing(current, None, (90,), (41,))
    assert standing_of([], 100).forgettable


def _play(readings: list[Reading], *, flap_transitions: int = 0) -> tuple[Standing, list[Transition]]:
    standing, changes = Standing(), list[Transition]()
    for reading in readings:
        standing, found = step("api.availability", standing, reading, flap_transitions=flap_transitions)
        changes += found
    return standing, changes
