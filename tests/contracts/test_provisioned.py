"""What every Resources does, on the in-memory twin and on CloudWatch and SNS: boto3 over HTTP to the simulator and to moto."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from alerts.composite import CompositeAlarm
from app.aws.alarms import AwsAlarms
from app.aws.mutes import AwsMutes
from app.aws.queues import AwsQueues
from app.aws.session import AwsSession
from app.aws.topics import AwsTopics
from app.memory.resources import MemoryResources
from slo.errors import SourceError
from slo.plan import Change, Field
from slo.resource import ESTATE, MANAGED_BY, ORDER, OWNER, Resource
from tests.support.account import account
from tests.support.moto_account import ONE_TRY
from tests.support.wishes import PAGER, desired, small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import Resources
    from slo.resource import Kind, Live

WANTED = desired()
QUEUE = next(r for r in WANTED if r.kind == "queue")
HEARTBEAT = next(r for r in WANTED if r.name.endswith("/heartbeat"))
NEEDED_BY: dict[str, tuple[str, ...]] = {
    "composite": ("alarm", "composite"),
    "subscription": ("queue", "topic", "subscription"),
}
"""Kind -> what must be there with it."""


class World(Protocol):
    def read(self, estate: str) -> Sequence[Live]: ...

    def write(self, change: Change) -> None: ...


class AwsWorld:
    """All adapters as one, on the places of the small estate. moto knows no mute rules."""

    def __init__(self, *, mutes: bool = True) -> None:
        places = wanted().places
        session = AwsSession({a.name: a for a in small_estate().accounts}, config=ONE_TRY)
        self._adapters: tuple[Resources, ...] = (
            AwsQueues(session, places, lambda: None),
            AwsTopics(session, places, PAGER, lambda: None),
            AwsAlarms(session, places, lambda: None),
            *((AwsMutes(session, places, lambda: None),) if mutes else ()),
        )

    def read(self, estate: str) -> Sequence[Live]:
        return [live for adapter in self._adapters for live in adapter.read(estate)]

    def write(self, change: Change) -> None:
        next(a for a in self._adapters if change.resource.kind in a.kinds).write(change)


@pytest.fixture(params=["memory", "aws", "moto"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryResources(PAGER)
        return
    if request.param == "moto":
        request.getfixturevalue("moto")
        yield AwsWorld(mutes=False)
        return
    with account() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield AwsWorld()


def resource(kind: Kind, name: str = "") -> Resource:
    return next(r for r in WANTED if r.kind == kind and name in r.name)


def create(world: World, *resources: Resource) -> None:
    for one in resources:
        world.write(Change("create", None, one))


def found(world: World, one: Resource) -> Resource | None:
    return next((live.resource for live in world.read("small") if live.resource.identity == one.identity), None)


@pytest.mark.parametrize("kind", sorted({one.kind for one in WANTED}))
def test_everything_made_reads_back_as_it_was_declared(world: World, kind: Kind) -> None:
    kinds, apart = NEEDED_BY.get(kind, (kind,)), (HEARTBEAT,) if kind == "alarm" else ()
    made = sorted((r for r in WANTED if r.kind in kinds and r not in apart), key=lambda one: ORDER.index(one.kind))
    create(world, *made)
    read = {live.resource.identity: live.resource for live in world.read("small")}
    assert read.keys() == {one.identity for one in made}
    for one in made:
        assert read[one.identity].spec == one.spec, one.name
        assert read[one.identity].belongs_to("small"), one.name


def test_an_alarm_that_warms_up_reads_back_as_it_was_declared(world: World) -> None:
    assert "WarmUpConfiguration" in HEARTBEAT.spec
    create(world, HEARTBEAT)
    assert found(world, HEARTBEAT) == HEARTBEAT


def test_nothing_is_found_where_nothing_was_made(world: World) -> None:
    assert world.read("small") == []


def test_an_update_overwrites_the_alarm_and_tags_it_anew(world: World) -> None:
    was = resource("alarm", "database/cpu-high")
    create(world, resource("topic"), was)
    now = replace(was, spec={**was.spec, "Threshold": 42}, tags={**was.tags, OWNER: "team-new"})
    world.write(Change("update", was, now, (Field("Threshold", 90, 42), Field(f"tags.{OWNER}", "unset", "team-new"))))
    assert found(world, was) == now


def test_tags_alone_are_mended_without_touching_the_alarm(world: World) -> None:
    was = resource("alarm")
    create(world, replace(was, tags={MANAGED_BY: "sloop", ESTATE: "small", "team": "theirs"}))
    world.write(Change("tag", was, was, (Field(f"tags.{OWNER}", None, was.tags[OWNER]),)))
    now = found(world, was)
    assert now is not None
    assert now.tags == {**was.tags, "team": "theirs"}


def test_a_topic_can_be_tagged_and_told_to_sign_anew(world: World) -> None:
    was = resource("topic", "tickets")
    create(world, replace(was, spec={}))
    world.write(Change("update", replace(was, spec={}), replace(was, tags={**was.tags, "x": "y"})))
    now = found(world, was)
    assert now is not None
    assert (now.spec, now.tags) == (was.spec, {**was.tags, "x": "y"})


def test_tags_of_a_topic_are_mended_without_touching_those_of_others(world: World) -> None:
    was = resource("topic", "tickets")
    create(world, replace(was, tags={"team": "theirs"}))
    world.write(Change("tag", was, was))
    now = found(world, was)
    assert now is not None
    assert now.tags == {**was.tags, "team": "theirs"}


def test_a_composite_needs_its_children_first_and_they_outlive_it(world: World) -> None:
    above = resource("composite", "availability")
    below = CompositeAlarm.of(above.name, above.spec["AlarmRule"]).children
    children = [one for one in WANTED if one.name in below and one.region == above.region]
    with pytest.raises(SourceError, match="do not exist"):
        create(world, above)
    create(world, *children, above)
    with pytest.raises(SourceError, match="depend"):
        world.write(Change("delete", children[0], None))
    for one in (above, *children):
        world.write(Change("delete", one, None))
    assert world.read("small") == []


def test_deleting_what_is_gone_already_is_done(world: World) -> None:
    for one in (resource("alarm"), resource("topic"), resource("composite")):
        world.write(Change("delete", one, None))
    assert world.read("small") == []


def test_a_deleted_topic_takes_its_subscription_along(world: World) -> None:
    topic, subscription = resource("topic", "pages"), resource("subscription")
    create(world, topic, subscription)
    assert found(world, subscription) == subscription
    world.write(Change("delete", topic, None))
    assert world.read("small") == []


def test_the_address_of_the_pager_is_never_read_back(world: World) -> None:
    create(world, resource("topic", "pages"), resource("subscription"))
    assert "secret-key" not in repr(world.read("small"))


def test_an_address_other_than_the_planned_one_is_refused(world: World) -> None:
    subscription = resource("subscription")
    other = replace(subscription, spec={**subscription.spec, "EndpointSha256": "0" * 16})
    create(world, resource("topic", "pages"))
    with pytest.raises(SourceError, match="SLOOP_PAGER_ENDPOINT"):
        create(world, other)


def test_a_subscription_gets_its_queue_back_and_keeps_its_address(world: World) -> None:
    topic, was = resource("topic", "pages"), resource("subscription", "pages")
    bare = replace(was, spec={**was.spec, "RawMessageDelivery": True, "RedrivePolicy": {"deadLetterTargetArn": QUEUE.name}})
    create(world, QUEUE, topic, was)
    world.write(Change("update", was, bare))
    assert found(world, was) == bare
    world.write(Change("update", bare, was))
    assert found(world, was) == was


def test_a_queue_is_changed_tagged_and_deleted_like_the_others(world: World) -> None:
    create(world, QUEUE)
    now = replace(QUEUE, spec={**QUEUE.spec, "MessageRetentionPeriod": 60}, tags={**QUEUE.tags, OWNER: "team-new"})
    world.write(Change("update", QUEUE, now))
    assert found(world, QUEUE) == now
    mended = replace(now, tags={**now.tags, "x": "y"})
    world.write(Change("tag", now, mended))
    assert found(world, QUEUE) == mended
    world.write(Change("delete", mended, None))
    world.write(Change("delete", mended, None))
    assert world.read("small") == []


def test_a_subscription_of_somebody_else_is_not_ours(world: World) -> None:
    topic = resource("topic", "pages")
    create(world, replace(topic, tags={**topic.tags, "sloop:pager": "0" * 16}), resource("subscription"))
    (live,) = [one for one in world.read("small") if one.resource.kind == "subscription"]
    assert not live.resource.belongs_to("small")


def test_another_estate_with_a_longer_name_is_not_seen(world: World) -> None:
    estate = small_estate(name="small-copy")
    create(world, *(one for one in desired(estate) if one.kind in ("topic", "alarm")))
    assert world.read("small") == []
