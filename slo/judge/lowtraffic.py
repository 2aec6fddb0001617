"""Rules that ask for more than a burn rate, because of a few events anything can be true.

With n events of which k are bad, the chance of k or more bad ones, were the error ratio just p = `ratio`, is that of a
binomial distribution: P(X >= k) = I_p(k, n - k + 1), the regularised incomplete beta function. A rule with a confidence fires
only where that chance is at most 1 - confidence.

This one decision is made in doubles; all others are exact. The chance for 10^12 events cannot be had exactly in time, and it
need not be: a confidence is a round number that somebody chose, and the errors here are below 1e-7, so 95 % is 95.00000 %.
It can only hold back a rule that burns, exactly, by its factor; it never makes one fire.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, log1p, pi, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.judge.burn import Rule
    from slo.judge.windows import Counts

_WIDE = 1e5
"""A variance from which on the series is as good as the fraction, which would take ever more steps."""
_TINY = 1e-300
_STEADY = 1e-15
_TIE = 1e-9


def is_enough(rule: Rule, counts: Counts, ratio: Fraction) -> bool:
    """Whether these counts of the long window, which burn, may fire the rule; `ratio` is its factor x budget.

    No counts make it likely that a ratio is above 1: where factor x budget is 1, a rule with a confidence never fires.
    """
    if counts.bad < rule.min_bad or counts.total < rule.min_total:
        return False
    if rule.confidence is None:
        return True
    # One failure of one request at a ratio of 10 % is on the boundary of 90 %, wherever doubles put it.
    return chance(counts.bad, counts.total, ratio) <= float(1 - rule.confidence) * (1 + _TIE)


def chance(bad: int, total: int, ratio: Fraction) -> float:
    """P(X >= bad) for X ~ Binomial(total, ratio), 0 < total x ratio <= bad <= total <= 10^15."""
    if ratio >= 1:
        return 1.0
    # How many more than expected, while it is exact: doubles of 10^15 would cancel to nothing.
    excess, p, q = float(bad - total * ratio), float(ratio), float(1 - ratio)
    if total * p * q > _WIDE:
        return _series(total, p, q, excess)
    return _fraction(bad, total, p, q, excess)


def _fraction(k: int, n: int, p: float, q: float, excess: float) -> float:
    """I_p(a, b) = p^a q^b / (a B(a, b)) / (1 + d1 / (1 + d2 / ...)) with a = k and b = n - k + 1 (NIST DLMF 8.17.22).

    The first part is P(X = k) q. The fraction is taken by Lentz's method, until a pair of steps changes next to nothing.
    """
    a, b = k, n - k + 1
    c, d = 1.0, 1 / _apart(1 - (a + b) * p / (a + 1))
    value, before, m = d, 0.0, 1
    while abs(value - before) > _STEADY * value:
        before = value
        even = m * (b - m) * p / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * p / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _apart(1 + term * d), _apart(1 + term / c)
            value *= c * d
        m += 1
    return _exactly(k, n, p, q, excess) * q * value


def _apart(value: float) -> float:
    """From 0, which Lentz's method divides by."""
    return value if abs(value) > _TINY else _TINY


def _exactly(k: int, n: int, p: float, q: float, excess: float) -> float:
    """P(X = k) for k = np + excess >= 1, by Loader's saddle point: no factorial of n is ever taken, its rests are small."""
    if k == n:
        return exp(n * log(p))
    # n KL(k/n || p) = k log(k / np) + (n - k) log((n - k) / nq)
    distance = k * log1p(excess / (n * p)) + (n - k) * log1p(-excess / (n * q))
    return exp(_rest(n) - _rest(k) - _rest(n - k) - distance) * sqrt(n / (2 * pi * k * (n - k)))


def _rest(n: int) -> float:
    """What Stirling's formula lacks: log n! - log(sqrt(2 pi n) (n / e)^n)."""
    if n < 16:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    return (1 / 12 - (1 / 360 - 1 / (1260 * n * n)) / (n * n)) / n


def _series(n: int, p: float, q: float, excess: float) -> float:
    """Edgeworth's, to the order 1 / variance.

    Take a smooth density whose integral over k - 1/2 to k + 1/2 is P(X = k): spread evenly over that step, it has the cumulants
    of X, so its own are less by those of the step, 1/12 and -1/120. With x standardised, H the Hermite polynomials and s, t
    the standardised third and fourth cumulant, P(X >= k) is 1 - F(x) + f(x) (s H2 / 6 + t H3 / 24 + s^2 H5 / 72) at k - 1/2.
    """
    variance = n * p * q
    narrow = variance - 1 / 12
    x = (excess - 0.5) / sqrt(narrow)
    third: float = variance * (q - p) / narrow**1.5
    fourth = (variance * (1 - 6 * p * q) + 1 / 120) / narrow**2
    bent = third * (x**2 - 1) / 6 + fourth * (x**3 - 3 * x) / 24 + third**2 * (x**5 - 10 * x**3 + 15 * x) / 72
    return erfc(x / sqrt(2)) / 2 + exp(-(x**2) / 2) / sqrt(2 * pi) * bent
