"""History that the sums need and the store lacks, from the source or derived from stored minutes: committed chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.collect import Block, collect, patches_of
from app.derive import derive, derived_slots
from app.ports import Commit
from app.sheet import Changes
from slo.judge import windows
from slo.judge.windows import Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.derive import DerivedSlot
    from app.pipeline import Held
    from app.ports import Shard, Store
    from app.watch import Watch
    from slo.units import Minute

HISTORY_CHUNK = 5 * 1440
"""Minutes of history read and committed at once: memory stays bounded, and a restart goes on where it was."""
DERIVED_CHUNK = 1440
"""Minutes of history derived and committed at once."""


def read_history(store: Store, watch: Watch, shard: Shard, start: Minute, end: Minute, sums: Sums | None) -> Shard:
    """Kept chunk by chunk; added to `sums`, which stand at `end`, where the caller has no older frames to count."""
    derived = derived_slots(watch.derived, shard.slots)
    known = sums or (store.sums(shard, ()) if derived else Sums.empty(end, (), shard.width))
    for first in range(start, end, HISTORY_CHUNK):
        last = min(first + HISTORY_CHUNK, end)
        # What was judged last may have changed since; what was read a chunk ago has not.
        again = watch.pace.reread if shard.tick == first == start else 0
        block = collect(watch, shard, tuple(watch.indicators), first - again, last, now=end).block
        changes = Changes(patches_of(store, shard, block, first), tuple(block.frames(first)))
        changes = derive(store, shard, derived, known, changes, (first, last), last)
        _take(known, block, changes, derived)
        shard = store.commit(Commit(shard, last, frames=changes.frames, patches=changes.patches))
    return shard


def _take(sums: Sums, block: Block, changes: Changes, derived: Sequence[DerivedSlot]) -> None:
    """What was read into the sums that it stands before, which hold nothing of it yet."""
    if derived:
        block = Block.empty(block.start, block.start + len(block.counts), sums.slots)
        for frame in (*(after for _, after in changes.patches), *changes.frames):
            if frame.minute >= block.start:
                block.counts[frame.minute - block.start] = frame.counts
    windows.fill(sums, block.start, block.counts)


def read_missing(store: Store, watch: Watch, held: Held, oldest: Minute) -> bool:
    """History before the first measured minute of each indicator, as late data. False when there was none.

    Newest first: when it is interrupted, what is still missing lies before the first measured minute again.
    """
    at, found = held.sums.at, False
    first_of = {key: held.sums.first_measured(held.shard.slots[key]) for key in watch.indicators}
    missing = {key: at if first is None else first for key, first in first_of.items() if first is None or first > oldest}
    # Asked together with one that has its history, so that a SourceError means the source and not one bad query.
    known = [key for key in first_of if key not in missing][:1]
    for last in range(max(missing.values(), default=oldest), oldest, -HISTORY_CHUNK):
        first = max(last - HISTORY_CHUNK, oldest)
        keys = [*known, *(key for key, until in missing.items() if until > first)]
        patches = patches_of(store, held.shard, collect(watch, held.shard, keys, first, last, now=at).block, last)
        if patches:
            changes = derive(store, held.shard, held.derived, held.sums, Changes(patches, ()), (first, last), at)
            found, held.shard = True, store.commit(Commit(held.shard, at, patches=changes.patches))
            for before, after in changes.patches:
                windows.patch(held.sums, before, after)
    return found


def read_quarantined(store: Store, watch: Watch, held: Held) -> bool:
    """Minutes whose frame was damaged, as late data, and the slices that hold them. False when nothing changed."""
    at, found = held.sums.at, False
    for minute in store.quarantined(held.shard):
        stretch = (minute, minute + 1)
        block = collect(watch, held.shard, tuple(watch.indicators), *stretch, now=at).block
        patches = patches_of(store, held.shard, block, minute + 1)
        changes = derive(store, held.shard, held.derived, held.sums, Changes(patches, ()), stretch, at)
        if changes.patches:
            found, held.shard = True, store.commit(Commit(held.shard, at, patches=changes.patches))
    return found


def derive_missing(store: Store, held: Held, oldest: Minute) -> bool:
    """Of derived slots that are new, from the stored minutes: newest first, as `read_missing`."""
    missing = {one: until for one in held.derived if (until := _underived(held.sums, one, oldest)) is not None}
    at, found = held.sums.at, False
    for last in range(max(missing.values(), default=oldest), oldest, -DERIVED_CHUNK):
        first = max(last - DERIVED_CHUNK, oldest)
        slots = [one for one, until in missing.items() if until > first]
        patches, _ = derive(store, held.shard, slots, held.sums, Changes((), ()), (first, last), at)
        if patches:
            found, held.shard = True, store.commit(Commit(held.shard, at, patches=patches))
    return found


def _underived(sums: Sums, one: DerivedSlot, oldest: Minute) -> Minute | None:
    """Before which minute its slices are missing; None where none are."""
    measured, derived = sums.first_measured(one.of), sums.first_measured(one.slot)
    if measured is None:
        return None
    begin = max(measured, oldest, one.since or 0)
    if (begin // one.width + 1) * one.width > sums.at or (derived is not None and derived // one.width <= begin // one.width):
        return None
    return sums.at if derived is None else derived
