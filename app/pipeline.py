"""The one data path: collect, slice, keep, windows, change, commit; then judge. The outbox tells, pages show.

What a shard's worker holds in memory is loaded together and dropped together: the stored shard with its watermark T,
the running sums at T, and the open breaches. Whatever goes wrong before the commit, dropping them loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alerts.breach import FLAP_MINUTES, Standing, standing_of
from alerts.naming import breach_id
from app import backfill, failpoints, lanes
from app.change import change, run
from app.collect import collect, patches_of
from app.composite_source import part_states
from app.corrected import corrected
from app.derive import derive, derived_slots
from app.patience import patient, recall, waiting
from app.ports import Commit
from app.sheet import Changes
from app.strip import Touched
from app.telling import Told
from slo.judge import period, windows
from slo.judge.burn import windows_of
from slo.judge.rule_table import RuleTable
from slo.judge.verdict import Circumstances, judge
from slo.judge.windows import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from alerts.breach import Breach, Transition
    from app.derive import DerivedSlot
    from app.ports import Shard, Store
    from app.telling import Tell
    from app.watch import Watch
    from slo.estate.spec import Objective
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Frame
    from slo.units import Minute

LONGEST_CATCH_UP = 1440
"""After a longer silence only the newest minute is judged: nobody is paged now for what happened days ago."""
CHECKPOINT_EVERY = 60


@dataclass(slots=True, eq=False)
class Held:
    """A shard in memory. `failures` is by slot key, of the last poll, and `failing` says since which T;

    `fresh` until T has had its first judgement. `since` says of the rules that wait since which T they burn, by row.
    `hot` are the slot keys that are asked for each minute; while T is ahead of the last whole poll, `behind` are the sums
    there: see `app.lanes`. `touched` says which minutes the commits since then changed.
    """

    shard: Shard
    sums: Sums
    table: RuleTable
    standings: dict[str, Standing]
    derived: tuple[DerivedSlot, ...] = ()
    patient: tuple[int, ...] = ()
    fresh: bool = False
    quarantined: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    failing: dict[str, Minute] = field(default_factory=dict)
    changed: list[Verdict] = field(default_factory=list)
    since: dict[int, Minute] = field(default_factory=dict)
    behind: Sums | None = None
    hot: frozenset[str] = frozenset()
    touched: Touched = field(default_factory=Touched)

    @property
    def last_whole(self) -> Minute:
        """The last T for which every slot was asked."""
        return self.sums.at if self.behind is None else self.behind.at


def load(store: Store, watch: Watch, upto: Minute) -> Held:
    """As stored; history that the sums need and the store lacks is read first, so nothing is judged on half a window."""
    held = _loaded(store, watch, upto)
    if held.behind is None:
        recall(store, held, {})
    else:
        hot = lanes.hot_objectives(watch, held)
        recall(store, held, {}, hot)
        recall(store, held, {}, ~hot, held.behind)
    held.touched = Touched(held.shard.version)
    return held


def _loaded(store: Store, watch: Watch, upto: Minute) -> Held:
    shard = store.open_shard(watch.name, watch.slot_keys, upto)
    oldest, tick = min(period.start(w, upto) for w in watch.windows), shard.tick
    fresh = tick is None or upto - tick > LONGEST_CATCH_UP
    if tick is None:
        return _held_after_first_history(store, watch, shard, oldest, upto)
    if fresh:
        shard = backfill.read_history(store, watch, shard, max(oldest, tick), upto, None)
    held = _held(store, watch, shard, fresh=fresh)
    if backfill.read_quarantined(store, watch, held) | backfill.read_missing(store, watch, held, oldest):
        held = _held(store, watch, store.reload(shard), fresh=fresh)
    if backfill.derive_missing(store, held, oldest):
        held = _held(store, watch, store.reload(shard), fresh=fresh)
    return held


def _held_after_first_history(store: Store, watch: Watch, shard: Shard, oldest: Minute, upto: Minute) -> Held:
    """The sums are taken as the history passes by: reading 30 days of frames back would take as long again."""
    sums = Sums.empty(upto, watch.windows, shard.width)
    shard = backfill.read_history(store, watch, shard, oldest, upto, sums)
    return _held(store, watch, shard, fresh=True, sums=sums)


def _held(store: Store, watch: Watch, shard: Shard, *, fresh: bool = False, sums: Sums | None = None) -> Held:
    table = RuleTable.of(watch.seats(shard.slots), watch.windows)
    sums = sums or store.sums(shard, watch.windows)
    whole, turned = sums.at - sums.at % watch.pace.poll, set[str]()
    behind = None
    if whole < sums.at and not fresh:
        behind = store.sums(replace(shard, tick=whole), watch.windows)
        turned = {row.breach.objective for row in store.breaches_between(whole + 1, sums.at + 1)}
    held = Held(
        shard,
        sums,
        table,
        _standings(store, watch, sums.at),
        derived_slots(watch.derived, shard.slots),
        patient(table.rules),
        fresh,
        behind=behind,
    )
    held.hot = lanes.hot_keys(watch, held, turned)
    return held


def _standings(store: Store, watch: Watch, at: Minute) -> dict[str, Standing]:
    """What is open at T, and what has turned so often that it counts for flap control."""
    known: dict[str, list[Breach]] = {o.id: [] for o, _ in watch.objectives}
    for row in store.breaches_between(at - FLAP_MINUTES, at + 1):
        if row.breach.objective in known:
            known[row.breach.objective].append(row.breach)
    found = {objective: standing_of(breaches, at) for objective, breaches in known.items() if breaches}
    if not watch.flap_transitions:
        found = {objective: Standing(standing.page, standing.ticket) for objective, standing in found.items()}
    return {objective: standing for objective, standing in found.items() if not standing.forgettable}


def poll(store: Store, watch: Watch, held: Held, upto: Minute, tell: Tell) -> None:
    """From the watermark to `upto`, with the last hour read again: one transaction. Fenced: drop `held` and load again.

    Of the hot slots only, unless it is a whole poll: see `app.lanes`.
    """
    at, whole = held.sums.at, lanes.is_whole(watch, held, upto)
    keys = tuple(watch.indicators) if whole else tuple(key for key in watch.indicators if key in held.hot)
    begin = held.last_whole if whole else at
    for sums in lanes.both(held):
        windows.grow(sums, held.shard.width)
    found = collect(watch, held.shard, keys, begin - watch.pace.reread, upto, now=upto)
    missed = _missed_patches(store, watch, held, keys, found.failures, begin - watch.pace.reread)
    changes = Changes((*missed, *patches_of(store, held.shard, found.block, at)), tuple(found.block.frames(at)))
    derived = held.derived if whole else lanes.derived_of(held, keys)
    changes = derive(store, held.shard, derived, held.sums, changes, (begin, upto), upto)
    held.failures = {key: why for key, why in held.failures.items() if key not in keys} | found.failures
    held.quarantined = found.quarantined if whole else held.quarantined
    held.failing = {key: held.failing.get(key, begin) for key in held.failures}
    advance(store, watch, held, changes.patches, changes.frames, upto, tell)


def advance(
    store: Store,
    watch: Watch,
    held: Held,
    patches: Sequence[tuple[Frame | None, Frame]],
    frames: Sequence[Frame],
    upto: Minute,
    tell: Tell,
) -> None:
    """From parsed counts to a durable tick: every minute from T to `upto` is entered, judged and committed at once."""
    whole, last_whole = lanes.is_whole(watch, held, upto), held.last_whole
    known = {**{after.minute: after for _, after in patches}, **{frame.minute: frame for frame in frames}}
    if whole:
        who, transitions = None, _catch_up(store, watch, held, patches, known)
    else:
        who, transitions = lanes.hot_objectives(watch, held), []
        held.behind = held.behind or held.sums.copy()
        _lay(held, patches)
    if patches and held.patient:
        recall(store, held, known, who)
    if held.fresh:
        transitions += change(watch, held, who)
    transitions += run(store, watch, held, upto, known, who)
    oldest = min((after.minute for _, after in patches), default=held.shard.tick or 0)
    due = whole and (upto // CHECKPOINT_EVERY > last_whole // CHECKPOINT_EVERY or held.fresh)
    told = tell(transitions, lambda objective: _judged(store, watch, held, objective)) if transitions else Told()
    _mark(held, told.grouped)
    failpoints.reach("before_commit")
    held.shard = store.commit(
        Commit(
            held.shard,
            upto,
            frames=frames,
            patches=patches,
            transitions=told.transitions,
            standings=tuple(b for s in held.standings.values() for b in s.open),
            messages=told.messages,
            verdicts=tuple(held.changed),
            checkpoint=held.sums if due else None,
            prune_before=upto - watch.retention if due else None,
            prune_hours_before=upto - watch.hours_kept if due else None,
        )
    )
    failpoints.reach("after_commit")
    held.fresh, held.changed = False, []
    held.touched = held.touched.after(held.shard.version, oldest)
    if whole:
        held.hot = lanes.hot_keys(watch, held)


def _catch_up(
    store: Store,
    watch: Watch,
    held: Held,
    patches: Sequence[tuple[Frame | None, Frame]],
    known: Mapping[Minute, Frame],
) -> list[Transition]:
    """The minutes of the fast lane for everybody else: afterwards the sums at T are right for every slot."""
    if held.behind is None:
        _lay(held, patches)
        return []
    at, cold = held.sums.at, ~lanes.hot_objectives(watch, held)
    held.sums, held.behind = held.behind, None
    _lay(held, patches)
    if patches and held.patient:
        recall(store, held, known, cold)
    return run(store, watch, held, at, known, cold)


def _lay(held: Held, patches: Sequence[tuple[Frame | None, Frame]]) -> None:
    for sums in lanes.both(held):
        for before, after in patches:
            if after.minute < sums.at:
                windows.patch(sums, before, after)


def _missed_patches(
    store: Store, watch: Watch, held: Held, keys: Collection[str], failures: Mapping[str, str], end: Minute
) -> tuple[tuple[Frame | None, Frame], ...]:
    """What the indicators that answer again counted while they failed, before the minutes that every poll reads again."""
    back = {key: since for key, since in held.failing.items() if key in keys and key not in failures}
    start = max(min(back.values(), default=end), end - backfill.HISTORY_CHUNK)
    if start >= end:
        return ()
    block = collect(watch, held.shard, tuple(back), start, end, now=held.sums.at).block
    return patches_of(store, held.shard, block, end)


def verdicts(store: Store, watch: Watch, held: Held, known: Callable[[Objective, str], Circumstances]) -> Iterator[Verdict]:
    """The verdict of every objective of the shard: of the hot ones at T, of the others at the last whole poll."""
    for n, (objective, key) in enumerate(watch.objectives):
        yield _verdict(store, watch, held, n, known(objective, key))


def _judged(store: Store, watch: Watch, held: Held, objective_id: str) -> Verdict | None:
    """For a message: of the sums that opened the breach, whatever else is known."""
    places = (n for n, (objective, _) in enumerate(watch.objectives) if objective.id == objective_id)
    n = next(places, None)
    return None if n is None else _verdict(store, watch, held, n, Circumstances())


def _verdict(store: Store, watch: Watch, held: Held, n: int, circumstances: Circumstances) -> Verdict:
    objective, key = watch.objectives[n]
    seat, sums = held.table.seats[n], lanes.sums_for(held, key)
    return judge(
        objective,
        sums.at,
        {w: seat.counts(sums, w) for w in windows_of(objective)},
        sums.first_measured(seat.minutes),
        circumstances=circumstances,
        corrected=corrected(store, held.shard, watch.estate, seat, sums),
        waiting=waiting(held, n, sums.at),
        data_version=held.shard.version,
        parts=part_states(watch, key, sums.at),
    )


def _mark(held: Held, grouped: Mapping[str, str]) -> None:
    """What is told in a group says so for as long as it is open."""
    if grouped:
        for objective, standing in held.standings.items():
            page = standing.page
            if page is not None and (key := grouped.get(breach_id(page))) is not None:
                held.standings[objective] = replace(standing, page=replace(page, told_as=key))
