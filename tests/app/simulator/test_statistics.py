from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.simulator import statistics
from app.simulator.datastore import PutSamples

minutes = st.lists(st.lists(st.integers(0, 20), max_size=6), min_size=6, max_size=6)


def samples(per_minute: list[list[int]]) -> PutSamples:
    put = PutSamples()
    for minute, values in enumerate(per_minute):
        if values:
            put.cell(minute).add_values((float(v), 1.0) for v in values)
    return put


def aggregated(per_minute: list[list[int]], statistic: str, length: int) -> list[float | None]:
    values = statistics.aggregate(samples(per_minute), statistics.parse(statistic), 0, 6 // length, length)
    return [None if np.isnan(v) else float(v) for v in values]


def periods(per_minute: list[list[int]], length: int) -> list[list[int]]:
    return [sorted(v for minute in per_minute[at : at + length] for v in minute) for at in range(0, 6, length)]


def nearest_rank(values: list[int], percent: float) -> float:
    return float(values[max(0, math.ceil(percent / 100 * len(values)) - 1)])


@given(minutes, st.sampled_from([1, 2, 3, 6]))
def test_plain_statistics_are_those_of_the_samples_of_the_period(per_minute: list[list[int]], length: int) -> None:
    found = periods(per_minute, length)
    assert aggregated(per_minute, "Sum", length) == [float(sum(v)) if v else None for v in found]
    assert aggregated(per_minute, "SampleCount", length) == [float(len(v)) if v else None for v in found]
    assert aggregated(per_minute, "Minimum", length) == [float(min(v)) if v else None for v in found]
    assert aggregated(per_minute, "Maximum", length) == [float(max(v)) if v else None for v in found]
    assert aggregated(per_minute, "Average", length) == [sum(v) / len(v) if v else None for v in found]


@given(minutes, st.sampled_from([1, 2, 3, 6]), st.sampled_from([0, 10, 50, 90, 99.9, 100]))
def test_a_percentile_is_the_nearest_rank(per_minute: list[list[int]], length: int, percent: float) -> None:
    expected = [nearest_rank(v, percent) if v else None for v in periods(per_minute, length)]
    assert aggregated(per_minute, f"p{percent}", length) == expected


@given(minutes, st.sampled_from([1, 2, 3, 6]), st.integers(0, 20), st.integers(0, 20))
def test_a_trimmed_count_excludes_its_lower_and_includes_its_upper_bound(
    per_minute: list[list[int]], length: int, low: int, high: int
) -> None:
    found = periods(per_minute, length)
    between = [sum(low < v <= high for v in values) for values in found]
    assert aggregated(per_minute, f"TC({low}:{high})", length) == [
        float(n) if v else None for n, v in zip(between, found, strict=True)
    ]
    share = aggregated(per_minute, f"PR({low}:{high})", length)
    assert share == [100 * n / len(v) if v else None for n, v in zip(between, found, strict=True)]


@given(minutes, st.integers(0, 20))
def test_good_and_slow_samples_add_up_to_all(per_minute: list[list[int]], threshold: int) -> None:
    counts = [aggregated(per_minute, s, 3) for s in (f"TC(:{threshold})", f"TC({threshold}:)", "SampleCount")]
    assert [a if a is None else a + (b or 0.0) for a, b in zip(*counts[:2], strict=True)] == counts[2]


def test_one_unknown_sample_in_a_period_leaves_no_percentile_in_it_and_spoils_no_other() -> None:
    put = samples([[1], [2], [3], [], [], [9]])
    put.cell(1).add_set(10.0, 2.0, 1.0, 9.0)
    assert [np.isnan(v) for v in statistics.aggregate(put, statistics.Percentile(50), 0, 3, 2)] == [True, False, False]
    assert statistics.aggregate(put, statistics.Percentile(50), 0, 3, 2)[1:].tolist() == [3.0, 9.0]


def test_a_negative_sample_leaves_no_percentile() -> None:
    assert aggregated([[-1, 5], [5], [], [], [], []], "p50", 1) == [None, 5.0, None, None, None, None]


@pytest.mark.parametrize("text", ["", "sum", "p", "p100.1", "p-1", "TC(:)", "TC(0.3)", "TC(10%:90%)", "TM(:1)", "IQM", "p99x"])
def test_a_statistic_that_is_not_computed_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not supported"):
        statistics.parse(text)
