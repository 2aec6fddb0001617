"""The one data path: collect, slice, keep, windows, change, commit; then judge. The outbox tells, pages show.

What a shard's worker holds in memory is loaded together and dropped together: the stored shard with its watermark T,
the running sums at T, and the open breaches. Whatever goes wrong before the commit, dropping them loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from alerts.breach import Reading, Standing, step
from app.ports import Commit
from slo.judge import sli, windows
from slo.judge.burn import RuleTable, budget_of, burn, windows_of
from slo.judge.evaluate import excluded_from
from slo.judge.verdict import judge
from slo.judge.windows import BAD, MEASURED, TOTAL, Counts, Frame, Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alerts.breach import Transition
    from alerts.message import Message
    from app.ports import Shard, Store
    from app.watch import Watch
    from slo.estate.spec import Objective
    from slo.judge.series import Bools, Ints, Slices
    from slo.judge.verdict import Circumstances, Verdict
    from slo.units import Minute

HISTORY_CHUNK = 5 * 1440
"""Minutes of history read and committed at once: memory stays bounded, and a restart goes on where it was."""
LONGEST_CATCH_UP = 1440
"""After a longer silence only the newest minute is judged: nobody is paged now for what happened days ago."""
CHECKPOINT_EVERY = 60


@dataclass(slots=True, eq=False)
class Held:
    """A shard in memory. `failures` is by slot key, of the last poll, and `failing` says since which T;

    `fresh` until T has had its first judgement.
    """

    shard: Shard
    sums: Sums
    table: RuleTable
    standings: dict[str, Standing]
    fresh: bool = False
    quarantined: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    failing: dict[str, Minute] = field(default_factory=dict)
    changed: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive minutes of all slots: counts int64[minute, 3, slot], coarse bool[minute, slot]."""

    start: Minute
    counts: Ints
    coarse: Bools

    @classmethod
    def empty(cls, start: Minute, end: Minute, slots: int) -> Block:
        return cls(start, np.zeros((end - start, 3, slots), np.int64), np.zeros((end - start, slots), bool))

    def lay(self, slot: int, slices: Slices) -> None:
        rows = slices.minutes - self.start
        self.counts[rows, TOTAL, slot], self.counts[rows, BAD, slot] = slices.total, slices.bad
        self.counts[rows, MEASURED, slot], self.coarse[rows, slot] = 1, slices.coarse

    def frames(self, start: Minute) -> Iterator[Frame]:
        """From `start` on, those in which anything was measured."""
        for row in np.flatnonzero(self.counts[:, MEASURED].any(axis=1)):
            if self.start + row >= start:
                yield Frame(self.start + int(row), self.counts[row], self.coarse[row])


def load(store: Store, watch: Watch, upto: Minute) -> Held:
    """As stored; history that the sums need and the store lacks is read first, so nothing is judged on half a window."""
    shard = store.open_shard(watch.name, tuple(watch.indicators), upto)
    oldest, tick = upto - max(watch.lengths), shard.tick
    fresh = tick is None or upto - tick > LONGEST_CATCH_UP
    if tick is None:
        return _held_after_first_history(store, watch, shard, oldest, upto)
    if fresh:
        shard = _read_history(store, watch, shard, max(oldest, tick), upto, None)
    held = _held(store, watch, shard, fresh=fresh)
    if _read_missing_history(store, watch, held, oldest):
        return _held(store, watch, store.reload(shard), fresh=fresh)
    return held


def _held_after_first_history(store: Store, watch: Watch, shard: Shard, oldest: Minute, upto: Minute) -> Held:
    """The sums are taken as the history passes by: reading 30 days of frames back would take as long again."""
    sums = Sums.empty(upto, watch.lengths, shard.width)
    shard = _read_history(store, watch, shard, oldest, upto, sums)
    return _held(store, watch, shard, fresh=True, sums=sums)


def _held(store: Store, watch: Watch, shard: Shard, *, fresh: bool = False, sums: Sums | None = None) -> Held:
    table = RuleTable.of([(o, shard.slots[key]) for o, key in watch.objectives], watch.lengths)
    standings: dict[str, Standing] = {}
    mine = {o.id for o, _ in watch.objectives}
    for row in store.open_breaches():
        breach = row.breach
        if breach.objective in mine:
            old = standings.get(breach.objective, Standing())
            page, ticket = (breach, old.ticket) if breach.severity == "page" else (old.page, breach)
            standings[breach.objective] = Standing(page, ticket)
    return Held(shard, sums or store.sums(shard, watch.lengths), table, standings, fresh)


