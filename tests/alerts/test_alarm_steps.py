from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alarm_steps import Acted, Alarm, Changed, Standing, Suppressor, is_due, put_state, step
from alerts.composite import CompositeAlarm
from alerts.evaluate import Decision, MetricAlarm, State
from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NOW = 1_800_000_000
CHILD = MetricAlarm("child", 1, 1, 1.0, "GreaterThanOrEqualToThreshold", treat_missing="notBreaching")
DOWN = replace(CHILD, name="down")
ABOVE = CompositeAlarm.of("above", 'ALARM("child")')
STATES: tuple[State, ...] = get_args(State)


def estate(wait: int = 0, extension: int = 0) -> dict[str, Alarm]:
    return {
        "above": Alarm(ABOVE, "arn:above", suppressor=Suppressor("arn:down", wait, extension)),
        "child": Alarm(CHILD, "arn:child"),
        "down": Alarm(DOWN, "arn:down"),
    }


def told(
    alarms: Mapping[str, Alarm], minutes: Sequence[Mapping[str, int]], muted: Mapping[int, Collection[str]] | None = None
) -> list[tuple[int, str]]:
    """(minute, state) of each time that `above` acted; `minutes` holds the newest datapoint of each alarm, else 0."""
    standings: Mapping[str, Standing] = {}
    acted: list[tuple[int, str]] = []
    for n, values in enumerate(minutes):
        readings = {name: [float(values.get(name, 0))] for name, a in alarms.items() if isinstance(a.model, MetricAlarm)}
        taken = step(alarms, standings, readings, NOW + 60 * n, (muted or {}).get(n, ()))
        standings = taken.standings
        acted += [(n, e.state) for e in taken.events if isinstance(e, Acted) and e.name == "above"]
    return acted


def both(*columns: str) -> list[dict[str, int]]:
    """Of strings of 0 and 1, one for `child`, one for `down`."""
    return [dict(zip(("child", "down"), map(int, row), strict=True)) for row in zip(*columns, strict=True)]


def test_actions_follow_a_change_of_state_once_and_never_its_duration() -> None:
    assert told(estate(), both("0111011", "0000000")) == [(0, "OK"), (1, "ALARM"), (4, "OK"), (5, "ALARM")]


def test_while_the_suppressor_is_in_alarm_nothing_is_told() -> None:
    assert told(estate(), both("0011100", "0111111")) == [(0, "OK")]


def test_what_still_holds_when_the_suppressor_is_over_is_told_after_the_extension() -> None:
    assert told(estate(extension=120), both("00111111", "01110000")) == [(0, "OK"), (6, "ALARM")]
    assert told(estate(extension=0), both("00111111", "01110000")) == [(0, "OK"), (4, "ALARM")]


def test_what_ends_within_the_extension_is_never_told() -> None:
    assert told(estate(extension=180), both("0011110000", "0111000000")) == [(0, "OK")]


def test_what_was_told_before_the_suppressor_is_not_told_again_after_it() -> None:
    assert told(estate(extension=60), both("0111111", "0011100")) == [(0, "OK"), (1, "ALARM")]


def test_a_change_waits_for_the_suppressor_and_is_told_when_that_does_not_come() -> None:
    assert told(estate(wait=120), both("000011111", "000000000")) == [(2, "OK"), (6, "ALARM")]


def test_a_suppressor_that_comes_within_the_wait_suppresses() -> None:
    assert told(estate(wait=120), both("0000111100", "0000011100")) == [(2, "OK")]


def test_a_change_that_is_taken_back_within_the_wait_is_never_told() -> None:
    assert told(estate(wait=120), both("000010000", "000000000")) == [(2, "OK")]


def test_what_holds_the_actions_back_is_spelled_as_aws_spells_it() -> None:
    alarms = estate(wait=60, extension=60)
    standings: Mapping[str, Standing] = {}
    held: list[str | None] = []
    for child, down in ((0, 0), (0, 0), (1, 0), (1, 1), (1, 0), (1, 0)):
        standings = step(alarms, standings, {"child": [child], "down": [down]}, NOW + 60 * len(held)).standings
        hold = standings["above"].hold
        held.append(None if hold is None else hold.by)
    assert held == ["WaitPeriod", None, "WaitPeriod", "Alarm", "ExtensionPeriod", None]


def test_a_muted_alarm_tells_when_the_mute_ends_if_it_is_still_in_that_state() -> None:
    muted = dict.fromkeys((1, 2, 3), ("above",))
    assert told(estate(), both("011111", "000000"), muted) == [(0, "OK"), (4, "ALARM")]
    assert told(estate(), both("011000", "000000"), muted) == [(0, "OK")]


def test_disabled_actions_are_dropped_and_not_put_off() -> None:
    alarms = estate()
    silent = {**alarms, "above": replace(alarms["above"], enabled=False)}
    first = step(silent, {}, {"child": [1.0], "down": [0.0]}, NOW)
    assert [e for e in first.events if isinstance(e, Acted) and e.name == "above"] == []
    later = step(alarms, first.standings, {"child": [1.0], "down": [0.0]}, NOW + 60)
    assert later.events == ()


def test_changes_come_before_actions_and_children_before_parents() -> None:
    top = Alarm(CompositeAlarm.of("a-top", "ALARM(arn:above)"))
    taken = step({"a-top": top, **estate()}, {}, {"child": [1.0], "down": [0.0]}, NOW)
    assert [(type(e), e.name) for e in taken.events] == [
        *((Changed, name) for name in ("child", "down", "above", "a-top")),
        *((Acted, name) for name in ("a-top", "above", "child", "down")),
    ]
    assert {name: s.state for name, s in taken.standings.items()} == {
        **dict.fromkeys(("a-top", "above", "child"), "ALARM"),
        "down": "OK",
    }


def test_an_alarm_that_is_not_read_keeps_its_state() -> None:
    first = step(estate(), {}, {"child": [1.0], "down": [0.0]}, NOW)
    assert step(estate(), first.standings, {}, NOW + 60).standings == first.standings


@pytest.mark.parametrize(("period", "count", "due"), [(1440, 1, True), (1, 1440, True), (4320, 1, False), (1440, 2, False)])
def test_what_looks_back_further_than_a_day_is_due_on_the_hour(period: int, count: int, due: bool) -> None:
    alarm = MetricAlarm("slow", period, count, 1.0, "GreaterThanThreshold")
    assert (is_due(alarm, 29_922_481), is_due(alarm, 29_922_480)) == (due, True)


@given(st.lists(st.sampled_from(STATES), min_size=1, max_size=9))
def test_a_state_set_by_hand_acts_only_where_it_is_another_one(states: list[State]) -> None:
    alarms = {"child": Alarm(CHILD)}
    standings: Mapping[str, Standing] = {"child": Standing()}
    events, changes = 0, 0
    for n, state in enumerate(states):
        changes += state != standings["child"].state
        taken = put_state(alarms, standings, "child", Decision(state, Reason("set", f"{n}")), NOW + n)
        standings, events = taken.standings, events + len(taken.events)
        assert standings["child"].reason == f"{n}"
    assert events == 2 * changes
