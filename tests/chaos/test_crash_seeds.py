"""Sloop is killed at random places, by seed: what was committed is delivered, in order, and no incident is left open."""

from __future__ import annotations

import signal
from collections import defaultdict
from itertools import groupby, pairwise
from random import Random
from typing import TYPE_CHECKING, get_args

import pytest

from alerts import naming
from app import failpoints, pipeline
from app.memory.store import MemoryStore
from app.store.sql import SqlStore
from app.telling import Told
from tests.support.lives import Life
from tests.support.seeds import seeds
from tests.support.troubles import OBJECTIVES, START, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.breach import Breach
    from app.ports import Delivery, Store
    from tests.support.lives import Nursery
    from tests.support.topic import Topic

MOST_KILLS = 8
RARE = {"before_enqueue", "after_enqueue"}
"""The keeper has something to tell once or twice in a run."""


@pytest.mark.hypothesis  # so that `make chaos` takes it
@pytest.mark.parametrize("seed", seeds())
def test_f43_f44_what_is_killed_anywhere_delivers_what_it_committed_in_order_and_leaves_nothing_open(
    nursery: Nursery, pages: Topic, on_sqlite: str, seed: int
) -> None:
    _check(nursery, pages, on_sqlite, seed)


@pytest.mark.hypothesis
@pytest.mark.needs("postgres")
@pytest.mark.parametrize("seed", seeds(10))
def test_f43_f44_on_postgresql_what_is_killed_anywhere_delivers_what_it_committed(
    nursery: Nursery, pages: Topic, on_postgres: Callable[[], str], seed: int
) -> None:
    _check(nursery, pages, on_postgres(), seed)


def _check(nursery: Nursery, pages: Topic, database: str, seed: int) -> None:
    dice = Random(f"kills/{seed}")
    pages.forget(_fates(dice))

    killed = _live_to_the_end(nursery, database, seed, dice)

    store = SqlStore.open(database)
    try:
        committed = _committed(store, World.of(seed))
        breaches = [row.breach for row in store.breaches(limit=10_000)]
    finally:
        store.close()
    assert killed, "nothing was put to the test"
    assert _outlines(breaches) == _outlines(_undisturbed(World.of(seed)))
    _check_delivered(pages, committed)
    _check_told(breaches, committed)
    assert {i.status for i in pages.pager.incidents} == {"resolved"}
    assert len(pages.pager.incidents) == sum(_openings(deliveries) for deliveries in committed.values())


def _live_to_the_end(nursery: Nursery, database: str, seed: int, dice: Random) -> list[str]:
    """The failpoints that it died of. The first is one that every run passes often enough."""
    killed: list[str] = []
    wanted = f"{dice.choice(['before_commit', 'after_commit'])}:{dice.randint(1, 20)}"
    for number in range(MOST_KILLS + 1):
        ended = nursery.live(Life(seed, number, database, wanted if number < MOST_KILLS else ""))
        if ended == 0:
            return killed
        assert ended == -signal.SIGKILL, f"life {number} of seed {seed} failed by itself"
        killed.append(wanted)
        name = dice.choice(get_args(failpoints.Name))
        wanted = f"{name}:{1 if name in RARE else dice.randint(1, 8)}"
    raise AssertionError("the last life has no failpoint")


def _fates(dice: Random) -> Callable[[], str]:
    """F45, F46: one call in eight is refused, or taken without an answer."""
    luck = Random(dice.random())
    return lambda: luck.choices(["taken", "refused", "unheard"], [14, 1, 1])[0]


def _committed(store: Store, world: World) -> dict[str, list[Delivery]]:
    """By key, in the order of their numbers."""
    name = world.estate.name
    keys = [naming.key(name, o.id, severity) for o in OBJECTIVES for severity in ("page", "ticket")]
    keys += [naming.group_key(name, component.name) for component in world.estate.components]
    found = {key: sorted(store.sent_as(key, limit=10_000), key=lambda d: d.seq) for key in keys}
    return {key: deliveries for key, deliveries in found.items() if deliveries}


def _check_delivered(pages: Topic, committed: dict[str, list[Delivery]]) -> None:
    """A repetition comes before whatever follows, so that folding what is the same gives the very order of the commits."""
    heard: dict[str, list[str]] = defaultdict(list)
    for key, transition in pages.accepted:
        heard[key].append(transition)
    folded = {key: [transition for transition, _ in groupby(told)] for key, told in heard.items()}
    assert folded == {key: [d.message.transition for d in deliveries] for key, deliveries in committed.items()}


def _check_told(breaches: Sequence[Breach], committed: dict[str, list[Delivery]]) -> None:
    """Whoever had to be told of was, by itself or in a group, and of the end too."""
    told = {d.message.transition for deliveries in committed.values() for d in deliveries}
    for breach in breaches:
        alone = {naming.transition_id(breach, kind) for kind in ("opened", "notified")} & told
        if breach.told_as is not None:
            assert committed[breach.told_as]
            assert not alone
        else:
            assert len(alone) == (breach.notified_at is not None)
            assert (naming.transition_id(breach, "resolved") in told) == bool(alone)


def _openings(deliveries: Sequence[Delivery]) -> int:
    """How many incidents a pager makes of these."""
    states = ["OK", *(d.message.state for d in deliveries)]
    return sum(before == "OK" and after == "ALARM" for before, after in pairwise(states))


def _undisturbed(world: World) -> list[Breach]:
    """What a run without any kill would have stored."""
    store, watch = MemoryStore(), world.watch()
    held = pipeline.load(store, watch, START)
    for at in range(START, world.end + 1, 10):
        pipeline.poll(store, watch, held, at, lambda transitions, _: Told(transitions))
    return [row.breach for row in store.breaches(limit=10_000)]


def _outlines(breaches: Sequence[Breach]) -> list[tuple[object, ...]]:
    """All but how it was told: that goes by which minutes were judged together."""
    return sorted((b.fired_at, b.objective, b.severity, b.resolved_at, b.notified_at) for b in breaches)
