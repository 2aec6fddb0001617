"""What every Resources does, on the in-memory twin and on CloudWatch and SNS: boto3 to the simulator over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from app.aws.alarms import AwsAlarms
from app.aws.session import AwsSession
from app.aws.topics import AwsTopics
from app.memory.resources import MemoryResources
from slo.errors import SourceError
from slo.plan import Change, Field
from slo.resource import ESTATE, MANAGED_BY, OWNER, Resource
from tests.support.account import account
from tests.support.wishes import PAGER, desired, small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.resource import Kind, Live

WANTED = desired()


class World(Protocol):
    def read(self, estate: str) -> Sequence[Live]: ...

    def write(self, change: Change) -> None: ...


class AwsWorld:
    """Both adapters as one, on the places of the small estate."""

    def __init__(self) -> None:
        places = wanted().places
        session = AwsSession({a.name: a for a in small_estate().accounts})
        self._adapters = (AwsTopics(session, places, PAGER, lambda: None), AwsAlarms(session, places, lambda: None))

    def read(self, estate: str) -> Sequence[Live]:
        return [live for adapter in self._adapters for live in adapter.read(estate)]

    def write(self, change: Change) -> None:
        next(a for a in self._adapters if change.resource.kind in a.kinds).write(change)


@pytest.fixture(params=["memory", "aws"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryResources(PAGER)
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


def test_everything_made_reads_back_as_it_was_declared(world: World) -> None:
    create(world, *WANTED)
    read = {live.resource.identity: live.resource for live in world.read("small")}
    assert read.keys() == {one.identity for one in WANTED}
    for one in WANTED:
        assert read[one.identity].spec == one.spec, one.name
        assert read[one.identity].belongs_to("small"), one.name


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


def test_a_composite_needs_its_children_first_and_they_outlive_it(world: World) -> None:
    above = resource("composite", "availability")
    children = [one for one in WANTED if one.name.startswith(f"{above.name}/")]
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


def test_a_subscription_of_somebody_else_is_not_ours(world: World) -> None:
    topic = resource("topic", "pages")
    create(world, replace(topic, tags={**topic.tags, "sloop:pager": "0" * 16}), resource("subscription"))
    (live,) = [one for one in world.read("small") if one.resource.kind == "subscription"]
    assert not live.resource.belongs_to("small")


def test_another_estate_with_a_longer_name_is_not_seen(world: World) -> None:
    estate = small_estate(name="small-copy")
    create(world, *(one for one in desired(estate) if one.kind in ("topic", "alarm")))
    assert world.read("small") == []
