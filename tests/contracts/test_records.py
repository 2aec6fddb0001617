"""What every store keeps beside minutes: events, the journal, drills, breaches of recovery targets, allowances."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from alerts.events import Event
from alerts.recovery_breach import RecoveryBreach
from app.records import Entry
from slo.judge.drill import Drill
from tests.support.minutes import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ports import Store

NOW = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
AT = int(NOW.timestamp())
EVENTS = tuple(Event(f"sns/{n}", "sns", "alarm", AT + n // 2, AT + n, f"event {n}", "api", {"n": n}) for n in range(4))
DRILL = Drill("d1", "database", "az-loss", AT, "on-call", ("on-call", "lead"))
TROUBLE = RecoveryBreach("database", "az-loss", "exposure_over", "page", AT, "exposure 11m, limit 5m", AT)


def test_an_event_that_comes_twice_is_one_and_stays_as_it_was(store: Store) -> None:
    assert store.keep_events(EVENTS) == list(EVENTS)
    assert store.keep_events([replace(EVENTS[0], title="another"), *EVENTS[2:]]) == []
    assert store.events(limit=9) == [EVENTS[2], EVENTS[3], EVENTS[0], EVENTS[1]]


def test_of_one_event_twice_in_a_batch_the_first_is_kept(store: Store) -> None:
    assert store.keep_events([EVENTS[0], replace(EVENTS[0], title="another")]) == [EVENTS[0]]
    assert store.events(limit=9) == [EVENTS[0]]


def test_events_are_read_page_by_page_and_by_what_they_are_of(store: Store) -> None:
    other = Event("rds/1", "rds", "failover", AT + 9, AT + 9, "failed over")
    store.keep_events((*EVENTS, other))
    assert store.events(limit=2) == [other, EVENTS[2]]
    assert store.events(limit=2, before=EVENTS[2].id) == [EVENTS[3], EVENTS[0]]
    assert store.events(limit=9, before="nobody") == []
    assert store.events(limit=9, component="api", before=other.id) == [EVENTS[2], EVENTS[3], EVENTS[0], EVENTS[1]]
    assert store.events(limit=9, kind="failover") == [other]
    assert store.events_between(AT, AT + 1) == list(EVENTS[:2])


def test_the_journal_tells_who_did_what_newest_first(store: Store) -> None:
    entries = [Entry(NOW + timedelta(seconds=n), "pipeline", "apply", f"plan {n}", "done", {"writes": n}) for n in range(3)]
    for entry in entries:
        store.note(entry)
    found = store.journal(limit=2)
    assert [entry for _, entry in found] == entries[:0:-1]
    assert [entry for _, entry in store.journal(limit=2, before=found[-1][0])] == entries[:1]


def test_a_drill_stands_as_it_was_told_last(store: Store) -> None:
    store.put_drill(DRILL)
    finished = replace(DRILL, finished_at=AT + 600, outcome="passed", lost_seconds=240, artefact="ab" * 32, note="fine")
    later = replace(DRILL, id="d2", started_at=AT + 1)
    store.put_drill(later)
    store.put_drill(finished)
    assert (store.drill("d1"), store.drill("d3")) == (finished, None)
    assert store.drills(limit=9) == [later, finished]
    assert store.drills(limit=9, before="d2") == [finished]


def test_a_step_of_a_drill_is_kept_whole_or_not_at_all(store: Store) -> None:
    event = Event("drill/d1/started", "sloop", "drill", AT, AT, "began", "database")
    entry = Entry(NOW, "on-call", "drill-start", "database/az-loss", "started", {"id": "d1"})
    assert store.commit_drill(DRILL, event, entry)
    assert not store.commit_drill(replace(DRILL, actor="another"), event, replace(entry, actor="another"))
    assert (store.drill("d1"), store.events(limit=9)) == (DRILL, [event])
    assert [found for _, found in store.journal(limit=9)] == [entry]


def test_of_many_who_take_the_same_step_at_once_one_does(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(4)]

    def step(n: int) -> bool:
        event = Event("drill/d1/started", "sloop", "drill", AT, AT, f"by {n}", "database")
        return stores[n].commit_drill(replace(DRILL, actor=f"p{n}"), event, Entry(NOW, f"p{n}", "drill-start", "d", "started"))

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(step, range(4)))
    assert sum(done) == 1
    ((_, entry),) = stores[0].journal(limit=9)
    drill = stores[1].drill("d1")
    assert drill is not None
    assert entry.actor == drill.actor == f"p{done.index(True)}"


def test_drills_are_read_by_what_they_are_of(store: Store) -> None:
    rows = [
        replace(DRILL, id=f"{c}.{s}", component=c, scenario=s, started_at=AT + n)
        for n, (c, s) in enumerate([("database", "az-loss"), ("database", "region-loss"), ("cache", "az-loss")])
    ]
    for row in rows:
        store.put_drill(row)
    assert store.drills(limit=9, component="database") == [rows[1], rows[0]]
    assert store.drills(limit=9, scenario="az-loss", before=rows[2].id) == [rows[0]]
    assert store.drills(limit=9, component="cache", scenario="region-loss") == []


def test_a_breach_of_a_recovery_target_and_its_message_are_kept_together(store: Store) -> None:
    store.commit_recovery([TROUBLE], [message("recovery", "t1")], NOW)
    near = replace(TROUBLE, kind="exposure_near", severity="ticket", opened_at=AT + 60, notified_at=None)
    store.commit_recovery([near], [], NOW)
    assert store.open_recovery_breaches() == [near, TROUBLE]
    assert [d.message.transition for d in store.sent_as("recovery", limit=9)] == ["t1"]
    resolved = replace(TROUBLE, resolved_at=AT + 120)
    store.commit_recovery([resolved], [], NOW)
    assert store.open_recovery_breaches() == [near]
    assert (store.recovery_breach(TROUBLE.id), store.recovery_breach("none")) == (resolved, None)
    assert store.recovery_breaches(limit=1, before=near.id) == [resolved]


def test_what_was_spent_adds_up_by_name_and_day(store: Store) -> None:
    assert (store.spend("logs", 20_000, 5), store.spend("logs", 20_000, 2**40)) == (5, 2**40 + 5)
    assert store.spend("logs", 20_001, 1) == 1
    assert (store.spent("logs", 20_000), store.spent("other", 20_000)) == (2**40 + 5, 0)
