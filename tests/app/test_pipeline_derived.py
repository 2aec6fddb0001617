"""Whatever a budget counts, the service and `evaluate` agree: in whatever order the minutes came, and after every start."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import pipeline
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.store.sql import SqlStore
from app.watch import measured_slots, slot_key
from slo.errors import StoreError
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Era, Exclusion, Objective, RuleSpec
from slo.judge.burn import burn
from slo.judge.method import Counted
from slo.judge.period import start, window_of
from tests.support.objectives import objective
from tests.support.rig import DAY, START, Rig, down, indicator, numbers, query, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import Commit, Shard, Store
    from slo.judge.period import Window
    from slo.judge.verdict import Verdict

NINETY = Decimal("0.9")
POLICY = (
    RuleSpec("page", None, 30, 5, factor=Decimal(2)),
    RuleSpec("page", None, 20, None, factor=Decimal(1), strict=True, hold=7),
    RuleSpec("ticket", None, 60, 15, factor=Decimal(1), hold=3, min_bad=2, min_total=4),
)


def of(name: str, budgeting: Budgeting, calendar: Calendar | None = None, *, window: int = 3 * DAY) -> Objective:
    plain = objective("api", target="0.8", window=window if calendar is None else calendar.nominal)
    return replace(plain, id=f"api.{name}", policy=POLICY, budgeting=budgeting, calendar=calendar)


PLAIN = of("plain", Budgeting())
EVERY = (
    PLAIN,
    of("minutes", Budgeting("Timeslices", 1, NINETY), window=90),
    of("five-bad", Budgeting("Timeslices", 5, NINETY, "bad")),
    of("seven-hold", Budgeting("Timeslices", 7, NINETY, "hold"), window=100),
    of("three-good", Budgeting("Timeslices", 3, NINETY, "good"), window=61),
    of("long-hold", Budgeting("Timeslices", 90, NINETY, "hold")),
    of("ratio", Budgeting("RatioTimeslices", 4)),
    of("slice-bad", Budgeting(no_data="bad"), window=45),
    of("slice-hold", Budgeting(no_data="hold")),
    of("hourly", Budgeting(), Calendar(1, "h")),
    of("hourly-fives", Budgeting("Timeslices", 5, NINETY, "hold"), Calendar(1, "h")),
    of("berlin", Budgeting("RatioTimeslices", 7), Calendar(1, "d", "Europe/Berlin")),
)
Kind = Literal["good", "bad", "mixed", "idle", "missing"]
Run = tuple[Kind, int, int]
"""So many minutes of a kind, seen so many minutes late."""
Step = tuple[int, Literal["poll", "restart", "refused", "crash"]]
RUNS = st.lists(
    st.tuples(
        st.sampled_from(["good", "bad", "mixed", "idle", "missing"]),
        st.integers(1, 40),
        st.sampled_from([0, 0, 1, 6, 50]),
    ),
    min_size=1,
    max_size=24,
)
STEPS = st.lists(
    st.tuples(st.integers(1, 80), st.sampled_from(["poll", "poll", "restart", "refused", "crash"])), min_size=1, max_size=8
)


def fed(runs: Sequence[Run], minute: int) -> MemorySource:
    source = MemorySource()
    for kind, length, late in runs:
        for m in range(minute, minute + length):
            if kind != "missing":
                total = {"idle": 0, "good": 20, "bad": 20, "mixed": m * 7 % 23}[kind]
                bad = {"idle": 0, "good": 0, "bad": 9, "mixed": m % 5 * total // 20}[kind]
                traffic(source, [m], total=total, bad=bad, seen_from=m + 1 + late)
                traffic(source, [m], total=total + m % 2, bad=bad, seen_from=m + 1 + late + m % 30)
        minute += length
    return source


@contextmanager
def a_store(*, real: bool) -> Iterator[Store]:
    if not real:
        yield MemoryStore()
        return
    with TemporaryDirectory() as folder:
        store = SqlStore.open(f"sqlite:///{Path(folder) / 'sloop.db'}")
        yield store
        store.close()


def excluded(begin: int, length: int) -> tuple[Exclusion, ...]:
    first = Exclusion(START + begin, START + begin + length, "budget", "test", "us", component="api")
    return (first, replace(first, start=first.end - 2, end=first.end + 11))


def go(rig: Rig, step: Step) -> None:
    """One step of the clock: polled, or loaded anew, with the query refused, or after a source that was away."""
    minutes, how = step
    upto = rig.held.sums.at + minutes
    source = rig.watch.source
    assert isinstance(source, MemorySource)
    source.failing = {query("api", "Errors"): "refused"} if how == "refused" else {}
    if how == "crash":
        source.failures = [down()]
    if how == "restart":
        rig.restart(upto)
    try:
        rig.poll(upto)
    except type(down()):
        rig.restart(upto)


@given(RUNS, STEPS, st.integers(-120, 60), st.integers(-60, 90), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=40)
def test_every_way_of_counting_agrees_with_evaluate_whatever_came_when(
    runs: list[Run], steps: list[Step], begin: int, exclusion: int, switched_on_later: bool, real: bool
) -> None:
    source = fed(runs, START + begin)
    whole = watch(source, *EVERY, exclusions=excluded(exclusion, 17))
    with a_store(real=real) as store:
        rig = Rig(store, watch(source, PLAIN) if switched_on_later else whole).start(START)
        for n, step in enumerate(steps):
            go(rig, step)
            if n == len(steps) // 2 and switched_on_later:
                rig = Rig(store, whole).restart(rig.held.sums.at)
            assert numbers(rig.verdicts()) == numbers(rig.evaluated())
        again = Rig(store, rig.watch).restart(rig.held.sums.at)
        assert numbers(again.verdicts()) == numbers(again.evaluated())


def edited(one: Objective, *edits: int) -> Objective:
    """Its target was another one before each of these minutes."""
    eras = [Era(Decimal(9 - n) / 10, START + edit) for n, edit in enumerate(edits)]
    return replace(one, earlier=tuple(eras))


def burn_by_hand(verdict: Verdict, window: Window, counted: Counted) -> Fraction | None:
    """The contract's sentence: bad / sum of total x (1 - target then in force), over slices that lie in the window whole."""
    one, begin = verdict.objective, start(window, verdict.at)
    bad, allowed, any_events = 0, Fraction(0), False
    for last, total, of_it in zip(counted.last.tolist(), counted.total.tolist(), counted.bad.tolist(), strict=True):
        if begin <= last - counted.width + 1 and last < verdict.at:
            target = next((era.target for era in one.earlier if last < era.until), one.target)
            bad, allowed, any_events = bad + of_it, allowed + total * (1 - Fraction(target)), any_events or total > 0
    return bad / allowed if any_events else None