def _read_history(store: Store, watch: Watch, shard: Shard, start: Minute, end: Minute, sums: Sums | None) -> Shard:
    """Kept chunk by chunk; added to `sums`, which stand at `end`, where the caller has no older frames to count."""
    for first in range(start, end, HISTORY_CHUNK):
        last = min(first + HISTORY_CHUNK, end)
        # What was judged last may have changed since; what was read a chunk ago has not.
        again = watch.pace.reread if shard.tick == first == start else 0
        block = collect(watch, shard, tuple(watch.indicators), first - again, last, now=end).block
        patches = _patches(store, shard, block, first)
        if sums is not None:
            windows.fill(sums, block.start, block.counts)
        shard = store.commit(Commit(shard, last, frames=tuple(block.frames(first)), patches=patches))
    return shard


def _read_missing_history(store: Store, watch: Watch, held: Held, oldest: Minute) -> bool:
    """History before the first measured minute of each indicator, as late data. False when there was none.

    Newest first: when it is interrupted, what is still missing lies before the first measured minute again.
    """
    at, found = held.sums.at, False
    first_of = {key: held.sums.first_measured(slot) for key, slot in held.shard.slots.items()}
    missing = {key: at if first is None else first for key, first in first_of.items() if first is None or first > oldest}
    # Asked together with one that has its history, so that a SourceError means the source and not one bad query.
    known = [key for key in first_of if key not in missing][:1]
    for last in range(max(missing.values(), default=oldest), oldest, -HISTORY_CHUNK):
        first = max(last - HISTORY_CHUNK, oldest)
        keys = [*known, *(key for key, until in missing.items() if until > first)]
        patches = _patches(store, held.shard, collect(watch, held.shard, keys, first, last, now=at).block, last)
        if patches:
            found, held.shard = True, store.commit(Commit(held.shard, at, patches=patches))
    return found


def poll(store: Store, watch: Watch, held: Held, upto: Minute, tell: Callable[[Transition], Message | None]) -> None:
    """From the watermark to `upto`, with the last hour read again: one transaction. Fenced: drop `held` and load again."""
    at = held.sums.at
    found = collect(watch, held.shard, tuple(watch.indicators), at - watch.pace.reread, upto, now=upto)
    missed = _missed_patches(store, watch, held, found.failures, at - watch.pace.reread)
    patches = (*missed, *_patches(store, held.shard, found.block, at))
    held.failures, held.quarantined = found.failures, held.quarantined + found.quarantined
    held.failing = {key: held.failing.get(key, at) for key in found.failures}
    windows.grow(held.sums, held.shard.width)
    advance(store, watch, held, patches, tuple(found.block.frames(at)), upto, tell)


def advance(
    store: Store,
    watch: Watch,
    held: Held,
    patches: Sequence[tuple[Frame | None, Frame]],
    frames: Sequence[Frame],
    upto: Minute,
    tell: Callable[[Transition], Message | None],
) -> None:
    """From parsed counts to a durable tick: every minute from T to `upto` is entered, judged and committed at once."""
    at, sums = held.sums.at, held.sums
    entering = {f.minute: f for f in frames}
    leaving = _leaving(store, held, upto, {**{after.minute: after for _, after in patches}, **entering})
    for before, after in patches:
        windows.patch(sums, before, after)
    transitions = _change(watch, held) if held.fresh else []
    for minute in range(at, upto):
        windows.advance(sums, entering.get(minute), leaving)
        transitions += _change(watch, held)
    due = upto // CHECKPOINT_EVERY > at // CHECKPOINT_EVERY or held.fresh
    held.shard = store.commit(
        Commit(
            held.shard,
            upto,
            frames=frames,
            patches=patches,
            transitions=transitions,
            standings=tuple(b for s in held.standings.values() for b in s.open),
            messages=tuple(m for m in map(tell, transitions) if m is not None),
            verdicts=tuple(held.changed),
            checkpoint=sums if due else None,
            prune_before=upto - watch.retention if due else None,
        )
    )
    held.fresh, held.changed = False, []


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    block: Block
    failures: dict[str, str]
    quarantined: int


def collect(watch: Watch, shard: Shard, keys: Sequence[str], start: Minute, end: Minute, *, now: Minute) -> Collected:
    """Slices of these indicators for start <= minute < end; an indicator that failed is a gap with a reason."""
    block = Block.empty(start, end, shard.width)
    failures: dict[str, str] = {}
    quarantined = 0
    queries = tuple(dict.fromkeys(q for key in keys for q in watch.indicators[key].queries))
    for span in watch.source.spans(start, end, now):
        answers = watch.source.fetch(queries, span)
        for key in keys:
            measured = sli.measure(watch.indicators[key], answers, span.start, span.end, period=span.period)
            quarantined += measured.quarantined
            if measured.failure is not None:
                failures[key] = measured.failure
            block.lay(shard.slots[key], measured.slices.between(start, end))
    return Collected(block, failures, quarantined)


