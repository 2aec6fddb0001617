"""Targets from what was measured: the highest of a ladder that the past met with half of its budget to spare.

With n events the highest target that they can speak for has room for 3 bad ones: when none of n was bad, the rule of three
says with 95 % confidence that fewer than 3 / n are, so a budget below 3 / n is not shown by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.units import format_percent

if TYPE_CHECKING:
    from slo.catalog.kind import DefaultObjective
    from slo.judge.windows import Counts

LADDER = tuple(Decimal(text) for text in ("0.9999", "0.9995", "0.999", "0.995", "0.99", "0.95"))
DAYS = 14
MINUTES = DAYS * 1440
MARGIN = 2
"""Burn over the 14 days was at most 1 / 2."""
LEAST_BAD = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`target` is None where nothing was measured and the kind proposes nothing either; `reasons` are sentences."""

    target: Decimal | None
    source: str
    reasons: tuple[str, ...]


def suggest(counts: Counts | str, usual: DefaultObjective | None, minutes: int = MINUTES) -> Suggestion:
    """From the sums of the last `minutes`, or from why there are none; `usual` is what the kind proposes."""
    if isinstance(counts, str) or counts.total == 0:
        why = counts if isinstance(counts, str) else _counted(counts, minutes)
        return _fallback((f"Nothing measured: {why}",), usual)
    told = _counted(counts, minutes)
    for target in LADDER:
        if _met(counts, target):
            return Suggestion(target, "discovered", (told, _chosen(counts, target)))
    if not _shows(counts, LADDER[-1]):
        return _fallback((told, "Too few events to tell a target."), usual)
    lost = f"Not even {_percent(LADDER[-1])} was met with half of its budget to spare: mend it, or decide what users can take."
    return _fallback((told, lost), usual)


def _fallback(reasons: tuple[str, ...], usual: DefaultObjective | None) -> Suggestion:
    if usual is None:
        return Suggestion(None, "", reasons)
    return Suggestion(
        usual.target, "catalogue", (*reasons, f"{_percent(usual.target)} is what its kind proposes: {usual.source}.")
    )


def _met(counts: Counts, target: Decimal) -> bool:
    """Whether burn = bad / (total x budget) <= 1 / MARGIN, on whole numbers."""
    over, under = (1 - target).as_integer_ratio()
    return _shows(counts, target) and MARGIN * counts.bad * under <= counts.total * over


def _shows(counts: Counts, target: Decimal) -> bool:
    over, under = (1 - target).as_integer_ratio()
    return counts.total * over >= LEAST_BAD * under


def _counted(counts: Counts, minutes: int) -> str:
    """`14 days: 20,160 minutes measured, 1,234 of 5,678,901 bad (99.978 %).`"""
    span = f"{minutes // 1440} days" if minutes % 1440 == 0 else f"{minutes:,} minutes"
    measured = f"{counts.measured:,}" if counts.measured == minutes else f"{counts.measured:,} of {minutes:,}"
    ratio = f" ({_ratio(counts)} %)" if counts.total else ", so there is no ratio"
    return f"{span}: {measured} minutes measured, {counts.bad:,} of {counts.total:,} bad{ratio}."


def _ratio(counts: Counts) -> str:
    """In thousandths of a percent, rounded down: what was not quite good is not shown as 100."""
    thousandths = counts.good * 100_000 // counts.total
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


def _chosen(counts: Counts, target: Decimal) -> str:
    higher = [t for t in LADDER if t > target]
    if not higher:
        return f"{_percent(target)} is the highest suggested; it was met with half of its budget to spare."
    missed = higher[-1]
    if _shows(counts, missed):
        return f"{_percent(target)} was met with half of its budget to spare, {_percent(missed)} was not."
    return f"{_percent(target)} was met with half of its budget to spare; so few events cannot speak for {_percent(missed)}."


def _percent(share: Decimal) -> str:
    return f"{format_percent(share)} %"
