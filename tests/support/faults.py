"""A shard with an outage in it, as it is when nothing goes wrong, to compare with what it is when something does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from tests.support.minutes import table
from tests.support.rig import DAY, START, Rig, numbers, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Collection

    from slo.estate.spec import Objective

BURNING = range(START + 12, START + 40)


def source(*, without: Collection[int] = ()) -> MemorySource:
    """Three days of good minutes, then half an hour of nothing but errors, then good ones."""
    made = MemorySource()
    minutes = [m for m in range(START - 3 * DAY, START + 120) if m not in without]
    traffic(made, (m for m in minutes if m not in BURNING))
    traffic(made, (m for m in minutes if m in BURNING), bad=100)
    return made


def polled(upto: int, given: MemorySource | None = None, *objectives: Objective) -> Rig:
    """Every minute, by a process that was never disturbed."""
    rig = Rig(MemoryStore(), watch(given or source(), *objectives)).start(START)
    rig.polls(START + 1, upto)
    return rig


def agree(rig: Rig, other: Rig) -> None:
    """In what was measured, summed, judged and told."""
    one, two = rig.slices(), other.slices()
    assert {name: s.minutes.tolist() for name, s in one.items()} == {name: s.minutes.tolist() for name, s in two.items()}
    assert table(rig.held.sums) == table(other.held.sums)
    assert table(rig.store.sums(rig.held.shard, rig.watch.windows)) == table(rig.held.sums)
    assert numbers(rig.verdicts()) == numbers(other.verdicts())
    assert rig.messages() == other.messages()