def _missed_patches(
    store: Store, watch: Watch, held: Held, failures: Mapping[str, str], end: Minute
) -> tuple[tuple[Frame | None, Frame], ...]:
    """What the indicators that answer again counted while they failed, before the minutes that every poll reads again."""
    back = {key: since for key, since in held.failing.items() if key not in failures}
    start = max(min(back.values(), default=end), end - HISTORY_CHUNK)
    if start >= end:
        return ()
    block = collect(watch, held.shard, tuple(back), start, end, now=held.sums.at).block
    return _patches(store, held.shard, block, end)


def _patches(store: Store, shard: Shard, block: Block, end: Minute) -> tuple[tuple[Frame | None, Frame], ...]:
    """What the source now says otherwise of minutes before `end`. What was measured once and is absent now stays."""
    stored = {f.minute: f for f in store.frames(shard, block.start, end)}
    changes = []
    for frame in block.frames(block.start):
        if frame.minute >= end:
            break
        before = stored.get(frame.minute)
        after = frame if before is None else _merged(before, frame)
        if before is None or not np.array_equal(after.counts, _widened(before, after.slots).counts):
            changes.append((before, after))
    return tuple(changes)


def _merged(before: Frame, now: Frame) -> Frame:
    old = _widened(before, now.slots)
    seen = now.counts[MEASURED] > 0
    return Frame(now.minute, np.where(seen, now.counts, old.counts), np.where(seen, now.coarse, old.coarse))


def _widened(frame: Frame, slots: int) -> Frame:
    more = slots - frame.slots
    if more <= 0:
        return frame
    return Frame(frame.minute, np.pad(frame.counts, ((0, 0), (0, more))), np.pad(frame.coarse, (0, more)))


def _leaving(store: Store, held: Held, upto: Minute, known: dict[Minute, Frame]) -> dict[Minute, Frame]:
    """Every frame that a window drops between T and `upto`; those just read or corrected win over the stored ones."""
    wanted = {minute - length for minute in range(held.sums.at, upto) for length in held.sums.lengths}
    return {**store.frames_at(held.shard, sorted(wanted - known.keys())), **known}


def _change(watch: Watch, held: Held) -> list[Transition]:
    """One evaluated minute of every objective that burns or has a breach open; all others cannot change."""
    firing = held.table.firing(held.sums)
    touched = {int(n) for n in held.table.objective[firing]}
    if held.standings:
        touched |= {n for n, (o, _) in enumerate(watch.objectives) if o.id in held.standings}
    if not touched:
        return []
    blind = held.table.blind(held.sums)
    changes: list[Transition] = []
    for n in sorted(touched):
        objective = watch.objectives[n][0]
        standing = held.standings.pop(objective.id, Standing())
        standing, found = step(
            objective.id, standing, _reading(watch, held, n, firing, blind), quiet_minutes=watch.quiet_minutes
        )
        changes += found
        if not standing.quiet:
            held.standings[objective.id] = standing
    return changes


def _reading(watch: Watch, held: Held, n: int, firing: Bools, blind: Bools) -> Reading:
    objective, key = watch.objectives[n]
    rows = np.flatnonzero(held.table.objective == n)
    counts = held.sums.window(objective.window, held.shard.slots[key])
    return Reading(
        held.sums.at,
        tuple(held.table.rules[r] for r in rows if firing[r]),
        tuple(held.table.rules[r] for r in rows if blind[r]),
        burn(counts, budget_of(objective)),
        watch.estate.muted(objective, held.sums.at),
    )


def verdicts(store: Store, watch: Watch, held: Held, known: Callable[[Objective, str], Circumstances]) -> Iterator[Verdict]:
    """The verdict of every objective of the shard at T."""
    for objective, key in watch.objectives:
        slot = held.shard.slots[key]
        sums = {w: held.sums.window(w, slot) for w in windows_of(objective)}
        yield judge(
            objective,
            held.sums.at,
            sums,
            held.sums.first_measured(slot),
            circumstances=known(objective, key),
            corrected=_corrected(store, watch, held, objective, slot),
            data_version=held.shard.version,
        )


def _corrected(store: Store, watch: Watch, held: Held, objective: Objective, slot: int) -> Counts | None:
    """The window less what the stored minutes of its budget exclusions hold; overlapping exclusions count once."""
    at = held.sums.at
    excluded = excluded_from(watch.estate, objective, at)
    if not excluded:
        return None
    frames = {
        frame.minute: frame
        for start, end in excluded
        for frame in store.frames(held.shard, max(start, at - objective.window), min(end, at))
    }
    out = sum((f.counts[:, slot] for f in frames.values() if slot < f.slots), np.zeros(3, np.int64))
    return held.sums.window(objective.window, slot) - Counts(*out.tolist())
