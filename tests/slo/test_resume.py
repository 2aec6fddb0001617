from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slo.guards import Permits
from slo.plan import Plan, make_plan
from slo.resource import ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Live, Place, Resource
from slo.resume import remaining

HERE = Place("main", "us-east-1", "111122223333")


def resource(name: str, **spec: Any) -> Resource:
    bare = Resource("alarm", "main", "us-east-1", name, spec)
    return replace(bare, tags={MANAGED_BY: MANAGER, ESTATE: "prod", SPEC_SHA: bare.spec_sha})


def plan(desired: list[Resource], live: list[Resource], permits: Permits | None = None) -> Plan:
    return make_plan("prod", [HERE], desired, list(map(Live, live)), permits=permits or Permits(99, 99))


WORLDS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)).map(lambda d: [resource(n, T=t) for n, t in d.items()])


@settings(deadline=None)
@given(WORLDS.filter(bool), WORLDS, st.integers(0, 12))
def test_f63_wherever_it_stopped_the_rest_is_what_was_not_done(wanted: list[Resource], live: list[Resource], stop: int) -> None:
    made = plan(wanted, live)
    world = {r.identity: r for r in live}
    for change in made.changes[:stop]:
        if change.after is None:
            del world[change.resource.identity]
        else:
            world[change.resource.identity] = change.after
    left = remaining(made, list(map(Live, world.values())))
    assert left is not None
    assert left.changes == made.changes[stop:]
    assert (left.live_sha, left.guard) == (made.live_sha, made.guard)


def test_f63_an_update_that_stopped_between_its_spec_and_its_tags_is_done_again() -> None:
    made = plan([resource("a", T=2)], [resource("a", T=1)])
    half = replace(resource("a", T=1), spec={"T": 2})
    left = remaining(made, [Live(half)])
    assert left is not None
    assert left.changes == made.changes


def test_what_somebody_added_beside_the_change_is_another_world() -> None:
    made = plan([resource("a", T=2)], [resource("a", T=1)])
    for other in (resource("a", T=3), resource("a", T=2, More=1), replace(resource("a", T=2), tags={})):
        assert remaining(made, [Live(other)]) is None
    assert remaining(made, [Live(resource("a", T=2)), Live(resource("b"))]) is None


def test_the_guards_of_a_saved_plan_are_judged_again_by_what_it_may() -> None:
    live = [resource(f"a{n}") for n in range(10)]
    made = plan(live[9:], live, Permits())
    unblocked = replace(made, guard=replace(made.guard, blocks=()))
    left = remaining(unblocked, list(map(Live, live)))
    assert left is not None
    assert [b.code for b in left.guard.blocks] == ["deletes"]
