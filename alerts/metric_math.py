"""What a metric math expression yields, with the documented treatment of missing datapoints.

A series is float64[n] with NaN where there is no datapoint. Between two series a datapoint that only one of them has
meets 0; where neither has one, neither has the result. Division by zero drops the datapoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alerts.expression import Array, Binary, Call, Name, Negated, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alerts.expression import Node
    from slo.judge.series import Floats

    Value = float | Floats | Sequence[Floats]

_OPERATORS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "==": np.equal,
    "!=": np.not_equal,
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<": np.less,
    ">": np.greater,
    "AND": np.logical_and,
    "OR": np.logical_or,
}
_POINTWISE: dict[str, Callable[[Floats], Floats]] = {"ABS": np.abs, "CEIL": np.ceil, "FLOOR": np.floor}


def evaluate(node: Node, series: Mapping[str, Floats], length: int) -> Floats:
    """One series of this length. ValueError for an id that is not given, or when the result is a number or an array."""
    value = _value(node, series, length)
    if isinstance(value, np.ndarray):
        return value
    kind = "a single number; wrap it in TIME_SERIES()" if isinstance(value, float) else "several series; reduce them with SUM()"
    raise ValueError(f"the expression yields {kind}")


def _value(node: Node, series: Mapping[str, Floats], length: int) -> Value:  # noqa: PLR0911 - one return per kind of node
    match node:
        case Number(number):
            return number
        case Name(name):
            if name not in series:
                raise ValueError(f"no metric or expression has the id {name!r}")
            return series[name]
        case Array(items):
            return [_series(_value(item, series, length), "an array") for item in items]
        case Negated(operand):
            return _each(_value(operand, series, length), np.negative)
        case Binary(operator, left, right):
            return _operate(operator, _value(left, series, length), _value(right, series, length))
        case Call("FILL", (filled, Name("REPEAT" | "LINEAR" as method))):
            return _each(_value(filled, series, length), _repeat if method == "REPEAT" else _interpolate)
        case Call(function, arguments):
            return _call(function, [_value(a, series, length) for a in arguments], length)


def _call(function: str, values: list[Value], length: int) -> Value:
    if function == "TIME_SERIES":
        return np.full(length, _number(values[0]))
    if function == "IF":
        return _choose(*values)
    if function == "FILL":
        filler = _plain(values[1], "FILL")
        return _each(values[0], lambda s: np.where(np.isnan(s), filler, s))
    if function in _POINTWISE:
        return _each(values[0], _POINTWISE[function])
    return _reduce(function, values[0])


def _each(value: Value, function: Callable[[Floats], Floats]) -> Value:
    """A function of one series, over a number, a series or every series of an array."""
    if isinstance(value, float):
        return float(function(np.float64(value)))  # type: ignore[arg-type]
    if isinstance(value, np.ndarray):
        return function(value)
    return [function(s) for s in value]


def _operate(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, list) or isinstance(right, list):
        return [_series(_operate(operator, a, b), "an array") for a, b in _paired(left, right)]
    a, b = np.asarray(left, np.float64), np.asarray(right, np.float64)
    series = [s for s in (a, b) if s.ndim]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = _OPERATORS[operator](_zeroed(a), _zeroed(b)).astype(np.float64)
    absent = np.isnan(series).all(axis=0) if series else np.isnan(a) | np.isnan(b)
    result = np.where(absent | ~np.isfinite(result), np.nan, result)
    return result if series else float(result)


def _paired(left: Value, right: Value) -> list[tuple[Value, Value]]:
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise ValueError(f"arrays of {len(left)} and {len(right)} series cannot be combined")
        return list(zip(left, right, strict=True))
    if isinstance(left, list):
        return [(a, right) for a in left]
    return [(left, b) for b in right] if isinstance(right, list) else [(left, right)]


def _zeroed(value: Floats) -> Floats:
    """Missing counts as 0 inside a series; a number that could not be computed stays unknown."""
    return np.nan_to_num(value, nan=0.0) if value.ndim else value


def _choose(condition: Value, true: Value, false: Value = float("nan")) -> Value:
    """As documented: true without a datapoint is 0, false without one is dropped, an absent condition drops both."""
    if isinstance(condition, float):
        return true if condition else false
    test = _series(condition, "IF")
    yes, no = _plain(true, "IF"), _plain(false, "IF")
    chosen = np.where(test != 0, np.nan_to_num(yes, nan=0.0), no)
    return np.where(np.isnan(test), np.nan, chosen)


def _reduce(function: str, value: Value) -> Value:
    """Of one series: a number over its datapoints. Of an array: a series, minute by minute."""
    if isinstance(value, float):
        raise ValueError(f"{function} takes a series or an array, not a number")  # noqa: TRY004 - the text is wrong, not its type
    if isinstance(value, np.ndarray):
        present = value[~np.isnan(value)]
        return float(_REDUCTIONS[function](present)) if len(present) else float("nan")
    rows = np.array(value)
    absent = np.isnan(rows)
    # SUM and AVG count a missing value as 0; for MIN and MAX it must not win, so it becomes the neutral element.
    filler = {"MIN": np.inf, "MAX": -np.inf}.get(function, 0.0)
    result = _REDUCTIONS[function](np.where(absent, filler, rows), axis=0)
    return np.where(absent.all(axis=0), np.nan, result)


_REDUCTIONS: dict[str, Callable[..., Floats]] = {"SUM": np.sum, "AVG": np.mean, "MIN": np.min, "MAX": np.max}


def _repeat(series: Floats) -> Floats:
    """Each gap holds the last value before it; nothing is known before the first."""
    last = np.maximum.accumulate(np.where(np.isnan(series), -1, np.arange(len(series))))
    return np.where(last >= 0, series[last], np.nan)


def _interpolate(series: Floats) -> Floats:
    """A straight line across each gap; the ends stay missing."""
    known = np.flatnonzero(~np.isnan(series))
    if len(known) == 0:
        return series
    return np.interp(np.arange(len(series)), known, series[known], left=np.nan, right=np.nan)


def _series(value: Value, where: str) -> Floats:
    if isinstance(value, np.ndarray):
        return value
    raise ValueError(f"{where} needs a time series")


def _plain(value: Value, where: str) -> float | Floats:
    if isinstance(value, float | np.ndarray):
        return value
    raise ValueError(f"{where} takes a series or a number, not an array")


def _number(value: Value) -> float:
    if isinstance(value, float):
        return value
    raise ValueError("TIME_SERIES takes a single number")
