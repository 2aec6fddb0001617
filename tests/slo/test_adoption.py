from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slo.adoption import make_adopt
from slo.errors import UsageError
from slo.plan import Plan, make_plan
from slo.resource import APPLIED, ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Kind, Live, Place, Resource

HERE = Place("main", "us-east-1", "111122223333")


def wanted(name: str, kind: Kind = "alarm", **spec: Any) -> Resource:
    bare = Resource(kind, "main", "us-east-1", name, spec)
    return replace(bare, tags={MANAGED_BY: MANAGER, ESTATE: "prod", SPEC_SHA: bare.spec_sha})


def theirs(name: str, kind: Kind = "alarm", tags: dict[str, str] | None = None, **spec: Any) -> Resource:
    return Resource(kind, "main", "us-east-1", name, spec, tags or {"team": "x"})


def adopt(desired: list[Resource], live: list[Resource], *names: str) -> Plan:
    return make_adopt("prod", [HERE], desired, list(map(Live, live)), names)


def test_what_is_adopted_gets_tags_and_nothing_else_and_the_next_plan_says_what_differs() -> None:
    desired, live = [wanted("a", T=5)], theirs("a", T=4)
    (change,) = adopt(desired, [live], "a").changes
    assert (change.op, change.after and change.after.spec) == ("tag", live.spec)
    assert all(f.path.startswith("tags.sloop:") for f in change.fields)
    ours = replace(live, tags={**live.tags, **change.resource.tags})
    made = make_plan("prod", [HERE], desired, [Live(ours)])
    assert [(c.op, c.fields[0].path) for c in made.changes] == [("update", "T")]
    assert (made.drifted, made.guard.blocked) == ((), ())


def test_what_is_as_the_estate_wants_it_needs_nothing_more_once_adopted() -> None:
    desired, live = [wanted("a", T=5)], theirs("a", T=5)
    (change,) = adopt(desired, [live], "a").changes
    ours = replace(live, tags={**live.tags, **change.resource.tags})
    assert make_plan("prod", [HERE], desired, [Live(ours)]).changes == ()


def test_only_what_is_named_is_taken_and_what_is_ours_already_stays() -> None:
    desired = [wanted("a"), wanted("b"), wanted("c")]
    made = adopt(desired, [theirs("a"), theirs("b"), wanted("c")], "b", "c", "b")
    assert [c.resource.name for c in made.changes] == ["b"]


def test_a_topic_does_not_get_the_marks_that_say_what_was_applied() -> None:
    topic = wanted("sloop-prod-pages", "topic")
    marked = replace(topic, tags={**topic.tags, APPLIED: "x"})
    (change,) = adopt([marked], [theirs(topic.name, "topic")], topic.name).changes
    assert APPLIED not in change.resource.tags


@pytest.mark.parametrize(
    ("live", "name", "why"),
    [
        ([theirs("z")], "z", "wants nothing of the name z"),
        ([], "a", "there is no alarm a to adopt"),
        ([theirs("a", tags={MANAGED_BY: MANAGER, ESTATE: "other"})], "a", "is of estate other"),
    ],
)
def test_what_cannot_be_adopted_is_wrong_usage(live: list[Resource], name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        adopt([wanted("a")], live, name)
