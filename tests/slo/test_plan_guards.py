from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from slo.guards import ALLOWABLE, Permits
from slo.plan import make_plan
from slo.resource import COMPONENT, ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Live, Place, Resource

if TYPE_CHECKING:
    from slo.plan import Plan

HERE = Place("main", "us-east-1", "111122223333")
PAGES = HERE.arn("sns", "sloop-prod-pages")
UP, DOWN = "GreaterThanThreshold", "LessThanOrEqualToThreshold"


def ours(name: str, kind: Any = "alarm", *, component: str = "database", **spec: Any) -> Resource:
    bare = Resource(kind, "main", "us-east-1", name, spec)
    return replace(bare, tags={MANAGED_BY: MANAGER, ESTATE: "prod", COMPONENT: component, SPEC_SHA: bare.spec_sha})


def alarm(name: str = "a", *, component: str = "database", kind: Any = "alarm", **spec: Any) -> Resource:
    given = {"ActionsEnabled": True, "AlarmActions": [PAGES], "Threshold": 10, "ComparisonOperator": UP}
    return ours(name, kind, component=component, **{**given, **spec})


TOPIC = ours("sloop-prod-pages", "topic")


def plan(before: list[Resource], after: list[Resource], permits: Permits | None = None, *, protected: bool = True) -> Plan:
    return make_plan(
        "prod",
        [HERE],
        [TOPIC, *after],
        [Live(r) for r in (TOPIC, *before)],
        permits=permits or Permits(),
        protected=["database"] if protected else [],
    )


def codes(made: Plan) -> list[str]:
    return [b.code for b in made.guard.blocks]


def test_disabling_actions_is_blocked_by_name_and_code_and_says_how_to_permit_it() -> None:
    (block,) = plan([alarm(), alarm("b")], [alarm(ActionsEnabled=False), alarm("b")]).guard.blocks
    assert (block.code, block.resource) == ("actions-disabled", "a")
    assert (
        str(block) == "alarm a: its actions would be disabled; say --allow actions-disabled if that is meant [actions-disabled]"
    )


def test_the_last_page_of_a_tier_1_component_is_kept() -> None:
    two = [alarm(), alarm("b")]
    assert codes(plan(two, [alarm()])) == []
    assert codes(plan(two, [])) == ["last-page"]
    assert codes(plan(two, [alarm(AlarmActions=[]), alarm("b", AlarmActions=[])])) == ["last-page"]
    assert codes(plan(two, [], protected=False)) == []
    assert codes(plan([alarm(ActionsEnabled=False)], [])) == []


def test_a_composite_that_takes_over_the_pages_counts() -> None:
    taking = alarm("symptoms", kind="composite")
    assert codes(plan([alarm()], [alarm(AlarmActions=[]), taking])) == []


@pytest.mark.parametrize(
    ("operator", "old", "new", "wider"),
    [
        (UP, 10, 20, False),
        (UP, 10, 20.5, True),
        (UP, 10, 1, False),
        (UP, 0, 1, True),
        (UP, -10, -5, False),
        (UP, -10, -4, True),
        (UP, 0.0144, 0.0288, False),
        (DOWN, 10, 5, False),
        (DOWN, 10, 4.9, True),
        (DOWN, 10, 1000, False),
        (DOWN, 0, -1, True),
        (DOWN, -10, -20, False),
        (DOWN, -10, -21, True),
    ],
)
def test_a_threshold_may_become_quieter_up_to_twofold(operator: str, old: float, new: float, wider: bool) -> None:
    before, after = (alarm(ComparisonOperator=operator, Threshold=t) for t in (old, new))
    assert codes(plan([before], [after])) == (["threshold-widened"] if wider else [])


def test_a_threshold_of_another_kind_of_comparison_says_nothing() -> None:
    assert codes(plan([alarm()], [alarm(Threshold=1000, ComparisonOperator=DOWN)])) == []
    assert codes(plan([alarm()], [alarm(Threshold=None, ThresholdMetricId="band", ComparisonOperator="Other")])) == []


@pytest.mark.parametrize("account", ["111122223333", "999988887777"])
def test_an_alarm_that_would_tell_an_unknown_topic_is_blocked(account: str) -> None:
    strange = f"arn:aws:sns:us-east-1:{account}:somebody"
    made = plan([alarm()], [alarm(OKActions=[strange])])
    assert codes(made) == ["unknown-topic"]
    assert strange in made.guard.blocked[0]
    assert ("in account 999988887777" in made.guard.blocked[0]) == (account == "999988887777")
    assert codes(plan([alarm(OKActions=[strange])], [alarm(OKActions=[strange], Threshold=9)])) == []


def test_a_topic_that_this_very_plan_makes_is_known() -> None:
    made = make_plan("prod", [HERE], [TOPIC, alarm()], [])
    assert made.guard.blocked == ()


@pytest.mark.parametrize(("existing", "changed", "blocked"), [(7, 5, False), (8, 6, True), (40, 20, False), (40, 21, True)])
def test_more_updates_than_five_and_half_are_blocked_but_for_their_exact_number(
    existing: int, changed: int, blocked: bool
) -> None:
    # The topic is one of those that exist.
    before = [alarm(f"a{n}") for n in range(existing - 1)]
    after = [alarm(f"a{n}", Threshold=11) for n in range(changed)] + before[changed:]
    assert codes(plan(before, after)) == (["updates"] if blocked else [])
    assert codes(plan(before, after, Permits(updates=changed))) == []
    assert codes(plan(before, after, Permits(updates=changed + 1))) == (["updates"] if blocked else [])


@pytest.mark.parametrize("code", ALLOWABLE)
def test_a_guard_is_permitted_by_its_own_code_only(code: str) -> None:
    strange = "arn:aws:sns:us-east-1:111122223333:x"
    bad = alarm(ActionsEnabled=False, Threshold=99, OKActions=[strange])
    assert set(codes(plan([alarm()], [bad]))) == set(ALLOWABLE)
    assert set(codes(plan([alarm()], [bad], Permits(codes=frozenset({code}))))) == set(ALLOWABLE) - {code}
    assert codes(plan([alarm()], [bad], Permits(codes=frozenset(ALLOWABLE)))) == []


def test_a_name_that_is_taken_is_permitted_by_nothing_but_adopted() -> None:
    made = plan([replace(alarm(), tags={})], [alarm()], Permits(codes=frozenset({"name-taken"})))
    assert codes(made) == ["name-taken"]
    assert "sloop adopt a" in made.guard.blocked[0]
