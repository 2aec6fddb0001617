from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.composite import CompositeAlarm, evaluate_composite, holds, order, parse_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.evaluate import State

STATES: tuple[State, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")
NOW: Mapping[str, State] = {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ('ALARM("a")', True),
        ("OK(b) AND INSUFFICIENT_DATA(c)", True),
        ("ALARM(b) OR ALARM(c)", False),
        ("NOT ALARM(b)", True),
        ("ALARM(b) AND ALARM(b) OR TRUE", True),
        ("ALARM(b) AND (ALARM(b) OR TRUE)", False),
        ("NOT (ALARM(a) AND TRUE) OR FALSE", False),
        ("NOT FALSE AND NOT FALSE", True),
        ("ALARM(sloop/prod/api.availability/page)", False),
        ("ALARM(ghost) OR OK(ghost)", False),
        ("AT_LEAST(1, ALARM, (a, b, c))", True),
        ('AT_LEAST(2, ALARM, (a, "b", c))', False),
        ("AT_LEAST(34%, ALARM, (a, b, c)) OR AT_LEAST(33%, OK, (a,b,c))", True),
        ("AT_LEAST(34%, ALARM, (a, b, c))", False),
    ],
)
def test_a_rule_holds_by_the_states_of_its_children(rule: str, expected: bool) -> None:
    assert holds(parse_rule(rule), NOW) is expected


@pytest.mark.parametrize(
    "rule",
    ["", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) ALARM(b)", "AND ALARM(a)", "alarm(a)", "(TRUE", "TRUE)", "TRUE OR", "NOT"],
)
def test_a_rule_that_is_not_in_the_grammar_is_an_error(rule: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        parse_rule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "TRUE OR " * 2000 + "TRUE",
        " OR ".join(f"ALARM(a{i})" for i in range(101)),
        " OR ".join(["TRUE"] * 501),
        "(" * 60 + "TRUE" + ")" * 60,
    ],
)
def test_the_documented_limits_are_errors_and_not_stack_overflows(rule: str) -> None:
    with pytest.raises(ValueError, match="the rule"):
        parse_rule(rule)


def test_a_decision_names_the_children_it_saw() -> None:
    decision = evaluate_composite(CompositeAlarm.of("page", "ALARM(a) AND NOT OK(c)"), NOW)
    assert (decision.state, decision.reason.code) == ("ALARM", "rule_holds")
    assert decision.reason.text == "the rule holds: a is ALARM; c is INSUFFICIENT_DATA"


def test_children_come_before_parents_and_circles_are_left_out() -> None:
    rules = {"top": "ALARM(mid)", "mid": "ALARM(metric)", "x": "OK(y)", "y": "OK(x)", "above": "ALARM(x) OR ALARM(mid)"}
    assert [a.name for a in order(CompositeAlarm.of(n, r) for n, r in rules.items())] == ["mid", "top"]


rules = st.recursive(
    st.one_of(
        st.sampled_from(["TRUE", "FALSE"]),
        st.builds("{}({})".format, st.sampled_from(STATES), st.sampled_from("abc")),
    ),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT {}".format, inner),
    ),
    max_leaves=8,
)


@given(rules, st.fixed_dictionaries({name: st.sampled_from(STATES) for name in "abc"}))
def test_a_rule_means_what_the_same_words_mean_in_python(rule: str, states: Mapping[str, State]) -> None:
    said = rule.replace("AND", "and").replace("OR", "or").replace("NOT", "not")
    said = said.replace("TRUE", "True").replace("FALSE", "False")
    names: dict[str, Any] = {state: (lambda alarm, state=state: states[alarm] == state) for state in STATES}
    expected = eval(said, {**names, "a": "a", "b": "b", "c": "c"})  # the text comes from the strategy above
    assert holds(parse_rule(rule), states) is expected
