from __future__ import annotations

from app.throttle import Throttle


def test_calls_are_kept_apart_and_a_rest_is_not_saved_up() -> None:
    now = [100.0]
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(round(seconds, 6))
        now[0] += seconds

    pace = Throttle(4, lambda: now[0], sleep)
    pace()
    pace()
    now[0] += 0.1
    pace()
    now[0] += 60
    pace()
    pace()
    assert pauses == [0.25, 0.15, 0.25]
