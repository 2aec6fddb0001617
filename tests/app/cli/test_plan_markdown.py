from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from app.cli import drift_text
from app.cli.plan_markdown import MOST_BYTES, comment, plan_markdown
from app.memory.trail import MemoryTrail
from app.ports import Author
from slo.guards import Block
from slo.plan import Drift, Field
from slo.resource import Resource
from tests.support.wishes import GOLDEN, plan_of

WHEN = datetime(2026, 11, 20, 12, 3, 11, tzinfo=UTC)
LIVE = Resource("alarm", "main", "eu-west-1", "sloop/small/a", {"ActionsEnabled": False})
GONE = Resource("alarm", "main", "eu-west-1", "sloop/small/b", {})
CHANGED = Drift("changed", LIVE, LIVE, (Field("ActionsEnabled", False, True),))


def drifted(*drifts: Drift) -> tuple[drift_text.Told, ...]:
    trail = MemoryTrail({LIVE.identity: [Author("role/ops", WHEN, "DisableAlarmActions")]})
    return drift_text.traced(drifts, trail)


def test_the_plan_of_the_small_estate_is_the_golden_comment() -> None:
    assert plan_markdown(plan_of()) + "\n" == (GOLDEN / "small.md").read_text(encoding="utf-8")


def test_a_plan_too_long_for_a_comment_is_cut_and_says_by_how_much() -> None:
    plan = plan_of()
    long = replace(plan, changes=plan.changes * 40)
    told = plan_markdown(long, ["Back-test: 7.0 pages"])
    assert MOST_BYTES - 1000 < len(told.encode()) <= MOST_BYTES
    shown = told.count("\n+ ")
    assert f"{len(long.changes) - shown} more lines are left out" in told
    assert told.endswith("Back-test: 7.0 pages")
    assert told.count("```") == 2


def test_what_blocks_a_plan_stands_first() -> None:
    plan = plan_of()
    blocked = replace(plan, guard=replace(plan.guard, blocks=(Block("last-page", "a", "because"),)))
    told = plan_markdown(blocked).splitlines()
    assert "**Blocked** by 1 guards: it will not be applied as it stands." in told
    assert told[told.index("```diff") + 1] == "- blocked: because [last-page]"


def test_nothing_that_is_named_ends_the_block_of_code() -> None:
    assert comment(["head"], ["a ```\n# b"]) == "head\n\n```diff\na ''' # b\n```"


def test_a_drift_names_field_old_new_and_who_did_it() -> None:
    told = drifted(CHANGED, Drift("missing", GONE, None), Drift("unconfirmed", GONE, GONE))
    lines = list(drift_text.lines(told))
    place = "[main eu-west-1]"
    assert lines[0] == (
        f"changed  alarm sloop/small/a {place}  ActionsEnabled false → true  "
        "(by hand; DisableAlarmActions by role/ops, 2026-11-20 12:03:11Z)"
    )
    assert lines[3:] == ["who is not known of sloop/small/b: nobody was seen changing it"]
    rows = drift_text.document("small", told)["drifted"]
    assert rows[0]["changed_by"] == {"who": "role/ops", "at": "2026-11-20T12:03:11+00:00", "call": "DisableAlarmActions"}
    assert [(r["changed_by"], r["not_told"]) for r in rows[1:]] == [(None, "nobody was seen changing it"), (None, None)]


def test_a_drift_as_a_comment_has_its_number_and_its_lines() -> None:
    told = drift_text.markdown("small", drifted(CHANGED, Drift("missing", GONE, None)))
    assert told.startswith("### Sloop drift: estate small\n\n**2 drifted**\n\n```diff\n! changed  alarm sloop/small/a")
    assert told.endswith("who is not known of sloop/small/b: nobody was seen changing it")
    assert drift_text.markdown("small", ()) == "### Sloop drift: estate small\n\nNobody else changed anything."
