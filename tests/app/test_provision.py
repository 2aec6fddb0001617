from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.memory.resources import MemoryResources
from app.provision import LOOK_AFTER, TRIES, Provisioner, left_to_do
from slo.errors import ProvisionError, SourceError, Throttled, WrongAccount
from slo.guards import Block, Guard
from slo.plan import make_destroy
from slo.resource import APPLIED
from tests.support.wishes import PAGER, desired, plan_of, small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.plan import Change
    from slo.resource import Live


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
    assert {c.resource.kind for c in outcome.done} == {"queue", "topic", "subscription", "composite"}
    assert pauses == list(LOOK_AFTER)


class Late(MemoryResources):
    """Answers a few times from before the last writes."""

    def __init__(self, late: int) -> None:
        MemoryResources.__init__(self, PAGER)
        self.late = late

    def read(self, estate: str) -> Sequence[Live]:
        self.late -= 1
        return [] if self.late >= 0 else MemoryResources.read(self, estate)


def test_f65_what_aws_does_not_show_yet_is_looked_for_up_to_half_a_minute() -> None:
    pauses: list[float] = []
    outcome = Provisioner([Late(4)], sleep=pauses.append).apply(plan_of())
    assert outcome.failed == ()
    assert pauses == list(LOOK_AFTER[:4])
    assert sum(LOOK_AFTER) == 30


def test_f67_credentials_of_another_account_read_and_write_nothing(world: World) -> None:
    def check() -> None:
        raise WrongAccount("main", "111122223333", "999988887777")

    blind = Provisioner([world.resources], check=check)
    with pytest.raises(WrongAccount, match="999988887777; nothing was read or written"):
        blind.apply(plan_of())
    with pytest.raises(WrongAccount):
        blind.read("small")
    assert world.resources.writes.total() == 0


def test_f68_a_full_account_is_asked_once_and_nothing_is_deleted(world: World) -> None:
    world.apply()
    theirs = replace(next(r for r in desired() if r.kind == "alarm"), name="sloop/small/orphan")
    gone = [r for r in desired() if r.kind == "alarm" and "/database/" in r.name]
    for one in gone:
        del world.resources.kept[one.identity]
    world.resources.kept[theirs.identity] = theirs
    world.resources.quotas["alarm"] = sum(r.kind == "alarm" for r in world.resources.kept.values()) + 1
    plan = plan_of(world.provisioner.read("small"))
    outcome = world.provisioner.apply(plan)
    errors = [f.error for f in outcome.failed]
    assert len(outcome.done) == 1
    assert f"{len(gone) - 1} of kind alarm remain to be made there" in errors[0]
    assert errors[1:-1] == ["not begun: the quota of kind alarm in account main, eu-west-1 is reached"] * (len(gone) - 2)
    assert errors[-1] == "not begun: nothing is deleted after a quota was reached"
    assert theirs.identity in world.resources.kept


def test_f47_a_pager_that_never_confirmed_is_told_by_the_plan_and_is_drift(world: World) -> None:
    world.resources.confirms = False
    world.apply()
    plan = plan_of(world.provisioner.read("small"))
    assert plan.changes == ()
    assert {(d.kind, d.resource.kind) for d in plan.drifted} == {("unconfirmed", "subscription")}


def test_f47_a_topic_that_somebody_deleted_is_drift_and_comes_back(world: World) -> None:
    world.apply()
    topic = next(r for r in desired() if r.name == "sloop-small-pages")
    del world.resources.kept[topic.identity]
    plan = plan_of(world.provisioner.read("small"))
    assert ("missing", topic.identity) in {(d.kind, d.resource.identity) for d in plan.drifted}
    assert topic.identity in {c.resource.identity for c in plan.changes if c.op == "create"}


def test_a_subscription_made_by_hand_is_taken_over_and_gets_its_queue(world: World) -> None:
    world.apply()
    (topic,) = [one for one in world.resources.endpoints if one[3] == "sloop-small-pages"]
    world.resources.endpoints[topic][0].attributes = {"RawMessageDelivery": True}
    plan = plan_of(world.provisioner.read("small"))
    assert [d.kind for d in plan.drifted] == ["changed"]
    tags = dict(world.resources.kept[topic].tags)
    del tags["sloop:pager"]
    world.resources.kept[topic] = replace(world.resources.kept[topic], tags=tags)
    assert world.apply() == (2, [])
    assert plan_of(world.provisioner.read("small")).changes == ()


def test_a_blocked_plan_is_not_begun(world: World) -> None:
    blocked = replace(plan_of(), guard=Guard(0, 0, 5, (Block("last-page", "", "because"),)))
    with pytest.raises(ProvisionError, match="because"):
        world.provisioner.apply(blocked)
    assert world.told == []


def test_a_kind_without_an_adapter_is_a_failure_that_says_so() -> None:
    outcome = Provisioner([]).apply(plan_of())
    assert {f.error for f in outcome.failed} >= {"this program was set up without access to a topic"}


def test_a_plan_for_another_world_is_refused_and_names_what_moved(world: World) -> None:
    world.apply()
    edited = plan_of(world.provisioner.read("small"), small_estate(without=["jobs"]))
    assert left_to_do(edited, world.provisioner.read("small")) == edited
    key = next(c.resource.identity for c in edited.changes if c.op == "delete")
    world.resources.kept[key] = replace(world.resources.kept[key], tags={})
    with pytest.raises(ProvisionError, match=f"{key[3]} changed"):
        left_to_do(edited, world.provisioner.read("small"))


def test_a_change_beside_the_plan_refuses_it_too(world: World) -> None:
    plan = plan_of(world.provisioner.read("small"))
    theirs = replace(next(r for r in desired() if r.kind == "alarm"), name="sloop/small/theirs", tags={})
    world.resources.kept[theirs.identity] = theirs
    with pytest.raises(ProvisionError, match="a resource that the plan does not touch changed"):
        left_to_do(plan, world.provisioner.read("small"))


@pytest.mark.parametrize("stop", [0, 1, 5, 20, 40])
def test_f63_a_plan_that_was_killed_goes_on_with_what_is_left(world: World, stop: int) -> None:
    plan = plan_of(world.provisioner.read("small"))
    for change in plan.changes[:stop]:
        world.resources.write(change)
    rest = left_to_do(plan, world.provisioner.read("small"))
    assert rest.changes == plan.changes[stop:]
    assert world.provisioner.apply(rest).failed == ()
    assert plan_of(world.provisioner.read("small")).changes == ()
    assert left_to_do(plan, world.provisioner.read("small")).changes == ()


def test_f63_a_part_that_somebody_undid_or_changed_meanwhile_refuses_the_rest(world: World) -> None:
    plan = plan_of(world.provisioner.read("small"))
    for change in plan.changes[:20]:
        world.resources.write(change)
    alarm = next(c.resource for c in plan.changes[:20] if c.resource.kind == "alarm")
    world.resources.kept[alarm.identity] = replace(alarm, spec={**alarm.spec, "ActionsEnabled": False})
    with pytest.raises(ProvisionError, match=f"{alarm.name} changed"):
        left_to_do(plan, world.provisioner.read("small"))


def test_destroy_leaves_what_is_not_ours(world: World) -> None:
    world.apply()
    theirs = replace(next(r for r in desired() if r.kind == "alarm"), name="sloop/small/theirs", tags={})
    world.resources.kept[theirs.identity] = theirs
    outcome = world.provisioner.apply(make_destroy("small", wanted().places, world.provisioner.read("small")))
    assert outcome.failed == ()
    assert list(world.resources.kept.values()) == [theirs]
