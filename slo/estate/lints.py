"""What an objective may say and hardly means: rules that cannot fire, factors that are not what was written, windows too long.

When every event is bad the burn is 1 / (1 - target), and no burn is higher: a factor f is out of reach once
f >= 1 / (1 - target), which is target <= 1 - 1 / f.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate import suspected_units
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.places import Place
    from slo.estate.spec import Objective, RuleSpec

DAY = 1440
KEPT_DAYS, SPARE_DAYS = 90, 2
"""What the service keeps unless it is told otherwise, and what it keeps beyond the longest window."""


def check(objective: Objective, fields: Mapping[str, Place], place: Place, *, by_time: bool) -> None:
    """Warns at the field that says so, or else at the objective. `by_time`: each minute of the indicator is one event."""
    if place.log.is_full("warning"):
        return
    suspected_units.check_target(objective.target, fields.get("target", place))
    slice_target = objective.budgeting.slice_target
    if slice_target is not None and slice_target != objective.target:
        suspected_units.check_target(slice_target, fields.get("time_slice_target", place))
    _check_factors(objective, fields, place)
    _check_slices(objective, fields, place)
    _check_minimums(objective, fields, place, by_time=by_time)
    _check_retention(objective, fields.get("window", place))


def _check_factors(objective: Objective, fields: Mapping[str, Place], place: Place) -> None:
    """On whole numbers: twenty rules on each of thousands of objectives are looked at in a moment."""
    raised = []
    budget, whole = (1 - objective.target).as_integer_ratio()
    for rule in objective.policy:
        over, under = _factor(rule, objective.window)
        if over < under and rule.factor is None:
            share = f"fires at {100 * rule.long / objective.window:.4g} %"
            raised.append(f"{_called(rule)} has {over / under:.3g} and {share}")
            over = under = 1
        if over * budget >= under * whole:
            told = f"a burn above {over / under:.4g} ({_called(rule)}) is out of reach: when every event is bad, it is"
            fix = "raise the target or use another policy"
            fields.get("target", place).warn("unreachable_factor", f"{told} {whole / budget:.4g}; {fix}")
    if raised and objective.policy_name != "default":  # that one is ours: its floor is a promise, not a mistake
        told = f"factors below 1 are raised to 1: in a window of {objective.window_text} {', '.join(raised)} of the budget"
        fields.get("window", place).warn("factor_raised", f"{told}; use a policy with these shares, or with shorter windows")


def _check_slices(objective: Objective, fields: Mapping[str, Place], place: Place) -> None:
    width = objective.budgeting.slice_window
    silent = [rule for rule in objective.policy if rule.windows[-1] < width]
    if silent:
        told = f"no whole slice of {format_duration(width)} fits into the {format_duration(silent[0].windows[-1])} of"
        message = f"{told} {', '.join(map(_called, silent))}: it can never fire; shorten the slice or use another policy"
        fields.get("time_slice_window", place).warn("slice_longer_than_rule", message)


def _check_minimums(objective: Objective, fields: Mapping[str, Place], place: Place, *, by_time: bool) -> None:
    """Where events are slices of time, a window holds only so many of them."""
    where = fields.get("policy", place)
    asking = [rule for rule in objective.policy if rule.min_bad or rule.min_total]
    if objective.method == "RatioTimeslices":
        for rule in asking:
            told = f"{_called(rule)} has min_bad or min_total, but RatioTimeslices counts 10^9 for each slice"
            where.warn("minimum_of_ratios", f"{told}; use a policy without, or another method")
        return
    for rule in asking if by_time or objective.method == "Timeslices" else ():
        most, wanted = rule.long // objective.budgeting.slice_window, max(rule.min_bad, rule.min_total)
        if wanted > most:
            told = (
                f"{_called(rule)} wants {wanted} events, and {format_duration(rule.long)} holds {most} slices of time at most"
            )
            where.warn("unreachable_minimum", f"{told}; lower min_bad and min_total")


def _check_retention(objective: Objective, place: Place) -> None:
    wanted = objective.reach // DAY + SPARE_DAYS
    if wanted > KEPT_DAYS:
        told = f"the service keeps {KEPT_DAYS} days of minutes unless it is told otherwise"
        few = f"too few to look back {objective.reach // DAY} days"
        place.warn("retention", f"{told}, {few}; set SLOOP_RETENTION_DAYS={wanted} or more")


def _factor(rule: RuleSpec, window: int) -> tuple[int, int]:
    """As a ratio of whole numbers, before it is raised: share x window / long."""
    if rule.factor is not None:
        return rule.factor.as_integer_ratio()
    assert rule.share is not None, "a rule has a factor, or the share that gives one"
    over, under = rule.share.as_integer_ratio()
    return over * window, under * rule.long


def _called(rule: RuleSpec) -> str:
    return f"the {rule.severity} rule over {format_duration(rule.long)}"
