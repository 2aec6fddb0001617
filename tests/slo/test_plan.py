from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import ProvisionError
from slo.guards import Permits
from slo.plan import Field, differences, drift_of, make_destroy, make_plan
from slo.resource import APPLIED, ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Kind, Live, Place, Resource

if TYPE_CHECKING:
    from slo.plan import Plan

HERE = Place("main", "us-east-1", "111122223333")
OURS = {MANAGED_BY: MANAGER, ESTATE: "prod"}


def resource(name: str, kind: Kind = "alarm", **spec: Any) -> Resource:
    bare = Resource(kind, "main", "us-east-1", name, spec)
    return replace(bare, tags={**OURS, SPEC_SHA: bare.spec_sha})


def marked(applied: str = "a1") -> Resource:
    topic = resource("sloop-prod-pages", "topic")
    return replace(topic, tags={**topic.tags, APPLIED: applied})


def plan(desired: list[Resource], live: list[Resource], **options: Any) -> Plan:
    return make_plan("prod", [HERE], desired, [Live(r) for r in live], **options)


def ops(made: Plan) -> list[tuple[str, str]]:
    return [(c.op, c.resource.name) for c in made.changes]


def test_what_is_as_declared_needs_nothing() -> None:
    made = plan([resource("a", Threshold=5)], [resource("a", Threshold=5)])
    assert (made.changes, made.unchanged, made.drifted) == ((), 1, ())


def test_topics_come_first_and_composites_after_the_alarms_they_stand_on_and_deletes_go_the_other_way() -> None:
    new = [resource("new", "composite"), resource("new"), resource("new", "topic")]
    old = [resource("old", "topic"), resource("old"), resource("old", "composite")]
    assert [(c.op, c.resource.kind) for c in plan(new, old).changes] == [
        ("create", "topic"),
        ("create", "alarm"),
        ("create", "composite"),
        ("delete", "composite"),
        ("delete", "alarm"),
        ("delete", "topic"),
    ]


def test_a_composite_that_suppresses_another_is_there_before_it_and_outlives_it() -> None:
    both = [resource("symptoms", "composite", ActionsSuppressor="upstream"), resource("upstream", "composite")]
    assert ops(plan(both, [])) == [("create", "upstream"), ("create", "symptoms")]
    assert ops(plan([resource("a")], [resource("a"), *both])) == [("delete", "symptoms"), ("delete", "upstream")]


def test_the_mark_of_a_topic_is_written_after_everything_else() -> None:
    made = plan([marked("new"), resource("a")], [marked("old"), resource("b")])
    assert ops(made) == [("create", "a"), ("delete", "b"), ("tag", "sloop-prod-pages")]


def test_an_edited_declaration_is_an_update_that_names_its_fields() -> None:
    (change,) = plan([resource("a", Threshold=6)], [resource("a", Threshold=4)]).changes
    assert change.op == "update"
    assert change.fields[0] == Field("Threshold", 4, 6)
    assert [f.path for f in change.fields[1:]] == [f"tags.{SPEC_SHA}"]


def test_a_change_by_hand_is_drift_and_stays_until_it_is_accepted_to_be_overwritten() -> None:
    declared = resource("a", ActionsEnabled=True)
    live = replace(declared, spec={"ActionsEnabled": False})
    made = plan([declared], [live])
    assert (made.changes, made.unchanged) == ((), 0)
    assert [(d.kind, d.fields) for d in made.drifted] == [("changed", (Field("ActionsEnabled", False, True),))]
    (change,) = plan([declared], [live], accept_drift=True).changes
    assert (change.op, change.reason) == ("update", "changed by hand")


def test_a_lost_tag_is_mended_by_a_tag_alone() -> None:
    declared = resource("a")
    lost = replace(declared, tags=OURS)
    (change,) = plan([declared], [lost]).changes
    assert (change.op, [f.path for f in change.fields]) == ("tag", [f"tags.{SPEC_SHA}"])


def test_tags_that_others_added_are_theirs() -> None:
    declared = resource("a")
    assert plan([declared], [replace(declared, tags={**declared.tags, "team": "x"})]).changes == ()


def test_what_is_not_tagged_as_ours_is_left_alone_and_named() -> None:
    theirs = replace(resource("theirs"), tags={"team": "x"})
    another = replace(resource("another"), tags={**OURS, ESTATE: "other"})
    made = plan([resource("a")], [resource("a"), theirs, another])
    assert (made.changes, made.unmanaged) == ((), ("another", "theirs"))


