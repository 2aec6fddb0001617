from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.simulator import statistics
from app.simulator.datastore import DAY, Datastore, newest_end, oldest
from app.simulator.samples import Distribution, Identity, MinuteSums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.simulator.samples import Dimensions, MinuteSamples

NOW = 1_800_000_000.0
MINUTE = int(NOW) // 60
ONE = Identity("Shop", "Constant", frozenset())


@dataclass(frozen=True)
class Constant:
    """One sample of 1 in every minute there ever was or will be."""

    def sums(self, start: int, end: int) -> MinuteSums:
        ones = np.ones(end - start)
        return MinuteSums(ones, ones, ones, ones)

    def distribution(self, start: int, end: int) -> Distribution | None:
        return Distribution(np.arange(end - start), np.ones(end - start), np.ones(end - start))

    def series(self, namespace: str, metric: str, dimensions: Dimensions) -> MinuteSamples | None:
        return self if Identity(namespace, metric, dimensions) == ONE else None

    def identities(self) -> Sequence[Identity]:
        return [ONE]


def read(store: Datastore, text: str, start: int, periods: int, length: int, now: float = NOW) -> list[float | None]:
    values = store.read(ONE, statistics.parse(text), start, periods, length, now=now)
    return [None if np.isnan(v) else float(v) for v in values]


def test_a_minute_of_the_model_shows_five_seconds_after_its_end() -> None:
    store = Datastore(Constant())
    assert read(store, "Sum", MINUTE - 2, 3, 1, NOW + 4.9) == [1.0, None, None]
    assert read(store, "Sum", MINUTE - 2, 3, 1, NOW + 5) == [1.0, 1.0, None]
    assert newest_end(NOW + 5) == MINUTE


@pytest.mark.parametrize("text", ["Sum", "TC(:1)"])
def test_a_period_that_has_begun_shows_the_part_that_has_passed(text: str) -> None:
    assert read(Datastore(Constant()), text, MINUTE - 7, 2, 5, NOW + 5) == [5.0, 2.0]


@pytest.mark.parametrize(("length", "days"), [(1, 15), (2, 15), (5, 63), (10, 63), (60, 455), (1440, 455)])
def test_a_period_reaches_back_as_far_as_aws_keeps_it(length: int, days: int) -> None:
    edge = MINUTE - days * DAY
    assert oldest(length, NOW) == edge
    first = -(-edge // length) * length
    assert read(Datastore(Constant()), "SampleCount", first, 1, length) == [float(length)]
    assert read(Datastore(Constant()), "SampleCount", first - 2 * length, 1, length) == [None]


def test_a_metric_that_was_put_hides_the_one_of_the_model_and_is_seen_at_once() -> None:
    store = Datastore(Constant())
    store.samples(ONE).cell(MINUTE - 1).add_values([(7.0, 2.0)])
    assert read(store, "Sum", MINUTE - 2, 2, 1, NOW) == [None, 14.0]


def test_what_nobody_knows_has_no_datapoints() -> None:
    assert read(Datastore(), "Sum", MINUTE - 2, 2, 1) == [None, None]
