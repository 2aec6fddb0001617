from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alerts.backtest import Terms, play
from app.memory.source import MemorySource
from tests.support.rig import DAY, START, Rig, traffic, watch

if TYPE_CHECKING:
    from alerts.breach import Breach
    from app.ports import Store

BURSTS = (10, 35, 60, 85)
"""Minutes of many errors, 25 apart: the 5 m window clears after 5, and 15 quiet minutes resolve what it paged for."""
LAST = START + 240


def bursting() -> MemorySource:
    source = MemorySource()
    traffic(source, range(START - DAY, LAST), total=100)
    traffic(source, [START + burst for burst in BURSTS], total=100, bad=88)
    return source


def pages(breaches: list[Breach]) -> list[tuple[int, int | None, bool]]:
    return sorted((b.fired_at, b.resolved_at, b.flapping) for b in breaches if b.severity == "page")


@pytest.mark.parametrize("turns", [0, 4])
def test_f51_the_service_holds_a_flapping_breach_open_as_the_backtest_does_whatever_is_restarted(
    store: Store, turns: int
) -> None:
    rig = Rig(store, replace(watch(bursting()), flap_transitions=turns)).start(START)
    for minute in range(START + 1, LAST + 1, 7):
        rig.polls(rig.held.sums.at + 1, minute)
        rig.restart(minute)
    rig.polls(rig.held.sums.at + 1, LAST)

    [played] = play(rig.watch.estate, rig.slices(), Terms(START, LAST, flap_transitions=turns))

    told = pages(rig.breaches())
    assert told == pages(list(played.breaches))
    assert [flapping for _, _, flapping in told].count(True) == bool(turns)
    assert len(told) == (3 if turns else len(BURSTS))
