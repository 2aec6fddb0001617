"""What a report shows of recovery can be added up again to its verdicts, and stays as it was known at the end of the week."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from alerts.breach import Breach, Transition
from alerts.recovery_breach import RecoveryBreach
from app.memory.store import MemoryStore
from app.ports import Commit
from app.reports.body import build
from app.reports.canonical import canonical
from app.reports.controls import read_frameworks
from app.reports.gather import gather
from app.reports.html import render
from app.reports.recovered import fired
from app.reports.tables import tables
from slo.estate.spec import Estate, RecoveryTarget
from slo.judge.burn import rules_of
from slo.judge.drill import Drill
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Reading, Unknown
from slo.units import from_minute
from tests.support import week

END = week.WEEK.end * 60
DAY = 86_400
SOURCE = "rds:DescribeDBInstances LatestRestorableTime"
TARGETS = (RecoveryTarget("point-in-time-restore", 5, 30), RecoveryTarget("az-loss", 5, 30))
READINGS = [
    Reading("api", "point-in-time-restore", END - ago, Unknown("throttled", "x") if age is None else END - ago - age, SOURCE)
    for ago, age in ((20 * DAY, 400), (2 * DAY, 290), (2 * DAY - 60, 301), (3600, None), (60, 120))
]
DRILL = Drill(
    "api.az-loss.1", "api", "az-loss", END - 2 * DAY, "ana", ("bo",), END - 2 * DAY + 600, "passed", 30, "ab" * 32, "went well"
)
BREACH = RecoveryBreach("api", "az-loss", "proof_expired", "ticket", END - 3 * DAY, "no proof for 90 d", END - 3 * DAY)


def estate() -> Estate:
    api = replace(week.estate().component("api"), kind="rds", recovery=TARGETS)
    return replace(week.estate(), components=(api,))


def filled() -> MemoryStore:
    store = MemoryStore()
    week.fill(store)
    failover = RecoveryEvent("api", "failover", END - 5 * DAY, END - 5 * DAY + 72, "rds:DescribeEvents")
    store.keep_recovery(READINGS, [failover])
    store.put_drill(DRILL)
    store.commit_recovery([BREACH], [], from_minute(week.WEEK.start))
    return store


def body(store: MemoryStore) -> dict[str, Any]:
    inputs = gather(store, estate(), week.catalog(), week.WEEK)
    made = build(inputs, read_frameworks(), spec_sha256="", tool_version="")
    found: dict[str, Any] = json.loads(canonical(made))
    return found


def test_the_share_within_the_rpo_follows_from_the_readings_that_are_listed() -> None:
    found = body(filled())
    row = next(r for r in found["recovery"] if r["id"] == "api/point-in-time-restore")
    shown = next(r for r in found["recovery_evidence"]["exposure"] if r["id"] == row["id"])
    assert (shown["readings"], shown["unknown"], shown["sources"]) == (4, 1, [SOURCE])
    within = sum(count for minutes, count in shown["spread"] if minutes <= 5)
    assert row["within_ratio"]["exact"] == str(Fraction(within, shown["readings"]))
    assert shown["worst_seconds"] == row["worst_exposure_seconds"]["30d"] == 400
    assert max(h["worst_seconds"] or 0 for h in shown["hours"]) == row["worst_exposure_seconds"]["7d"] == 301


def test_what_proves_an_rto_is_listed_with_its_figures_and_where_it_was_read() -> None:
    found = body(filled())["recovery_evidence"]["interruptions"]
    rows = [r for r in found if r["id"] == "api/az-loss"]
    assert [(r["kinds"], r["seconds"], r["failover_seconds"]) for r in rows] == [
        (["failover"], 72, 72),
        (["drill"], 600, None),
    ]
    assert all(r["sources"] and r["in_week"] for r in rows)


def test_drills_and_breaches_of_the_week_stand_in_it() -> None:
    found = body(filled())["recovery_evidence"]
    assert [(d["id"], d["outcome"], d["artefact_sha256"]) for d in found["drills"]] == [(DRILL.id, "passed", "ab" * 32)]
    assert [(b["id"], b["resolved_at"]) for b in found["breaches"]] == [(BREACH.id, None)]


def test_what_became_known_after_the_end_changes_nothing() -> None:
    store = filled()
    before = body(store)
    late = [Reading("api", "point-in-time-restore", END + 60, END - 9999, SOURCE)]
    store.keep_recovery(late, [RecoveryEvent("api", "failover", END + 5, END + 9, "rds:DescribeEvents")])
    store.put_drill(replace(DRILL, id="api.az-loss.2", started_at=END + 1, finished_at=END + 99))
    known_late = replace(BREACH, resolved_at=(week.WEEK.end + 361) * 60)
    store.commit_recovery([known_late], [], from_minute(week.WEEK.end))
    assert body(store) == before


def test_a_drill_that_ended_after_the_week_is_still_running_in_it_and_proves_nothing() -> None:
    store = MemoryStore()
    week.fill(store)
    store.put_drill(replace(DRILL, started_at=END - 60, finished_at=END + 600))
    found = body(store)
    drill = found["recovery_evidence"]["drills"][0]
    assert (drill["finished_at"], drill["outcome"], drill["artefact_sha256"]) == (None, None, None)
    assert found["recovery_evidence"]["interruptions"] == []


def test_the_page_and_the_tables_show_all_of_it() -> None:
    found = body(filled())
    text = render(found, "0" * 64).decode()
    for words in ("Readings that they are judged on", SOURCE, "api.az-loss.1", "ab" * 32, "no proof for 90 d", "72 s, unknown"):
        assert words in text, words
    made = tables(found)
    assert made["recovery_spread.csv"].decode().splitlines()[1:] == [
        "api/point-in-time-restore,point-in-time-restore,2,1",
        "api/point-in-time-restore,point-in-time-restore,5,1",
        "api/point-in-time-restore,point-in-time-restore,6,1",
        "api/point-in-time-restore,point-in-time-restore,7,1",
    ]
    assert len(made["recovery_hours.csv"].decode().splitlines()) == 1 + 2
    assert DRILL.id in made["drills.csv"].decode()
    assert BREACH.id in made["recovery_breaches.csv"].decode()
    assert "api/az-loss" in made["interruptions.csv"].decode()


def test_a_history_that_may_not_be_read_is_no_pass_in_the_report_either_until_it_may() -> None:
    store = filled()

    def state() -> str:
        row = next(r for r in body(store)["recovery"] if r["id"] == "api/az-loss")
        return str(row["rto"]["state"])

    assert state() == "met"
    denied = Unknown("access_denied", "not evidenced: needs rds:DescribeEvents")
    store.keep_recovery([Reading("api", "event-history", END - 600, denied, "")], [])
    assert state() == "not_measured"
    store.keep_recovery([Reading("api", "event-history", END - 60, END - 60, "")], [])
    assert state() == "met"


def test_detection_ends_when_somebody_was_told_and_not_when_a_muted_page_would_have_been() -> None:
    store = MemoryStore()
    shard = store.open_shard("s", ("a",), week.WEEK.start)
    objective = estate().objectives[0]
    rule = rules_of(objective)[0]
    muted = Breach(objective.id, "page", rule, week.WEEK.end - 90, Fraction(1, 9), notified_at=week.WEEK.end - 30)
    unheard = Breach(objective.id, "ticket", rule, week.WEEK.end - 80, Fraction(1, 9))
    opened = [Transition("opened", breach) for breach in (muted, unheard)]
    store.commit(Commit(shard, week.WEEK.end - 20, transitions=opened))
    assert fired(store, estate(), week.WEEK.end) == {"api": ((week.WEEK.end - 30) * 60,)}
