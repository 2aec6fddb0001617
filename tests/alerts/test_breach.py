from __future__ import annotations

from fractions import Fraction

from alerts.breach import Reading, Standing, Transition, step
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


def _play(readings: list[Reading]) -> tuple[Standing, list[Transition]]:
    standing, changes = Standing(), list[Transition]()
    for reading in readings:
        standing, found = step("api.availability", standing, reading)
        changes += found
    return standing, changes
