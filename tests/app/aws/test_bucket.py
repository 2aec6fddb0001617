from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from app.aws.bucket import RECOVERY_SECONDS, SLOWEST, TokenBucket


@dataclass
class Wall:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_calls_of_one_second_may_come_at_once_and_the_next_ones_wait_their_turn() -> None:
    bucket = TokenBucket(Wall(), fastest=4)
    assert [bucket.take() for _ in range(7)] == [0, 0, 0, 0, 0.25, 0.5, 0.75]


def test_f01_throttling_halves_the_rate_and_it_recovers_slowly() -> None:
    wall = Wall()
    bucket = TokenBucket(wall, fastest=40)
    bucket.throttled()
    assert bucket.rate == 20
    assert bucket.take() == 1 / 20  # nothing is left of the burst
    wall.now += RECOVERY_SECONDS / 4
    bucket.take()
    assert bucket.rate == 30
    wall.now += RECOVERY_SECONDS
    bucket.take()
    assert bucket.rate == 40


def test_calls_that_are_refused_together_slow_down_once() -> None:
    wall = Wall()
    bucket = TokenBucket(wall, fastest=40)
    for _ in range(9):
        bucket.throttled()
    assert bucket.rate == 20
    wall.now += 1
    bucket.throttled()
    assert 10 <= bucket.rate < 10.1


def test_it_never_stops() -> None:
    wall = Wall()
    bucket = TokenBucket(wall)
    for _ in range(50):
        wall.now += 1
        bucket.throttled()
    assert bucket.rate == SLOWEST


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=200))
def test_whatever_comes_no_more_calls_start_than_the_fastest_rate_allows(steps: list[tuple[float, bool]]) -> None:
    wall = Wall()
    bucket = TokenBucket(wall, fastest=8)
    begun = wall.now
    starts = []
    for passed, refused in steps:
        wall.now += passed
        starts.append(wall.now + bucket.take())
        if refused:
            bucket.throttled()
    last = max(starts)
    assert len(starts) <= 8 + 8 * (last - begun) + 1e-6
