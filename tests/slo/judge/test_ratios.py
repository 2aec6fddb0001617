from __future__ import annotations

from decimal import Decimal
from math import floor, inf, isfinite, isnan, nan
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.indicator import EventRatio, GaugeQuery, Proof, Query
from slo.judge.answer import Answer, Failed, Series
from slo.judge.ratios import count_ratios
from slo.judge.series import MAX_COUNT
from slo.judge.sli import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

START = 1000
QUERIES = tuple(GaugeQuery(f"q{n}") for n in range(6))

Said = dict[int, float]
"""minute -> value."""

counts = st.one_of(
    st.integers(0, 20).map(float), st.sampled_from([0.0, 0.5, 2.5, -1.0, nan, inf, -inf, 1e12, 1e12 + 1, 2.0**60, 1e300])
)
some = st.lists(st.sampled_from(QUERIES), min_size=1, max_size=3).map(tuple)
proofs = st.none() | st.builds(Proof, st.sampled_from(QUERIES), st.none() | st.sampled_from([Decimal(1), Decimal("0.5")]))
indicators = st.one_of(
    st.builds(lambda total, bad, proof: EventRatio(total, bad=bad, proof=proof), some, some, proofs),
    st.builds(lambda total, good, proof: EventRatio(total, good=good, proof=proof), some, some, proofs),
)


def series(said: Mapping[int, float]) -> Series:
    minutes = sorted(said)
    return Series(np.array(minutes, np.int64), np.array([said[m] for m in minutes], np.float64))


def heard(said: Mapping[Query, Said]) -> dict[Query, Answer]:
    return {query: series(said[query]) for query in said}


def in_words(
    indicator: EventRatio, said: Mapping[Query, Said], start: int, end: int, period: int
) -> tuple[list[tuple[int, int, int]], int]:
    """(minute, total, bad) of what is measured and how many buckets are quarantined, one by one as `slo.judge.sli` says it."""
    rows, quarantined = [], 0
    for bucket in range(start, end, period):

        def values(queries: Sequence[Query], at: int = bucket) -> list[float]:
            found = [said[q][at] for q in queries if at in said[q]]
            return [inf if isnan(value) else value for value in found]

        total, part = sum(values(indicator.total)), sum(values(indicator.bad or indicator.good))
        bad = part if indicator.bad else total - part
        if not (is_count(total) and is_count(bad) and bad <= total):
            quarantined += 1
        elif values(indicator.total) or is_alive(indicator.proof, values):
            rows.append((bucket, int(total), int(bad)))
            rows += [(minute, 0, 0) for minute in range(bucket + 1, min(bucket + period, end))]
    return rows, quarantined


def is_count(value: float) -> bool:
    return isfinite(value) and 0 <= value <= MAX_COUNT and value == floor(value)


def is_alive(proof: Proof | None, values: Callable[[Sequence[Query]], list[float]]) -> bool:
    if proof is None:
        return False
    return any(isfinite(v) and (proof.at_least is None or v >= proof.at_least) for v in values((proof.query,)))


@st.composite
def polls(draw: st.DrawFn) -> tuple[list[EventRatio], dict[Query, Said], int, int]:
    """Indicators that share queries; most series at every bucket of the stretch, others here and there, before and after it."""
    period, length = draw(st.sampled_from([1, 5])), draw(st.integers(1, 12))
    every = range(START, START + length, period)
    said: dict[Query, Said] = {}
    for query in QUERIES:
        if draw(st.booleans()):
            said[query] = {m: draw(counts) for m in every}
        else:
            buckets = st.integers(-3, length + 3).map(lambda n: START + n * period)
            said[query] = draw(st.dictionaries(buckets, counts, max_size=6))
    return draw(st.lists(indicators, min_size=1, max_size=5)), said, START + length, period


@settings(deadline=None)
@given(polls())
def test_many_indicators_at_once_are_counted_as_each_is_minute_by_minute(
    poll: tuple[list[EventRatio], dict[Query, Said], int, int],
) -> None:
    asked, said, end, period = poll
    found = count_ratios(asked, heard(said), START, end, period=period)

    quarantined = 0
    for row, indicator in enumerate(asked):
        expected, impossible = in_words(indicator, said, START, end, period)
        mine = found.slices(row)
        assert list(zip(mine.minutes.tolist(), mine.total.tolist(), mine.bad.tolist(), strict=True)) == expected
        assert mine.coarse.tolist() == [period > 1] * len(expected)
        quarantined += impossible
    assert found.quarantined == quarantined
    assert not found.total[~found.measured].any()
    assert not found.bad[~found.measured].any()


@settings(deadline=None)
@given(polls())
def test_one_indicator_alone_is_measured_as_among_many(
    poll: tuple[list[EventRatio], dict[Query, Said], int, int],
) -> None:
    asked, said, end, period = poll
    together = count_ratios(asked, heard(said), START, end, period=period)
    alone = [measure(indicator, heard(said), START, end, period=period) for indicator in asked]

    assert together.quarantined == sum(one.quarantined for one in alone)
    for row, one in enumerate(alone):
        mine = together.slices(row)
        for theirs, ours in zip(
            (one.slices.minutes, one.slices.total, one.slices.bad, one.slices.coarse),
            (mine.minutes, mine.total, mine.bad, mine.coarse),
            strict=True,
        ):
            assert theirs.tolist() == ours.tolist()


def test_a_query_that_failed_is_never_counted_as_nothing() -> None:
    total, bad = QUERIES[:2]
    answers: dict[Query, Answer] = {total: series({START: 5.0}), bad: Failed("cloudwatch:GetMetricData: denied")}
    with pytest.raises(TypeError, match="denied"):
        count_ratios([EventRatio((total,), bad=(bad,))], answers, START, START + 1)
