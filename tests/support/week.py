"""One small week in a store, worked out so that its report can be checked by hand: 2026-W46 of the golden estate.

api: 100 requests a minute, all bad on Wednesday 10:00 to 10:20, so 2,000 bad of 1,005,000; missing on Thursday 03:00 to 03:30.
web: 10 a minute since a week before, 1 bad each hour, no requests on Sunday; 5 bad a minute during an approved exclusion.
batch: measured in even hours only. late: never measured. keys: no objective.
`python -m tests.support.week` writes the golden report again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerts.breach import Breach, Transition
from alerts.envelope import Message
from alerts.naming import breach_id
from app.memory.store import MemoryStore
from app.ports import Commit
from app.reports.body import build
from app.reports.canonical import canonical, spec_digest
from app.reports.controls import read_frameworks
from app.reports.gather import gather
from slo.catalog.catalog import Catalog
from slo.estate.load import load
from slo.judge.burn import Rule
from slo.judge.compliance import week
from slo.units import from_minute, parse_minute
from tests.support.minutes import frame

if TYPE_CHECKING:
    from app.ports import Store
    from slo.estate.spec import Estate
    from tests.support.minutes import Cell

GOLDEN = Path(__file__).parents[1] / "golden" / "report"
WEEK = week("2026-W46")
BEFORE, AFTER = WEEK.start - 7 * 1440, WEEK.end + 400
SHARD = "cloudwatch/main/us-east-1"
SLOTS = ("api.availability@11111111", "web.availability@22222222", "batch.availability@33333333")
OUTAGE = (parse_minute("2026-11-11T10:00:00Z"), parse_minute("2026-11-11T10:20:00Z"))
DARK = (parse_minute("2026-11-12T03:00:00Z"), parse_minute("2026-11-12T03:30:00Z"))
MAINTENANCE = (parse_minute("2026-11-12T12:00:00Z"), parse_minute("2026-11-12T12:30:00Z"))
SUNDAY = parse_minute("2026-11-15T00:00:00Z")


@cache
def catalog() -> Catalog:
    kinds = [(name, (GOLDEN / name).read_bytes()) for name in ("kind.yaml", "vault.yaml")]
    return Catalog.of(kinds, files("slo.policies").joinpath("default.yaml").read_bytes())


@cache
def estate() -> Estate:
    loaded = load((("estate.yaml", (GOLDEN / "estate.yaml").read_bytes()),), catalog())
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def cells(minute: int) -> tuple[Cell, Cell, Cell]:
    api: Cell = (100, 100 if OUTAGE[0] <= minute < OUTAGE[1] else 0)
    if DARK[0] <= minute < DARK[1] or minute < WEEK.start:
        api = None
    web: Cell = (10, 5) if MAINTENANCE[0] <= minute < MAINTENANCE[1] else (10, int(minute % 60 == 7))
    if minute >= SUNDAY:
        web = (0, 0)
    batch: Cell = (1, 0) if minute // 60 % 2 == 0 and minute >= WEEK.start else None
    return api, web, batch


def fill(store: Store, *, upto: int = AFTER) -> None:
    """As a service would have left it at T = `upto`."""
    shard = store.open_shard(SHARD, SLOTS, BEFORE)
    shard = store.commit(Commit(shard, BEFORE))
    page, ticket = breaches()
    for start in range(BEFORE, upto, 1440):
        end = min(start + 1440, upto)
        told = [t for t in (*page, *ticket) if start < _at(t) <= end]
        shard = store.commit(
            Commit(
                shard,
                end,
                frames=[frame(minute, *cells(minute)) for minute in range(start, end)],
                transitions=told,
                messages=[_message(t) for t in told if t.breach.notified_at is not None],
            )
        )
    while due := store.claim(from_minute(upto), lease_seconds=60, limit=1):
        store.mark_sent(due[0], f"golden-{due[0].id}", due[0].created_at + timedelta(seconds=2))


def breaches() -> tuple[tuple[Transition, ...], tuple[Transition, ...]]:
    """A page that is told and resolved, and a ticket that was held back by it and is open still."""
    fired = OUTAGE[0] + 2
    page = Breach("api.availability", "page", Rule("page", 60, 5, Fraction(72, 5)), fired, Fraction(1, 5), notified_at=fired)
    resolved = replace(page, quiet=15, resolved_at=OUTAGE[1] + 75)
    ticket = Breach("api.availability", "ticket", Rule("ticket", 1440, 120, Fraction(1)), fired, Fraction(1, 5))
    return (Transition("opened", page), Transition("resolved", resolved)), (Transition("opened", ticket),)


def _at(transition: Transition) -> int:
    resolved = transition.breach.resolved_at
    return transition.breach.fired_at if resolved is None else resolved


def _message(transition: Transition) -> Message:
    name = breach_id(transition.breach)
    key = f"sloop/golden/{transition.breach.objective}/{transition.breach.severity}"
    state = "OK" if transition.kind == "resolved" else "ALARM"
    return Message(key, f"{name}/{transition.kind}", state, f"{state}: {key}", "{}", {}, name)  # type: ignore[arg-type]


@cache
def stored() -> MemoryStore:
    store = MemoryStore()
    fill(store)
    return store


def report(store: Store | None = None, **changes: Any) -> dict[str, Any]:
    """The golden report, or the same with other arguments of `build`."""
    inputs = gather(store or stored(), estate(), catalog(), WEEK)
    spec = spec_digest([(GOLDEN / "estate.yaml").read_bytes()])
    return build(inputs, read_frameworks(), **{"spec_sha256": spec, "tool_version": "golden", **changes})


if __name__ == "__main__":
    (GOLDEN / "report.json").write_bytes(canonical(report()))
