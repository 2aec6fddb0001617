"""The chart of one objective as numbers: what its budget counted, hour by hour, and what was left of it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from slo.judge.windows import BAD, TOTAL
from slo.units import format_minute

if TYPE_CHECKING:
    from app.history import Columns
    from slo.estate.spec import Objective
    from slo.judge.series import Floats
    from slo.judge.verdict import Verdict
    from slo.units import Minute

_EXACT = 2**53
"""Below it whole numbers are doubles, and the quotient of two of them is the double nearest to theirs."""


def rendered(declared: Objective, verdict: Verdict | None, columns: Columns) -> bytes:
    """Columns of equal length, a row an hour; null is what cannot be known."""
    counts = np.ascontiguousarray(columns.counts)
    total, bad, known = counts[TOTAL], counts[BAD], counts.any(axis=0)
    return orjson.dumps(
        {
            "name": declared.id,
            "window": declared.window_text,
            "method": declared.method,
            "at": None if verdict is None else format_minute(verdict.at),
            "step": "1h",
            "times": orjson.Fragment(_times(columns.start, len(total))),
            "good": _where(known, total - bad),
            "total": _where(known, total),
            "sli": _ratios(total - bad, total),
            "remaining_ratio": [] if verdict is None else _left(verdict, bad),
        },
        option=orjson.OPT_SERIALIZE_NUMPY,
    )


def _left(verdict: Verdict, bad: Any) -> Floats | list[float | None]:
    """Of the whole window's budget at the end of each hour; at the last one the verdict's own `remaining_ratio`.

    With p / q the allowance and b the bad events of the window until then, that is 1 - b q / p = (p - b q) / p.
    b is counted from the end: an hour that changed since the verdict must not move its end.
    """
    if verdict.remaining is None:
        return [None] * len(bad)
    p, q = verdict.allowance.numerator, verdict.allowance.denominator
    until = verdict.counts.bad - (bad.sum() - np.cumsum(bad))
    if max(p, (verdict.counts.bad + int(bad.sum())) * q) < _EXACT // 2:
        return _divided(p - until * q, p)
    return [(p - b * q) / p for b in until.tolist()]


def _divided(above: Any, below: Any) -> Floats:
    quotient: Floats = np.true_divide(above, below)
    return quotient


def _ratios(good: Any, total: Any) -> Floats:
    """Not a number, which JSON calls null, where there were no events."""
    with np.errstate(invalid="ignore"):
        return _divided(good, total)


def _where(known: Any, counts: Any) -> Any:
    return counts if known.all() else [n if k else None for n, k in zip(counts.tolist(), known.tolist(), strict=True)]


@lru_cache(maxsize=64)
def _times(start: Minute, hours: int) -> bytes:
    """Objectives with one window share them."""
    return orjson.dumps([format_minute(start + 60 * n) for n in range(hours)])
