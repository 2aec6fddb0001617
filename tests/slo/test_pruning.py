from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slo.guards import Permits
from slo.plan import Plan, drift_of, make_plan
from slo.pruning import make_prune, prune_after
from slo.resource import APPLIED, ESTATE, KEPT, MANAGED_BY, MANAGER, PRUNE_AFTER, SPEC_SHA, Kind, Live, Place, Resource

HERE = Place("main", "us-east-1", "111122223333")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ours(name: str, kind: Kind = "alarm", **spec: Any) -> Resource:
    bare = Resource(kind, "main", "us-east-1", name, {"ActionsEnabled": True, **spec})
    return replace(bare, tags={MANAGED_BY: MANAGER, ESTATE: "prod", SPEC_SHA: bare.spec_sha})


def prune(desired: list[Resource], live: list[Resource], at: datetime = NOON, permits: Permits | None = None) -> Plan:
    return make_prune("prod", [HERE], desired, list(map(Live, live)), at, permits or Permits())


def put_aside(one: Resource) -> Resource:
    (change,) = prune([ours("kept")], [one]).changes
    return change.resource


def test_an_orphan_is_made_quiet_first_and_deleted_a_day_later() -> None:
    (change,) = prune([ours("kept")], [ours("kept"), ours("old")]).changes
    assert (change.op, change.resource.name, change.resource.spec["ActionsEnabled"]) == ("update", "old", False)
    quiet = change.resource
    assert quiet.tags[PRUNE_AFTER] == "2026-11-23T12:00:00Z"
    waiting = prune([ours("kept")], [quiet], NOON + timedelta(hours=23, minutes=59))
    assert (waiting.changes, waiting.unchanged) == ((), 1)
    (gone,) = prune([ours("kept")], [quiet], NOON + timedelta(hours=24)).changes
    assert (gone.op, gone.resource.name) == ("delete", "old")


def test_what_is_declared_again_gets_its_actions_back_and_is_not_deleted_later() -> None:
    quiet = put_aside(ours("old"))
    (change,) = make_plan("prod", [HERE], [ours("old")], [Live(quiet)]).changes
    assert (change.op, change.resource.spec["ActionsEnabled"], change.resource.tags[PRUNE_AFTER]) == ("update", True, KEPT)
    again = change.resource
    assert make_plan("prod", [HERE], [ours("old")], [Live(again)]).changes == ()
    (anew,) = prune([ours("kept")], [again], NOON + timedelta(days=9)).changes
    assert (anew.op, anew.resource.tags[PRUNE_AFTER]) == ("update", "2026-12-02T12:00:00Z")


def test_an_alarm_that_was_quiet_already_only_gets_the_mark() -> None:
    (change,) = prune([ours("kept")], [ours("old", ActionsEnabled=False)]).changes
    assert (change.op, [f.path for f in change.fields]) == ("tag", [f"tags.{PRUNE_AFTER}", f"tags.{SPEC_SHA}"])


@pytest.mark.parametrize("said", ["", KEPT, "soon", "2026-11-01T00:00:00"])
def test_a_mark_that_says_no_time_is_none(said: str) -> None:
    assert prune_after(replace(ours("old"), tags={PRUNE_AFTER: said})) is None


def test_what_is_not_ours_or_no_alarm_is_left_alone() -> None:
    theirs = replace(ours("theirs"), tags={})
    assert prune([ours("kept")], [theirs, ours("sloop-prod-tickets", "topic")]).changes == ()


def test_many_deletes_need_their_number_here_too_and_many_quiet_ones_do_not() -> None:
    many = [ours(f"a{n}") for n in range(30)]
    first = prune([ours("kept")], many)
    assert (len(first.changes), first.guard.blocked) == (30, ())
    quiet = [c.resource for c in first.changes]
    later = NOON + timedelta(days=2)
    assert [b.code for b in prune([ours("kept")], quiet, later).guard.blocks] == ["deletes"]
    assert prune([ours("kept")], quiet, later, Permits(destroy=30)).guard.blocked == ()


def test_a_plan_may_leave_orphans_and_what_was_put_aside_is_no_drift() -> None:
    topic = ours("sloop-prod-pages", "topic")
    marked = replace(topic, tags={**topic.tags, APPLIED: "x"})
    live = [Live(marked), Live(ours("old"))]
    assert make_plan("prod", [HERE], [marked], live, keep_orphans=True).changes == ()
    assert [d.kind for d in drift_of("prod", [marked], live)] == ["orphan"]
    assert drift_of("prod", [marked], [Live(marked), Live(put_aside(ours("old")))]) == ()