def test_a_name_that_somebody_else_took_blocks_the_plan() -> None:
    made = plan([resource("a", Threshold=1)], [replace(resource("a"), tags={})])
    assert "not tagged as ours" in made.guard.blocked[0]


@pytest.mark.parametrize(("existing", "gone", "blocked"), [(6, 5, False), (7, 6, True), (40, 8, False), (40, 9, True)])
def test_more_deletes_than_five_and_a_fifth_are_blocked(existing: int, gone: int, blocked: bool) -> None:
    live = [resource(f"a{n}") for n in range(existing)]
    assert bool(plan(live[gone:], live).guard.blocked) is blocked


def test_many_deletes_are_permitted_by_their_exact_number() -> None:
    live = [resource(f"a{n}") for n in range(10)]
    assert plan(live[9:], live, permits=Permits(destroy=9)).guard.blocked == ()
    assert plan(live[9:], live, permits=Permits(destroy=10)).guard.blocked != ()


def test_an_estate_that_wants_nothing_is_an_error_and_not_the_end_of_every_alarm() -> None:
    with pytest.raises(ProvisionError, match="nothing to provision"):
        plan([], [resource("a")])


def test_destroy_takes_what_is_ours_and_only_that() -> None:
    live = [marked(), resource("a"), replace(resource("theirs"), tags={})]
    made = make_destroy("prod", [HERE], [Live(r) for r in live])
    assert ops(made) == [("delete", "a"), ("delete", "sloop-prod-pages")]
    assert (made.unmanaged, made.guard.blocked) == (("theirs",), ())


def test_an_alarm_that_vanished_is_drift_only_once_all_of_the_declaration_was_applied() -> None:
    wanted = [marked("now"), resource("a")]
    before = drift_of("prod", wanted, [Live(marked("earlier"))])
    after = drift_of("prod", wanted, [Live(marked("now"))])
    assert before == ()
    assert [(d.kind, d.resource.name) for d in after] == [("missing", "a")]


def test_a_topic_that_vanished_from_under_its_alarms_is_drift() -> None:
    telling = resource("a", AlarmActions=["arn:aws:sns:us-east-1:111122223333:sloop-prod-pages"])
    found = drift_of("prod", [marked(), telling], [Live(telling)])
    assert [(d.kind, d.resource.name) for d in found] == [("missing", "sloop-prod-pages")]
    assert drift_of("prod", [marked(), resource("a")], [Live(resource("a"))]) == ()


def test_an_alarm_that_carries_our_tags_and_nobody_declares_is_an_orphan() -> None:
    found = drift_of("prod", [marked()], [Live(marked()), Live(resource("copy"))])
    assert [(d.kind, d.resource.name) for d in found] == [("orphan", "copy")]


def test_what_has_no_region_is_judged_by_the_marks_of_its_account() -> None:
    board = replace(resource("board", "dashboard"), region="")
    found = drift_of("prod", [marked(), board], [Live(marked())])
    assert [(d.kind, d.resource.name) for d in found] == [("missing", "board")]
    assert drift_of("prod", [marked("new"), board], [Live(marked("old"))]) == ()


def test_differences_go_down_to_the_leaf_and_tell_true_from_one() -> None:
    old = {"a": [{"b": 1}, {"b": 2}], "c": [1], "d": True}
    new = {"a": [{"b": 1}, {"b": 3}], "c": [1, 2], "d": 1}
    assert differences(old, new) == (Field("a[1].b", 2, 3), Field("c", [1], [1, 2]), Field("d", True, 1))


NAMES = st.sampled_from("abcdefgh")
RESOURCES = st.dictionaries(NAMES, st.integers(0, 2)).map(lambda found: [resource(n, Threshold=t) for n, t in found.items()])


@given(RESOURCES.filter(bool), RESOURCES)
def test_after_a_plan_was_carried_out_the_next_one_is_empty(wanted: list[Resource], live: list[Resource]) -> None:
    world = {r.identity: r for r in live}
    for change in plan(wanted, live, accept_drift=True, permits=Permits(len(live), len(live))).changes:
        if change.after is None:
            del world[change.resource.identity]
        else:
            world[change.resource.identity] = change.after
    assert plan(wanted, list(world.values())).changes == ()
    assert world.keys() == {r.identity for r in wanted}