@given(RUNS, STEPS, st.integers(-120, 60), st.lists(st.integers(-200, 200), max_size=3, unique=True), st.booleans())
@settings(deadline=None, max_examples=20)
def test_f62_what_came_under_an_earlier_target_is_judged_by_that_one(
    runs: list[Run], steps: list[Step], begin: int, edits: list[int], real: bool
) -> None:
    source = fed(runs, START + begin)
    before = [one for one in EVERY if one.id in ("api.plain", "api.five-bad", "api.ratio", "api.hourly-fives")]
    after = [edited(one, *sorted(edits)) for one in before]
    exclusions = excluded(begin, 17)
    with a_store(real=real) as store:
        rig = Rig(store, watch(source, *before, exclusions=exclusions)).start(START)
        for n, step in enumerate(steps):
            go(rig, step)
            if n == len(steps) // 2:
                rig = Rig(store, watch(source, *after, exclusions=exclusions)).restart(rig.held.sums.at)
        for verdict in rig.verdicts():
            one, slices = verdict.objective, rig.slices()["api.availability"]
            counted = Counted.of(slices, one.budgeting, verdict.at)
            assert verdict.burns == {window: burn_by_hand(verdict, window, counted) for window in verdict.windows}
            if verdict.corrected is not None:
                left = Counted.of(slices, one.budgeting, verdict.at, [(e.start, e.end) for e in exclusions])
                assert burn(one, verdict.corrected) == burn_by_hand(verdict, window_of(one), left)


@pytest.mark.parametrize("restart_after", [4, 8, 11])
def test_a_rule_fires_once_it_has_burned_for_the_whole_of_its_hold(store: Store, restart_after: int) -> None:
    patient = replace(PLAIN, policy=(RuleSpec("page", None, 5, None, factor=Decimal(1), hold=10),))
    source = MemorySource()
    traffic(source, range(START - 60, START + 40))
    traffic(source, range(START + 2, START + 30), bad=100)
    rig = Rig(store, watch(source, patient)).start(START)
    rig.polls(START + 1, START + restart_after)

    rig = Rig(store, rig.watch).restart(START + restart_after)
    rig.polls(START + restart_after + 1, START + 20)

    assert [(b.fired_at, b.rule.hold, b.rule.short) for b in rig.breaches()] == [(START + 13, 10, None)]


def test_a_plain_objective_costs_no_slot_but_its_own() -> None:
    plain, source = objective("api"), MemorySource()
    assert watch(source, plain).slot_keys == (slot_key("api.availability", indicator("api")),)
    assert watch(source, plain).derived == {}


def test_a_derived_slot_is_named_by_what_it_counts_and_shown_to_nobody() -> None:
    one = edited(of("x", Budgeting("Timeslices", 5, Decimal("0.90"))), 7)
    raw, counted, since = watch(MemorySource(), one).slot_keys
    same = watch(MemorySource(), replace(one, budgeting=Budgeting("Timeslices", 5, NINETY))).slot_keys
    assert same == (raw, counted, since)
    assert counted.startswith(f"{raw}~timeslices-")
    assert since == f"{counted}~since-{START + 7}"
    assert measured_slots({raw: 0, counted: 1, since: 2}) == {"api.availability": 0}


class Interrupted(MemoryStore):
    """Refuses to commit after so many commits."""

    left = 10**9

    def commit(self, commit: Commit) -> Shard:
        self.left -= 1
        if self.left < 0:
            raise StoreError("the disk is full")
        return super().commit(commit)


def test_derived_history_that_was_interrupted_is_derived_to_its_end_later() -> None:
    source = MemorySource()
    traffic(source, range(START - 3 * DAY, START, 3), bad=7)
    store = Interrupted()
    Rig(store, watch(source, PLAIN)).start(START)
    store.left = 1
    with pytest.raises(StoreError):
        pipeline.load(store, watch(source, *EVERY), START)
    store.left = 10**9

    rig = Rig(store, watch(source, *EVERY)).restart(START)

    assert numbers(rig.verdicts()) == numbers(rig.evaluated())
    assert sum(span.start < START - DAY for _, span in source.fetched) == 1, "derived from what is stored"


def test_a_long_silence_is_derived_as_it_is_read(store: Store) -> None:
    source = fed([("mixed", 600, 0), ("missing", 200, 0), ("good", 3000, 0)], START - 300)
    Rig(store, watch(source, *EVERY)).start(START)

    rig = Rig(store, watch(source, *EVERY)).restart(START + 2 * DAY)

    assert numbers(rig.verdicts()) == numbers(rig.evaluated())
