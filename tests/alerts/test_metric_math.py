from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import metric_math
from alerts.expression import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

Points = list[float | None]


def result(text: str, **series: Sequence[float | None]) -> Points:
    arrays = {name: np.array([np.nan if v is None else v for v in values], float) for name, values in series.items()}
    length = len(next(iter(arrays.values())))
    return [None if np.isnan(v) else float(v) for v in metric_math.evaluate(parse(text), arrays, length)]


points = st.lists(st.one_of(st.none(), st.integers(-50, 50).map(float)), min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metric1 < metric2", [0, 0, 1, 0]),
        ("metric1 >= 30", [1, 0, 0, 0]),
        ("metric1 > 15 AND metric2 > 15", [1, 0, 0, 0]),
    ],
)
def test_comparisons_answer_the_examples_of_aws(text: str, expected: Points) -> None:
    assert result(text, metric1=[30, 20, 0, 0], metric2=[20, None, 20, None]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IF(metric1, metric2, metric3)", [30, 0, 20, None, None]),
        ("IF(metric1, 5, metric3)", [5, 5, 20, None, None]),
        ("IF(metric1, metric2, 5)", [30, 0, 5, 5, None]),
        ("IF(metric1, metric2)", [30, 0, None, None, None]),
    ],
)
def test_if_answers_the_tables_of_aws(text: str, expected: Points) -> None:
    metric1, metric2, metric3 = [1, 1, 0, 0, None], [30, None, 0, 0, 30], [0, 0, 20, None, 20]
    assert result(text, metric1=metric1, metric2=metric2, metric3=metric3) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", [3, 1, 2, None]),
        ("a * 2", [2, 2, None, None]),
        ("-a", [-1, -1, None, None]),
        ("b / a", [2, 0, None, None]),
        ("a / 0", [None, None, None, None]),
        ("FILL(a, 7)", [1, 1, 7, 7]),
        ("FILL(a, b)", [1, 1, 2, None]),
        ("SUM([a, b])", [3, 1, 2, None]),
        ("AVG([a, b])", [1.5, 0.5, 1, None]),
        ("MIN([a, b])", [1, 1, 2, None]),
        ("MAX([a, b])", [2, 1, 2, None]),
        ("b / SUM(b)", [0.5, None, 0.5, None]),
        ("SUM([a, b] * 2)", [6, 2, 4, None]),
        ("ABS(a - b)", [1, 1, 2, None]),
        ("TIME_SERIES(MAX(b))", [2, 2, 2, 2]),
        ("IF(1 > 2, a, b)", [2, None, 2, None]),
    ],
)
def test_missing_counts_as_zero_beside_a_datapoint_and_stays_missing_alone(text: str, expected: Points) -> None:
    assert result(text, a=[1, 1, None, None], b=[2, None, 2, None]) == expected


def test_fill_repeats_the_last_value_or_draws_a_line_and_invents_nothing_at_the_ends() -> None:
    assert result("FILL(a, REPEAT)", a=[None, 2, None, None, 8, None]) == [None, 2, 2, 2, 8, 8]
    assert result("FILL(a, LINEAR)", a=[None, 2, None, None, 8, None]) == [None, 2, 4, 6, 8, None]
    assert result("FILL(a, LINEAR)", a=[None, None]) == [None, None]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 + 1", "single number"),
        ("SUM(a)", "single number"),
        ("[a, a]", "several series"),
        ("a + b", "no metric"),
        ("SUM(1)", "takes a series"),
        ("SUM([1, a])", "time series"),
        ("SUM([a, a] + [a, a, a])", "cannot be combined"),
        ("IF(a, [a, a], 1)", "not an array"),
        ("IF([a, a], 1, 2)", "time series"),
        ("TIME_SERIES(a)", "single number"),
    ],
)
def test_what_is_no_series_is_an_error_that_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        result(text, a=[1, 2])


@given(points, points)
def test_sums_of_two_series_are_those_of_the_values_with_missing_as_zero(a: Points, b: Points) -> None:
    expected = [None if x is None and y is None else (x or 0.0) + (y or 0.0) for x, y in zip(a, b, strict=True)]
    assert result("a + b", a=a, b=b) == expected
    assert result("SUM([a, b])", a=a, b=b) == expected


@given(points, points)
def test_a_quotient_is_never_infinite_and_is_dropped_exactly_where_the_divisor_is_zero_or_missing(a: Points, b: Points) -> None:
    quotient = result("a / b", a=a, b=b)
    assert [q is None for q in quotient] == [not y for y in b]


@given(points)
def test_a_filled_series_has_no_gap_and_keeps_every_datapoint(a: Points) -> None:
    filled = result("FILL(a, 3)", a=a)
    assert filled == [3.0 if v is None else v for v in a]


@given(points)
def test_de_morgan_holds_for_series_without_gaps(a: Points) -> None:
    full = [v or 0.0 for v in a]
    assert result("a > 0 AND a < 9", a=full) == [1.0 - v for v in result("a <= 0 OR a >= 9", a=full) if v is not None]
