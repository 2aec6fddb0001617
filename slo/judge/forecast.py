"""When the budget will be gone, at the burn of the last hour and at that of the window so far, and how sure that is.

A full budget at burn b lasts window / b, so what remains lasts remaining x window / b.

A burn is known only as well as its events tell. The interval goes from the upper to the lower end of Wilson's 95 % score
interval of the error ratio: with p = bad / n and z = 1.96

    (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

It takes events for independent: failures come in bursts, so the truth is less sure than it says. Nothing is decided by it,
so doubles will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from slo.judge.burn import allowance, burn
from slo.judge.method import RATIO_UNIT
from slo.judge.period import window_of
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from slo.estate.spec import Objective
    from slo.judge.period import Window
    from slo.judge.windows import Counts
    from slo.units import Minute

FURTHEST = 10 * 365 * 86400
"""Seconds."""
HOUR = 60
_Z = 1.959963984540054
"""97.5 % of a normal distribution lie below it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Epoch seconds. `at` is None for a `reason`; `earliest` and `latest` where that end of the interval is unknown."""

    at: int | None
    earliest: int | None = None
    latest: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Forecasts:
    """`current` goes by the last hour, `trend` by the objective's window so far."""

    current: Forecast
    trend: Forecast


def forecasts(objective: Objective, at: Minute, windows: Mapping[Window, Counts]) -> Forecasts:
    """From the sums of a verdict."""
    own = windows[window_of(objective)]
    spent = burn(objective, own)
    remaining = None if spent is None else 1 - spent
    return Forecasts(
        _forecast(objective, at, remaining, windows[HOUR], format_duration(HOUR)),
        _forecast(objective, at, remaining, own, objective.window_text),
    )


def exhausted_at(at: Minute, window: int, remaining: Fraction | None, rate: Fraction | None) -> int | None:
    """Epoch seconds, cut; None without a burn, when nothing remains, or where it lies further ahead than 10 years."""
    if remaining is None or remaining <= 0 or not rate:
        return None
    # remaining x window / rate, whose parts need not be made coprime to be cut
    ahead = remaining.numerator * window * 60 * rate.denominator
    parts = remaining.denominator * rate.numerator
    return at * 60 + ahead // parts if ahead <= FURTHEST * parts else None


def unknown(remaining: Fraction | None, rate: Fraction | None, name: str) -> str:
    """Why no exhaustion is foretold at the burn of the window of that name."""
    if remaining is None:
        return "what remains is unknown"
    if remaining <= 0:
        return "nothing remains"
    if rate is None:
        return f"no events in {name}: the burn is unknown"
    return f"nothing burned in {name}" if rate == 0 else "it would last over 10 years"


def _forecast(objective: Objective, at: Minute, remaining: Fraction | None, counts: Counts, name: str) -> Forecast:
    allowed = allowance(objective, counts)
    rate = counts.bad / allowed if counts.total else None
    foretold = exhausted_at(at, objective.window, remaining, rate)
    reason = unknown(remaining, rate, name) if foretold is None else None
    if remaining is None or remaining <= 0 or rate is None:
        return Forecast(None, reason=reason)
    unit = RATIO_UNIT if objective.method == "RatioTimeslices" else 1
    lowest, highest = wilson(counts.bad / unit, counts.total / unit)
    # burn = error ratio x total / allowance
    left = (remaining.numerator * objective.window * 60 * allowed.numerator) / (
        remaining.denominator * allowed.denominator * counts.total
    )
    soon, late = _after(at, left, highest), _after(at, left, lowest)
    if foretold is None:
        return Forecast(None, soon, late, reason)
    return Forecast(foretold, soon if soon is None else min(soon, foretold), late if late is None else max(late, foretold))


def wilson(bad: float, total: float) -> tuple[float, float]:
    """The 95 % score interval of a ratio; the lower end is 0 when nothing was bad. `total` is above 0."""
    ratio, spread = bad / total, _Z * _Z / total
    middle = ratio + spread / 2
    half = sqrt(spread * (ratio * (1 - ratio) + spread / 4))
    scale = 1 + spread
    return (min(ratio, (middle - half) / scale) if bad else 0.0), min(1.0, max(ratio, (middle + half) / scale))


def _after(at: Minute, left: float, ratio: float) -> int | None:
    """`left` is how many seconds the budget lasts at an error ratio of 1."""
    return at * 60 + int(left / ratio) if ratio and left / ratio <= FURTHEST else None
