from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.stream import Share, Stream
from app.simulator.traffic import Traffic

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

START = 1_794_009_600.0
SECONDS = START + np.arange(0, 4 * 3600, 7.0)


def shares() -> SearchStrategy[Share]:
    return st.integers(0, 100).map(lambda percent: Share(percent, 100))


@settings(deadline=None)
@given(
    rate=st.floats(1, 20_000),
    error=shares(),
    failing=shares(),
    begin=st.floats(0, 3 * 3600),
    length=st.floats(1, 3600),
)
def test_no_running_total_falls_and_no_more_fail_than_are_asked(
    rate: float, error: Share, failing: Share, begin: float, length: float
) -> None:
    outage = ((START + begin, START + begin + length),)
    stream = Stream(Traffic(rate, 1, 1), error, outage=outage, failing=failing)
    requests, errors, failures = stream.requests(SECONDS), stream.errors(SECONDS), stream.failures(SECONDS)
    for total in (requests, errors, failures, requests - errors, requests - failures):
        assert (np.diff(total) >= 0).all()
    assert (np.diff(errors - failures) >= 0).all()


def test_an_outage_fails_its_own_share_in_place_of_the_everyday_one() -> None:
    outage = ((START + 3600, START + 7200),)
    stream = Stream(Traffic(6000, 1, 1), Share(1, 100), outage=outage, failing=Share(4, 5))
    ends = np.array([START, *outage[0], START + 4 * 3600])
    (before, within, after), requests = np.diff(stream.errors(ends)), np.diff(stream.requests(ends))
    assert abs(before - requests[0] / 100) <= 1
    assert abs(within - requests[1] * 4 / 5) <= 1
    assert abs(after - requests[2] / 100) <= 1
