"""Metrics of all components in one question: held as long as allowed, and what was refused never held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.aws.recovery_metrics import RecoveryMetrics
from slo.errors import AccessDenied
from slo.estate.indicator import MetricQuery
from slo.estate.spec import Component, RecoveryTarget
from slo.judge.answer import Series
from slo.judge.mechanism import poll_minutes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ports import Span
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

AT = 1_800_000_000


def query(name: str, region: str = "us-east-1") -> MetricQuery:
    return MetricQuery("main", region, "AWS/RDS", name, (), "Maximum")


class Recording:
    """Answers 1 and keeps what was asked together; refuses what is asked of `denied`."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.denied = ""

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        raise AssertionError((start, end, now))

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        found = [q for q in queries if isinstance(q, MetricQuery)]
        self.asked.append({q.metric for q in found})
        if found[0].region == self.denied:
            raise AccessDenied("cloudwatch:GetMetricData", "no")
        one = Series(np.array([span.end - 1], dtype=np.int64), np.array([1.0]))
        return dict.fromkeys(queries, one)


def test_what_two_components_asked_at_the_last_look_is_one_question_at_the_next() -> None:
    source = Recording()
    metrics = RecoveryMetrics(source)
    for at in (AT, AT + 60):
        for name in ("a", "b"):
            metrics.read(at, [query(name)], 15, 1)
    assert source.asked == [{"a"}, {"b"}, {"a", "b"}]


def test_what_nobody_asked_at_the_last_look_is_not_asked_again() -> None:
    source = Recording()
    metrics = RecoveryMetrics(source)
    metrics.read(AT, [query("gone")], 15, 1)
    for at in (AT + 60, AT + 120):
        metrics.read(at, [query("a")], 15, 1)
    assert source.asked[-1] == {"a"}


def test_what_may_be_old_is_held_and_says_how_old_it_is() -> None:
    source = Recording()
    metrics = RecoveryMetrics(source)
    read = [metrics.read(AT + 60 * minute, [query("a")], 15, 5).at - AT for minute in range(6)]
    assert read == [0, 0, 0, 0, 0, 300]
    assert len(source.asked) == 2


def test_a_region_that_refuses_keeps_no_other_back_and_is_asked_once_a_look() -> None:
    source = Recording()
    source.denied = "us-west-2"
    metrics = RecoveryMetrics(source)
    for at in (AT, AT + 60):
        for name in ("copies", "more"):
            with pytest.raises(AccessDenied):
                metrics.read(at, [query(name, "us-west-2")], 15, 15)
        assert metrics.read(at, [query("a")], 15, 15).at == AT
    assert source.asked == [{"copies"}, {"a"}, {"copies", "more"}]


@pytest.mark.parametrize(("rpo", "minutes"), [(0, 1), (5, 1), (60, 3), (1440, 15), (None, 5)])
def test_metrics_are_read_twenty_times_within_the_tightest_rpo(rpo: int | None, minutes: int) -> None:
    targets = () if rpo is None else (RecoveryTarget("region-loss", 2880, 60), RecoveryTarget("az-loss", rpo, 60))
    assert poll_minutes(Component("media", "s3", recovery=targets)) == minutes
