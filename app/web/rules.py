"""A burn rule on the page of its objective: what it asks for, and what burns now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import numbers
from slo.judge import burn

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.estate.spec import Objective
    from slo.judge.burn import Rule
    from slo.judge.verdict import Verdict


@dataclass(frozen=True, slots=True)
class RuleLine:
    """`label` is its severity in words of its own, `asks` what it wants beside the burn in its windows."""

    severity: str
    windows: str
    factor: str
    threshold: str
    formula: str
    long: str
    short: str
    state: str
    label: str = ""
    asks: tuple[str, ...] = ()


def rule_line(objective: Objective, rule: Rule, verdict: Verdict | None) -> RuleLine:
    threshold: Fraction = rule.factor * burn.budget_of(objective)
    rates = [numbers.burn(verdict.burns[w]) if verdict else numbers.UNKNOWN for w in (rule.long, rule.shortest)]
    return RuleLine(
        severity=rule.severity,
        windows=numbers.windows(rule),
        factor=numbers.burn(rule.factor),
        threshold=f"{float(threshold * 100):.6g} %",
        formula=f"{float(rule.factor):g} {numbers.TIMES} (1 - {objective.target.normalize():f})",
        long=rates[0],
        short=rates[1],
        state=_rule_state(rule, verdict),
        label=rule.label or "",
        asks=_asks(rule),
    )


def _asks(rule: Rule) -> tuple[str, ...]:
    """What it wants beside the burn in its windows."""
    found = (
        (rule.strict, "above the factor, not at it"),
        (rule.hold, f"for {numbers.window(rule.hold)} on end" if rule.hold else ""),
        (rule.min_bad, f"at least {rule.min_bad:,} bad in {numbers.window(rule.long)}"),
        (rule.min_total, f"at least {rule.min_total:,} in all in {numbers.window(rule.long)}"),
        (rule.confidence, f"{numbers.share(rule.confidence)} sure that it is no chance" if rule.confidence else ""),
    )
    return tuple(text for wanted, text in found if wanted)


def _rule_state(rule: Rule, verdict: Verdict | None) -> str:
    if verdict is None:
        return "not judged"
    if rule in verdict.firing:
        return "fires"
    return "blind" if rule in verdict.blind else "quiet"
