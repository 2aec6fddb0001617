"""Mute rules and who changed what, on the in-memory twins and on the simulator over HTTP; moto knows neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from alerts.mutes import mute_rules
from app.aws.mutes import AwsMutes
from app.aws.session import AwsSession
from app.aws.trail import MOST_ASKED, AwsTrail
from app.memory.resources import MemoryResources
from app.memory.trail import MemoryTrail
from app.ports import Author, Untold
from slo.estate.spec import Exclusion
from slo.plan import Change
from slo.resource import OWNER, Resource
from tests.support.account import NOW, Account, account
from tests.support.wishes import PAGER, desired, small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Resources, Trail

SMALL = small_estate()
START = int(NOW) // 60 + 60
WINDOW = Exclusion(START, START + 120, "mute", "moving", None, component="shop")
(RULE,) = mute_rules(replace(SMALL, exclusions=(WINDOW,)), desired(SMALL))


@dataclass
class World:
    """`aws` is None of the twins."""

    mutes: Resources
    trail: Trail
    aws: Account | None

    def read(self) -> list[Resource]:
        return [live.resource for live in self.mutes.read("small")]


@pytest.fixture(params=["memory", "aws"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "memory":
        changes = {RULE.identity: [Author("user/test", datetime.fromtimestamp(NOW, UTC), "PutAlarmMuteRule")]}
        yield World(MemoryResources(PAGER), MemoryTrail(changes), None)
        return
    with account() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        session, places = AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places
        yield World(AwsMutes(session, places, lambda: None), AwsTrail(session, places, lambda: None), found)


def test_a_window_reads_back_as_it_was_declared(world: World) -> None:
    world.mutes.write(Change("create", None, RULE))
    assert world.read() == [RULE]


def test_a_window_is_moved_tagged_anew_and_taken_back(world: World) -> None:
    world.mutes.write(Change("create", None, RULE))
    later = replace(RULE, spec={**RULE.spec, "Duration": "PT4H"}, tags={**RULE.tags, OWNER: "team-new"})
    world.mutes.write(Change("update", RULE, later))
    assert world.read() == [later]
    tagged = replace(later, tags={**later.tags, "x": "y"})
    world.mutes.write(Change("tag", later, tagged))
    assert world.read() == [tagged]
    world.mutes.write(Change("delete", tagged, None))
    world.mutes.write(Change("delete", tagged, None))
    assert world.read() == []


def test_rules_of_others_are_not_seen(world: World) -> None:
    for name in ("sloop/small-copy/mute/shop/x", "theirs"):
        world.mutes.write(Change("create", None, replace(RULE, name=name)))
    assert world.read() == []


def test_who_made_a_change_and_when_is_told(world: World) -> None:
    world.mutes.write(Change("create", None, RULE))
    when = datetime.fromtimestamp(NOW, UTC)
    assert world.trail.who_changed(RULE) == Author("user/test", when, "PutAlarmMuteRule")
    unknown = world.trail.who_changed(replace(RULE, name="sloop/small/mute/other"))
    assert isinstance(unknown, Untold)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def test_a_rule_whose_window_is_over_is_gone(aws: Account) -> None:
    mutes = AwsMutes(AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places, lambda: None)
    mutes.write(Change("create", None, RULE))
    assert [live.status for live in mutes.read("small")] == ["SCHEDULED"]
    aws.clock.advance(3600)
    assert [live.status for live in mutes.read("small")] == ["ACTIVE"]
    aws.clock.advance(2 * 3600)
    assert mutes.read("small") == []


def trail_of(aws: Account) -> AwsTrail:
    assert aws.url
    return AwsTrail(AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places, lambda: None)


def by_hand(aws: Account) -> Resource:
    """An alarm that somebody overwrote, and whose actions somebody disabled after that."""
    alarm = next(r for r in desired(SMALL) if r.name.endswith("/cpu-high"))
    cloudwatch: Any = aws.client("cloudwatch", alarm.region)
    cloudwatch.put_metric_alarm(AlarmName=alarm.name, **alarm.spec)
    aws.clock.advance(60)
    cloudwatch.disable_alarm_actions(AlarmNames=[alarm.name])
    aws.clock.advance(60)
    cloudwatch.set_alarm_state(AlarmName=alarm.name, StateValue="OK", StateReason="test")
    return alarm


def test_the_last_change_counts_and_what_changes_nothing_does_not(aws: Account) -> None:
    told = trail_of(aws).who_changed(by_hand(aws))
    assert told == Author("user/test", datetime.fromtimestamp(NOW + 60, UTC), "DisableAlarmActions")


def test_only_some_are_looked_up(aws: Account) -> None:
    trail, alarm = trail_of(aws), by_hand(aws)
    aws.forget()
    told = [trail.who_changed(alarm) for _ in range(MOST_ASKED + 1)]
    assert told[-1] == Untold(f"CloudTrail was asked about {MOST_ASKED} others already")
    assert aws.asked == {"LookupEvents": MOST_ASKED}


def test_where_cloudtrail_cannot_be_read_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with account() as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        trail = AwsTrail(AwsSession({a.name: a for a in SMALL.accounts}), wanted(SMALL).places, lambda: None)
        alarm = by_hand(found)
        found.around.trail.events[-1]["CloudTrailEvent"] = "no json"
        told = trail.who_changed(alarm)
        assert isinstance(told, Author)
        assert told.who == "test"
    elsewhere = trail.who_changed(replace(alarm, region="", account=""))
    assert elsewhere == Untold("CloudTrail keeps no such resource")
