from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.declared import estate, found, problems, with_component, with_objective

if TYPE_CHECKING:
    from decimal import Decimal

HERE = "components[0].objectives[0]"
PAGE = "{severity: page, budget: 2%, long: 1h, short: 5m}"


def of(target: str = "99.9%", window: str = "30d", more: str = "") -> str:
    return f"indicator: availability, target: {target}, window: {window}{more}"


def codes(fields: str, policies: str = "", *, kind: str = "alb") -> list[tuple[str, str]]:
    policy = ", policy: p" if policies else ""
    return [(code, path.removeprefix(HERE)) for _, code, path in found(with_objective(fields + policy, policies, kind=kind))]


@pytest.mark.parametrize("window", ["30d", "35d", "month", "88d"])
@pytest.mark.parametrize("target", ["93.1%", "99%", "99.999%"])
def test_the_default_policy_over_usual_windows_is_no_cause_for_a_warning(target: str, window: str) -> None:
    assert [code for code in codes(of(target, window)) if code[0] != "unreachable_factor"] == []


def test_a_factor_is_out_of_reach_when_the_target_is_1_minus_its_inverse_or_lower() -> None:
    # 1 - 1/14.4 = 67/72 = 0.930555...: factors of the default policy for 30 days are 14.4, 6, 3 and 1.
    assert codes(of("93.0556%")) == []
    assert codes(of("93.0555%")) == [("unreachable_factor", ".target")]
    [problem] = problems(with_objective(of("90%")))
    assert "a burn above 14.4 (the page rule over 1h) is out of reach: when every event is bad, it is 10" in problem.message


def test_the_bound_of_reach_is_exact() -> None:
    rule = "{severity: page, factor: 10, long: 1h, short: 5m}"
    assert codes(of("90%"), rule) == [("unreachable_factor", ".target")]
    assert codes(of("0.90000000000000000001"), rule) == []


@given(st.decimals("0.01", "0.99", places=2), st.decimals("1", "100", places=1))
def test_a_factor_is_warned_of_exactly_when_no_burn_is_above_it(target: Decimal, factor: Decimal) -> None:
    warned = codes(of(f"{target:f}"), f"{{severity: page, factor: {factor:f}, long: 1h, short: 5m}}")
    highest = 1 / (1 - Fraction(target))
    assert (("unreachable_factor", ".target") in warned) == (Fraction(factor) >= highest)


def test_a_share_that_gives_less_than_1_says_what_share_it_is_then() -> None:
    # 10 % x 7 d / 1 d = 0.7 and 10 % x 7 d / 3 d = 0.233: raised to 1 they are 1/7 and 3/7 of the budget.
    shares = "[{severity: ticket, budget: 10%, long: 1d, short: 2h}, {severity: ticket, budget: 10%, long: 3d, short: 6h}]"
    [problem] = problems(with_objective(of(window="7d", more=", policy: p"), shares[1:-1]))
    assert (problem.code, problem.path, problem.severity) == ("factor_raised", f"{HERE}.window", "warning")
    assert "the ticket rule over 1d has 0.7 and fires at 14.29 %" in problem.message
    assert "the ticket rule over 3d has 0.233 and fires at 42.86 %" in problem.message


def test_the_default_policy_says_nothing_of_its_floor() -> None:
    assert problems(with_objective(of(window="7d"))) == ()


def test_a_share_that_gives_just_1_is_what_was_written() -> None:
    assert codes(of(window="7d"), "{severity: ticket, budget: 10%, long: 1008m, short: 1h}") == []
    assert codes(of(window="7d"), "{severity: ticket, budget: 10%, long: 1009m, short: 1h}") == [("factor_raised", ".window")]


def test_a_written_factor_is_not_raised_but_told_when_it_is_inside_the_budget() -> None:
    text = with_objective(of(more=", policy: p"), "{severity: ticket, factor: 0.5, long: 1d, short: 2h}")
    assert found(text) == [("warning", "factor_below_1", "policies.p[0].factor")]


def test_a_slice_that_no_short_window_holds_whole_silences_its_rules() -> None:
    sliced = ", method: Timeslices, time_slice_window: "
    assert codes(of(more=f"{sliced}5m")) == []
    [problem] = problems(with_objective(of(more=f"{sliced}31m")))
    assert (problem.code, problem.path) == ("slice_longer_than_rule", f"{HERE}.time_slice_window")
    assert "the page rule over 1h, the page rule over 6h: it can never fire" in problem.message


def test_more_events_than_a_window_has_slices_are_never_reached() -> None:
    rule = "{severity: page, budget: 2%, long: 1h, short: 5m, min_total: 61}"
    assert codes(of(), rule) == []
    assert codes(of(), rule, kind="vpn") == [("unreachable_minimum", ".policy")]
    assert codes(of(more=", method: Timeslices"), rule) == [("unreachable_minimum", ".policy")]
    assert codes(of(more=", method: Timeslices"), rule.replace("61", "60")) == []


def test_a_minimum_means_nothing_where_each_slice_counts_a_billion() -> None:
    rule = "{severity: page, budget: 2%, long: 1h, short: 5m, min_bad: 1}"
    assert codes(of(more=", method: RatioTimeslices"), rule) == [("minimum_of_ratios", ".policy")]
    assert codes(of(more=", method: RatioTimeslices"), PAGE) == []


@pytest.mark.parametrize(("window", "days"), [("89d", 91), ("quarter", 94), ("year", 368), ("400d", 402)])
def test_a_window_longer_than_what_is_kept_says_how_many_days_to_keep(window: str, days: int) -> None:
    [problem] = problems(with_objective(of(window=window)))
    assert (problem.code, problem.path) == ("retention", f"{HERE}.window")
    assert f"SLOOP_RETENTION_DAYS={days}" in problem.message


def test_a_rule_that_looks_further_back_than_what_is_kept_says_so_too() -> None:
    [problem] = problems(with_objective(of(more=", policy: p"), "{severity: ticket, factor: 2, long: 100d, short: 1d}"))
    assert (problem.code, problem.path) == ("retention", f"{HERE}.window")
    assert "too few to look back 100 days; set SLOOP_RETENTION_DAYS=102" in problem.message


def test_objectives_of_the_catalogue_are_looked_at_too() -> None:
    text = with_component("kind: alb, resource: {load_balancer: l, target_group: t}")
    text += "policies:\n  default: [{severity: page, factor: 200, long: 1h, short: 5m}]\n"
    assert found(text) == [("warning", "unreachable_factor", "components[0]")]  # of latency, 99 %
    assert len(estate(text).objectives) == 2
