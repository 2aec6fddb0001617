from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.memory.resources import MemoryResources
from app.provision import TRIES, Provisioner, check_unmoved
from slo.errors import ProvisionError, SourceError, Throttled
from slo.plan import Guard, make_destroy
from slo.resource import APPLIED
from tests.support.wishes import PAGER, desired, plan_of, small_estate, wanted

if TYPE_CHECKING:
    from slo.plan import Change


class World:
    """The twin behind a provisioner whose pauses are only written down."""

    def __init__(self) -> None:
        self.resources = MemoryResources(PAGER)
        self.pauses: list[float] = []
        self.told: list[Change] = []
        self.provisioner = Provisioner([self.resources], sleep=self.pauses.append, told=self.told.append)

    def apply(self, *failures: SourceError) -> tuple[int, list[str]]:
        """How many changes were applied, and the errors of the others."""
        plan = plan_of(self.provisioner.read("small"))
        self.resources.failures = list(failures)
        outcome = self.provisioner.apply(plan)
        return len(outcome.done), [f.error for f in outcome.failed]


@pytest.fixture
def world() -> World:
    return World()


def test_everything_desired_is_there_afterwards_and_the_next_time_nothing_is_written(world: World) -> None:
    assert world.apply() == (len(desired()), [])
    before = world.resources.writes.total()
    assert world.apply() == (0, [])
    assert world.resources.writes.total() == before == len(world.told)


def test_a_throttled_write_is_tried_again_after_growing_pauses(world: World) -> None:
    assert world.apply(*[Throttled("slow down")] * 3) == (len(desired()), [])
    assert world.pauses == [1, 2, 4]


def test_throttling_without_end_is_a_failure(world: World) -> None:
    done, errors = world.apply(*[Throttled("slow down")] * TRIES)
    assert "slow down" in errors[0]
    assert done == len(desired()) - len(errors)


def test_one_refused_change_does_not_keep_the_others_back(world: World) -> None:
    world.apply()
    alarm = next(r for r in desired() if r.name.endswith("/cpu-high"))
    del world.resources.kept[alarm.identity]
    assert world.apply(SourceError("cloudwatch:PutMetricAlarm: ValidationError: no", retryable=False)) == (
        0,
        ["cloudwatch:PutMetricAlarm: ValidationError: no"],
    )
    assert world.apply() == (1, [])


def test_the_mark_is_not_set_as_long_as_anything_failed(world: World) -> None:
    world.apply()
    estate = small_estate(without=["jobs"])
    plan = plan_of(world.provisioner.read("small"), estate)
    world.resources.failures = [SourceError("no", retryable=False)]
    outcome = world.provisioner.apply(plan)
    assert [f.error for f in outcome.failed] == ["no", "not marked as applied, because another change failed"]
    marks = [r.tags[APPLIED] for r in world.resources.kept.values() if APPLIED in r.tags]
    assert marks == [r.tags[APPLIED] for r in desired() if APPLIED in r.tags]


class Forgetful(MemoryResources):
    """Takes every alarm and keeps it with another threshold."""

    def write(self, change: Change) -> None:
        if change.after is not None and "Threshold" in change.after.spec:
            change = replace(change, after=replace(change.after, spec={**change.after.spec, "Threshold": -1}))
        MemoryResources.write(self, change)


def test_what_reads_back_different_was_not_applied() -> None:
    pauses: list[float] = []
    outcome = Provisioner([Forgetful(PAGER)], sleep=pauses.append).apply(plan_of())
    assert {f.error for f in outcome.failed} == {"written, and reads back different in Threshold"}
    assert {c.resource.kind for c in outcome.done} == {"topic", "subscription", "composite"}
    assert pauses == [1, 1]


def test_a_blocked_plan_is_not_begun(world: World) -> None:
    blocked = replace(plan_of(), guard=Guard(0, 0, 5, ("because",)))
    with pytest.raises(ProvisionError, match="because"):
        world.provisioner.apply(blocked)
    assert world.told == []


def test_a_kind_without_an_adapter_is_a_failure_that_says_so() -> None:
    outcome = Provisioner([]).apply(plan_of())
    assert {f.error for f in outcome.failed} >= {"this program was set up without access to a topic"}


def test_a_plan_for_another_world_is_refused_and_names_what_moved(world: World) -> None:
    plan = plan_of(world.provisioner.read("small"))
    check_unmoved(plan, world.provisioner.read("small"))
    world.apply()
    with pytest.raises(ProvisionError, match="sloop-small-pages changed"):
        check_unmoved(plan, world.provisioner.read("small"))


def test_destroy_leaves_what_is_not_ours(world: World) -> None:
    world.apply()
    theirs = replace(next(r for r in desired() if r.kind == "alarm"), name="sloop/small/theirs", tags={})
    world.resources.kept[theirs.identity] = theirs
    outcome = world.provisioner.apply(make_destroy("small", wanted().places, world.provisioner.read("small")))
    assert outcome.failed == ()
    assert list(world.resources.kept.values()) == [theirs]
