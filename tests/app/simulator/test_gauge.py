from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.gauge import Gauge, quiet

DAY = np.arange(29_900_160, 29_900_160 + 1440)


@settings(deadline=None)
@given(level=st.floats(0, 100), swing=st.floats(0, 100), jitter=st.floats(0, 100), seed=st.integers(0, 2**40))
def test_no_value_leaves_the_bounds(level: float, swing: float, jitter: float, seed: int) -> None:
    values = Gauge(level, swing, jitter, low=5, high=90).values(seed, 7, DAY)
    assert values.min() >= 5
    assert values.max() <= 90


def test_a_whole_gauge_reads_whole_numbers_only() -> None:
    values = Gauge(60, 3, 8, whole=True).values(1, 7, DAY)
    assert np.array_equal(values, np.round(values))
    assert len(np.unique(values)) > 5


def test_a_daily_gauge_has_one_datapoint_at_midnight() -> None:
    values = Gauge(60, daily=True).values(1, 7, np.arange(3 * 1440))
    assert np.flatnonzero(~np.isnan(values)).tolist() == [0, 1440, 2880]


def test_other_salts_and_seeds_give_other_noise() -> None:
    gauge = Gauge(60, 0, 8)
    assert not np.array_equal(gauge.values(1, 7, DAY), gauge.values(1, 8, DAY))
    assert not np.array_equal(gauge.values(1, 7, DAY), gauge.values(2, 7, DAY))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("FreeStorageSpace", 100),
        ("EBSIOBalance%", 100),
        ("DaysUntilExpiry", 100),
        ("HealthyHostCount", 100),
        ("UnHealthyHostCount", 0),
        ("StatusCheckFailed_New", 0),
        ("ReplicaLag", 0),
        ("CacheMisses", 0),
    ],
)
def test_a_metric_nobody_described_reads_what_harms_nobody(metric: str, value: float) -> None:
    assert set(quiet(metric).values(1, 1, DAY)) == {value}
