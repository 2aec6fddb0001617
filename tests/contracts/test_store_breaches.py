"""What every store keeps of judgements: breaches exactly as they are, verdict changes, declarations by date."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from alerts.breach import Breach, Transition
from app.memory.store import MemoryStore
from app.ports import BreachRow, Commit
from app.store.sql import SqlStore
from slo.estate.spec import Component, Estate, Objective, RuleSpec
from slo.judge.burn import Rule, windows_of
from slo.judge.document import document
from slo.judge.verdict import judge
from slo.judge.windows import Counts
from tests.support.minutes import START, breach
from tests.support.minutes import opened as tells

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ports import Store

OBJECTIVE = Objective(
    "api.availability", "api", "availability", Decimal("0.9990"), 43200, (RuleSpec("page", Decimal("0.02"), 60, 5),)
)


def commit(store: Store, *transitions: Transition, standings: tuple[Breach, ...] = ()) -> None:
    shard = store.open_shard("main", ["a"], START)
    store.commit(Commit(shard, (shard.tick or START) + 1, transitions=transitions, standings=standings))


def test_a_breach_is_kept_exactly(opened: Callable[[], Store]) -> None:
    rule = Rule("ticket", 4320, 360, Fraction(10**15 + 1, 10**15))
    kept = Breach("jobs.freshness", "ticket", rule, START, Fraction(-(10**20), 3), quiet=3)
    commit(opened(), tells(kept))
    row = opened().breach(f"jobs.freshness.ticket.{START}")
    assert row == BreachRow(f"jobs.freshness.ticket.{START}", kept)
    assert list(opened().open_breaches()) == [row]


def test_a_breach_is_kept_with_everything_that_its_rule_asks(opened: Callable[[], Store]) -> None:
    rule = Rule("ticket", 60, None, Fraction(2), True, 5, "Critical", 3, 10**12, Decimal("0.950"))
    kept = Breach("jobs.freshness", "ticket", rule, START, Fraction(1, 3), flapping=True)
    commit(opened(), tells(kept))
    assert [row.breach for row in opened().open_breaches()] == [kept]


def test_an_unknown_breach_is_none(store: Store) -> None:
    assert store.breach("api.availability.page.1") is None


def test_a_resolved_breach_is_open_no_more(store: Store) -> None:
    first = breach()
    commit(store, tells(first))
    resolved = replace(first, quiet=15, resolved_at=START + 40)
    commit(store, Transition("resolved", resolved))
    assert list(store.open_breaches()) == []
    assert [row.breach for row in store.breaches(limit=9)] == [resolved]


def test_of_several_changes_in_one_commit_the_last_one_stands(store: Store) -> None:
    first = replace(breach(), notified_at=None)
    told = replace(first, notified_at=START + 2)
    resolved = replace(told, resolved_at=START + 20, quiet=15)
    commit(store, tells(first), Transition("notified", told), Transition("resolved", resolved), standings=(told,))
    assert [row.breach for row in store.breaches(limit=9)] == [resolved]


def test_a_breach_that_opened_earlier_in_the_same_tick_keeps_the_quiet_minutes_since(store: Store) -> None:
    commit(store, tells(breach()), standings=(replace(breach(), quiet=3),))
    assert [row.breach.quiet for row in store.open_breaches()] == [3]


def test_the_quiet_minutes_of_an_open_breach_survive_a_restart(opened: Callable[[], Store]) -> None:
    commit(opened(), tells(breach()))
    commit(opened(), standings=(replace(breach(), quiet=7),))
    assert [row.breach.quiet for row in opened().open_breaches()] == [7]


def test_breaches_are_paged_newest_first_without_gap_or_repeat(store: Store) -> None:
    fired = [START, START + 5, START + 5, START + 5, START + 9]
    commit(store, *(tells(breach(f"o{n}.x", at)) for n, at in enumerate(fired)))
    expected = [f"o{n}.x.page.{fired[n]}" for n in (4, 1, 2, 3, 0)]
    found: list[str] = []
    while page := store.breaches(limit=2, before=found[-1] if found else None):
        found += [row.id for row in page]
    assert found == expected
    assert store.breaches(limit=2, before="unknown") == []


def test_verdict_changes_keep_the_document_that_was_shown(store: Store) -> None:
    windows = dict.fromkeys(windows_of(OBJECTIVE), Counts(1000, 1, 60))
    verdicts = [judge(OBJECTIVE, at, windows, START, data_version=at - START) for at in (START + 1, START + 7)]
    shard = store.open_shard("main", ["a"], START)
    shard = store.commit(Commit(shard, START + 7, verdicts=verdicts))
    store.commit(Commit(shard, START + 7, verdicts=verdicts[1:]))
    changes = store.verdict_changes(OBJECTIVE.id, limit=9)
    assert [(c.objective, c.at, c.state, c.data_version) for c in changes] == [
        (OBJECTIVE.id, v.at, v.state, v.data_version) for v in reversed(verdicts)
    ]
    assert changes[0].document == document(verdicts[1])
    assert [c.at for c in store.verdict_changes(OBJECTIVE.id, limit=1)] == [START + 7]
    assert store.verdict_changes("another", limit=9) == []


def estate(*objectives: Objective) -> Estate:
    return Estate("demo", components=(Component("api", "ecs", objectives=objectives),))


def declared_by(store: Store, objective: str) -> list[tuple[int, dict[str, Any]]]:
    assert isinstance(store, SqlStore | MemoryStore)
    return store.definitions(objective)


def test_an_edited_objective_gets_a_row_and_keeps_the_old_one(store: Store) -> None:
    stricter = replace(OBJECTIVE, target=Decimal("0.9995"))
    for at, declared in enumerate((OBJECTIVE, OBJECTIVE, stricter, stricter, OBJECTIVE)):
        store.record_estate(estate(declared, replace(OBJECTIVE, id="api.other")), START + at)
    rows = declared_by(store, OBJECTIVE.id)
    assert [(at - START, row["target"]) for at, row in rows] == [(0, "0.9990"), (2, "0.9995"), (4, "0.9990")]
    assert rows[0][1]["policy"] == [{"severity": "page", "share": "0.02", "long": 60, "short": 5}]
    assert [at - START for at, _ in declared_by(store, "api.other")] == [0]


def test_what_openslo_adds_to_a_rule_is_kept_where_it_says_something(store: Store) -> None:
    rule = RuleSpec("page", None, 60, None, factor=Decimal("14.40"), strict=True, hold=5)
    store.record_estate(estate(replace(OBJECTIVE, policy=(rule,), slices_key="sli")), START)
    [(_, row)] = declared_by(store, OBJECTIVE.id)
    said = {"severity": "page", "share": None, "long": 60, "short": None, "factor": "14.40", "strict": True, "hold": 5}
    assert (row["policy"], row["slices_key"]) == ([said], "sli")


def test_two_edits_within_one_minute_leave_the_last(store: Store) -> None:
    store.record_estate(estate(OBJECTIVE), START)
    store.record_estate(estate(replace(OBJECTIVE, window=1440)), START)
    assert [(at, row["window"]) for at, row in declared_by(store, OBJECTIVE.id)] == [(START, 1440)]


def test_breaches_of_a_period_are_those_that_were_open_in_it_oldest_first(store: Store) -> None:
    before, over, inside, still, after = (breach(name, START + at) for name, at in zip("abcde", (0, 5, 20, 3, 40), strict=True))
    before, over = replace(before, resolved_at=START + 10), replace(over, resolved_at=START + 11)
    commit(store, *(tells(b) for b in (after, before, over, inside, still)))
    found = [row.breach for row in store.breaches_between(START + 10, START + 40)]
    assert found == [still, over, inside]
    assert store.breaches_between(START - 9, START) == []
