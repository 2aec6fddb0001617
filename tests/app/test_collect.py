from __future__ import annotations

from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.collect import TABLE, Block, collect
from app.memory.source import MemorySource
from app.ports import Shard
from app.watch import Pace, Watch
from slo.estate.indicator import EventRatio, MetricQuery, Proof, RateRatio, TimeSlice
from slo.judge import sli
from slo.judge.windows import MEASURED, TOTAL
from tests.support.objectives import estate_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.collect import Collected
    from slo.estate.indicator import Indicator
    from slo.units import Minute

START = 29_000_040
QUERIES = tuple(MetricQuery(None, "us-east-1", "Test", f"M{n}", (), "Sum") for n in range(5))


def watch(source: MemorySource, indicators: Mapping[str, Indicator]) -> Watch:
    return Watch("test", estate_of(), source, Pace(0), indicators, ())


def shard(indicators: Mapping[str, Indicator]) -> Shard:
    """Slots in another order than the indicators, and one that nothing is laid into."""
    slots = {key: len(indicators) - n for n, key in enumerate(indicators)}
    return Shard(1, "test", None, 0, slots, len(indicators) + 1)


def one_by_one(source: MemorySource, indicators: Mapping[str, Indicator], start: Minute, end: Minute, now: Minute) -> Collected:
    """The same, each indicator measured and laid on its own."""
    mine, found = watch(source, indicators), Block.empty(start, end, len(indicators) + 1)
    failures, quarantined = {}, 0
    for key, slot in shard(indicators).slots.items():
        for span in source.spans(start, end, now):
            answers = source.fetch(mine.queries, span)
            measured = sli.measure(indicators[key], answers, span.start, span.end, period=span.period)
            found.lay(slot, measured.slices.between(start, end))
            quarantined += measured.quarantined
            if measured.failure is not None:
                failures[key] = measured.failure
    return type(collect(mine, shard(indicators), (), start, start, now=now))(found, failures, quarantined)


some = st.lists(st.sampled_from(QUERIES), min_size=1, max_size=2).map(tuple)
proofs = st.none() | st.builds(Proof, st.sampled_from(QUERIES), st.none() | st.just(Decimal(1)))
kinds: st.SearchStrategy[Indicator] = st.one_of(
    st.builds(lambda total, bad, proof: EventRatio(total, bad=bad, proof=proof), some, some, proofs),
    st.builds(lambda total, good: EventRatio(total, good=good), some, some),
    st.builds(RateRatio, st.sampled_from(QUERIES), st.sampled_from(QUERIES)),
    st.builds(TimeSlice, st.sampled_from(QUERIES), st.just("<="), st.just(Decimal(3))),
)
counts = st.one_of(st.integers(0, 9).map(float), st.sampled_from([0.5, -1.0, nan, inf, 1e13]))
series = st.dictionaries(st.integers(-8, 30), counts, max_size=12)


@settings(deadline=None)
@given(
    st.lists(kinds, min_size=1, max_size=6),
    st.tuples(*[series] * len(QUERIES)),
    st.sets(st.sampled_from(QUERIES), max_size=1),
    st.integers(0, 4),
    st.integers(1, 24),
    st.none() | st.integers(0, 30),
)
def test_a_shard_is_collected_as_each_of_its_indicators_alone(
    found: list[Indicator],
    said: tuple[dict[int, float], ...],
    failing: set[MetricQuery],
    first: int,
    length: int,
    fine: int | None,
) -> None:
    source = MemorySource(failing=dict.fromkeys(failing, "denied"), fine_minutes=fine)
    for query, values in zip(QUERIES, said, strict=True):
        for minute, value in values.items():
            source.report(query, START + minute, value)
    indicators = {f"i{n}": indicator for n, indicator in enumerate(found)}
    start, end = START + first, START + first + length

    together = collect(watch(source, indicators), shard(indicators), tuple(indicators), start, end, now=end)
    alone = one_by_one(source, indicators, start, end, end)

    assert together.block.counts.tolist() == alone.block.counts.tolist()
    assert together.block.coarse.tolist() == alone.block.coarse.tolist()
    assert together.failures == alone.failures
    assert list(together.failures) == [key for key in indicators if key in together.failures], "told in the shard's order"
    assert together.quarantined == alone.quarantined


def test_a_long_history_is_counted_a_few_indicators_at_a_time_and_none_is_lost() -> None:
    indicators = {f"i{n}": EventRatio((QUERIES[n],), bad=(QUERIES[3],)) for n in range(3)}
    length, source = TABLE // 2 + 1, MemorySource()
    for query in QUERIES[:3]:
        source.report(query, START, 7)
        source.report(query, START + length - 1, 8)

    block = collect(watch(source, indicators), shard(indicators), tuple(indicators), START, START + length, now=START).block

    assert block.counts[:, MEASURED].sum() == 6
    assert np.array_equal(block.counts[[0, -1], TOTAL, 1:], [[7, 7, 7], [8, 8, 8]])
