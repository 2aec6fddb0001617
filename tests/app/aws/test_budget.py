from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.aws.budget import NAME, ByteBudget
from app.memory.store import MemoryStore
from app.store.sql import SqlStore
from slo.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.ports import Store

NOW = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SqlStore.open(f"sqlite:///{tmp_path}/sloop.db")
    yield made
    made.close()


@dataclass(slots=True)
class Failing:
    """A ledger that refuses as long as it is down."""

    behind: Store = field(default_factory=MemoryStore)
    down: bool = True

    def spend(self, name: str, day: int, amount: int) -> int:
        self._check()
        return self.behind.spend(name, day, amount)

    def spent(self, name: str, day: int) -> int:
        self._check()
        return self.behind.spent(name, day)

    def _check(self) -> None:
        if self.down:
            raise StoreError("the disk is full")


def test_a_restart_goes_on_where_the_day_was(ledger: Store) -> None:
    ByteBudget(100, lambda: NOW, ledger).spend(60)
    again = ByteBudget(100, lambda: NOW, ledger)
    assert (again.spent, again.refusal) == (60, None)

    again.spend(40)

    assert "100 scanned" in str(ByteBudget(100, lambda: NOW, ledger).refusal)


def test_two_processes_share_the_budget_of_a_day(ledger: Store) -> None:
    one, other = ByteBudget(100, lambda: NOW, ledger), ByteBudget(100, lambda: NOW, ledger)
    assert (one.spent, other.spent) == (0, 0)
    one.spend(70)

    other.spend(40)

    assert (other.spent, other.refusal is None) == (110, False)


def test_a_new_day_begins_at_nothing(ledger: Store) -> None:
    at = [NOW]
    budget = ByteBudget(100, lambda: at[0], ledger)
    budget.spend(100)

    at[0] += timedelta(minutes=1)

    assert (budget.spent, budget.refusal) == (0, None)


def test_what_cannot_be_written_is_counted_all_the_same_and_written_later() -> None:
    ledger = Failing()
    budget = ByteBudget(100, lambda: NOW, ledger)
    budget.spend(60)
    budget.spend(40)
    assert budget.refusal is not None

    ledger.down = False
    budget.spend(1)

    assert ledger.behind.spent(NAME, (NOW.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days) == 101
    assert budget.spent == 101


def test_without_a_ledger_it_counts_in_memory() -> None:
    budget = ByteBudget(0, lambda: NOW)

    budget.spend(5)

    assert (budget.spent, budget.refusal) == (5, None)
