"""An estate with an objective in every state, judged from real slices: what pages, API and metrics are tested on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
from prometheus_client import CollectorRegistry

from alerts.breach import Breach
from alerts.envelope import Message
from app.exposition import SnapshotCollector, exposition, meters
from app.guards import loopback_hosts
from app.history import Columns
from app.main import create_app
from app.ports import BreachRow, Delivery
from app.snapshot import AppState, Snapshot, SnapshotBox, SourceStatus, newest_first
from slo.estate.indicator import EventRatio, MetricQuery, TimeSlice
from slo.estate.spec import Component, Estate, Objective, RecoveryTarget, RuleSpec
from slo.judge.burn import rules_of, windows_of
from slo.judge.period import start as window_start
from slo.judge.series import Slices
from slo.judge.verdict import Circumstances, judge
from slo.judge.windows import Counts, count
from slo.units import from_minute, to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi import FastAPI

    from app.snapshot import BreachLog
    from slo.estate.indicator import Indicator
    from slo.judge.verdict import Verdict
    from slo.units import Minute

NOW = datetime(2026, 11, 22, 12, 3, 10, tzinfo=UTC)
T = to_minute(NOW) - 1
MONTH = 30 * 1440
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.1"), 1440, 120),
    RuleSpec("ticket", Decimal("0.1"), 4320, 360),
)
EVIL = '<script>alert("x")</script> & sons'
REQUESTS = MetricQuery("main", "us-east-1", "AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/demo/1"),), "Sum")


def objective(component: str, indicator: str, target: str = "0.999", window: int = MONTH) -> Objective:
    return Objective(
        f"{component}.{indicator}", component, indicator, Decimal(target), window, POLICY, target_source="proposed"
    )


@dataclass(frozen=True, slots=True)
class Case:
    """`bad` says how many of 100 a minute go bad, by minutes before T; `gaps` are missing, `idle` without events."""

    objective: Objective
    bad: Callable[[Minute], float] = lambda _ago: 0.0
    rate: int = 600
    length: int = MONTH
    gaps: tuple[tuple[int, int], ...] = ()
    idle: tuple[tuple[int, int], ...] = ()
    known: Circumstances = field(default_factory=Circumstances)

    def slices(self) -> Slices:
        random = np.random.default_rng(7)
        minutes = np.arange(T - self.length, T, dtype=np.int64)
        ago = T - minutes
        total = random.poisson(self.rate, len(minutes)) if self.rate > 1 else np.ones(len(minutes), np.int64)
        for start, end in self.idle:
            total[(ago > end) & (ago <= start)] = 0
        shares = np.array([self.bad(int(a)) for a in ago])
        bad = random.binomial(total, np.clip(shares / 100, 0, 1))
        keep = np.ones(len(minutes), bool)
        for start, end in self.gaps:
            keep &= (ago <= end) | (ago > start)
        return Slices(minutes[keep], total[keep], bad[keep], np.zeros(int(keep.sum()), bool))


CASES = (
    Case(objective("api", "availability"), lambda a: 100.0 if 4 <= a <= 5 else 0.01, gaps=((200, 185),), idle=((120, 100),)),
    Case(objective("api", "latency", "0.99"), lambda a: 4.5 if a <= 1500 else 0.1, known=Circumstances(frozenset({"ticket"}))),
    Case(objective("edge", "availability", "0.995"), lambda _a: 0.02),
    Case(objective("edge", "latency", "0.99"), lambda _a: 0.3, known=Circumstances(source_error="CloudWatch: AccessDenied")),
    Case(objective("web", "availability", "0.999", 28 * 1440), lambda a: 0.3 if a > 30000 else 0.01),
    Case(objective("web", "latency", "0.9995"), lambda _a: 0.01, length=4 * 1440),
    Case(objective("database", "availability", "0.9995"), lambda a: 100.0 if 9000 <= a < 9030 else 0.0, rate=1),
    Case(objective("jobs", "freshness", "0.99", 7 * 1440), length=0),
    Case(objective("orders", "availability", "0.995"), gaps=((40, 0),), known=Circumstances(stale_since=T - 40)),
    Case(objective("cache", "availability"), known=Circumstances(config_error="metric EngineCPU does not exist in kind redis")),
)

ESTATE = Estate(
    "demo",
    components=tuple(
        Component(
            name,
            kind,
            resource={"load_balancer": "app/demo/1"},
            depends_on=depends_on,
            tier=1,
            objectives=(
                *(c.objective for c in CASES if c.objective.component == name),
                *((objective("batch", "runs"),) if name == "batch" else ()),
            ),
            recovery=(RecoveryTarget("az-loss", 5, None),) if name == "database" else (),
            display_name=title,
            owner="team-core",
            runbook=runbook,
        )
        for name, kind, title, runbook, depends_on in (
            ("edge", "alb", "Load balancer", "https://runbooks.example/edge", ("api", "web")),
            ("api", "ecs", "API", "https://runbooks.example/api", ("database", "cache")),
            ("web", "ecs", EVIL, "javascript:alert(1)", ("api",)),
            ("database", "rds", "PostgreSQL", None, ()),
            ("jobs", "sqs", "Job queue", None, ()),
            ("orders", "prometheus", "Orders (application counter)", None, ("api",)),
            ("cache", "redis", "Cache", None, ()),
            ("batch", "ecs", "Batch runner", None, ()),
        )
    ),
)

INDICATORS: dict[str, Indicator] = {
    "api.availability": EventRatio((REQUESTS,), bad=(replace(REQUESTS, metric="HTTPCode_Target_5XX_Count"),)),
    "database.availability": TimeSlice(replace(REQUESTS, metric="DatabaseConnections", stat="Maximum"), ">=", Decimal(0)),
}


def verdict(case: Case, slices: Slices | None = None) -> Verdict:
    kept = case.slices() if slices is None else slices
    windows = {w: count(kept, window_start(w, T), T) for w in windows_of(case.objective)}
    first = int(kept.minutes[0]) if len(kept) else None
    return judge(case.objective, T, windows, first, circumstances=case.known)


class Recorded:
    """History straight from slices; no store."""

    def __init__(self, slices: Mapping[str, Slices]) -> None:
        self._slices = slices

    def hours(self, objective_id: str) -> Columns:
        kept = self._slices[objective_id]
        first = (T - MONTH) // 60 * 60
        found = [count(kept, max(T - MONTH, hour), hour + 60) for hour in range(first, T, 60)]
        return Columns(first, 60, np.array([(c.total, c.bad, c.measured) for c in found]).T)

    def is_at_hand(self, objective_id: str) -> bool:
        return objective_id in self._slices

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        return self.hours(objective_id).rows()

    def recent(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        return self.minutely(objective_id)

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        recent = self._slices[objective_id].between(T - 360, T)
        rows = zip(recent.minutes, recent.total, recent.bad, strict=True)
        return [(int(m), Counts(int(total), int(bad), 1)) for m, total, bad in rows]


def breach_rows() -> tuple[BreachRow, ...]:
    page, ticket = rules_of(CASES[0].objective)[0], rules_of(CASES[1].objective)[2]
    rows = (
        Breach("api.availability", "page", page, T - 4, Fraction(21, 1000), notified_at=T - 4),
        Breach("api.latency", "ticket", ticket, T - 700, Fraction(102, 1000), quiet=3, notified_at=T - 700),
        Breach("database.availability", "page", page, T - 9000, Fraction(3, 10), 15, T - 9000, T - 8900),
    )
    return newest_first(BreachRow(f"{b.objective}.{b.severity}.{b.fired_at}", b) for b in rows)


class Log:
    """Breaches and deliveries as a store would give them."""

    def breaches(self, *, limit: int, before: str | None = None) -> Sequence[BreachRow]:
        rows = breach_rows()
        start = 0 if before is None else 1 + next(n for n, row in enumerate(rows) if row.id == before)
        return rows[start : start + limit]

    def breach(self, breach_id: str) -> BreachRow | None:
        return next((row for row in breach_rows() if row.id == breach_id), None)

    def deliveries(self, breach_id: str) -> Sequence[Delivery]:
        row = self.breach(breach_id)
        if row is None:
            return []
        fired = from_minute(row.breach.fired_at)
        key = f"sloop/demo/{row.breach.objective}/{row.breach.severity}"
        message = Message(key, f"{row.id}/opened", "ALARM", "subject", "{}", breach=row.id)
        sent = Delivery(1, key, 1, message, fired, 2, fired + timedelta(seconds=70), "11111111-aaaa")
        failed = Delivery(2, key, 2, replace(message, state="OK"), fired + timedelta(minutes=2), 1, last_error="topic gone")
        return [sent, failed]


def snapshot() -> tuple[Snapshot, Recorded]:
    kept = {case.objective.id: case.slices() for case in CASES}
    return Snapshot(
        ESTATE,
        NOW,
        verdicts={c.objective.id: verdict(c, kept[c.objective.id]) for c in CASES},
        breaches=breach_rows(),
        sources=(
            SourceStatus("cloudwatch 111122223333 us-east-1", 24, T, NOW - timedelta(seconds=10)),
            SourceStatus("prometheus", 3, T - 40, NOW - timedelta(minutes=40), "connection refused; is Prometheus running?"),
        ),
        notices=("Demo at speed 20: Prometheus is a stub of its HTTP API.",),
        outbox_oldest=NOW - timedelta(seconds=40),
        indicators=INDICATORS,
        newest={i: int(s.minutes[-1]) for i, s in kept.items() if len(s)},
    ), Recorded(kept)


class Wall:
    """The clock the application is given; tests move it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@dataclass(slots=True)
class Site:
    """The application over the picture, and a browser without a network in between."""

    box: SnapshotBox
    clock: Wall
    app: FastAPI

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
                return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

        return asyncio.run(ask())


@cache
def shared() -> tuple[Snapshot, Recorded]:
    """Judged once for all tests: nothing in it can change."""
    return snapshot()


def site(picture: Snapshot, history: Recorded, log: BreachLog | None = None, **more: Any) -> Site:
    """`more` are further fields of AppState."""
    box, clock, registry = SnapshotBox(picture), Wall(), CollectorRegistry()
    meters(registry).source_errors.labels("prometheus", "failed").inc()
    registry.register(SnapshotCollector(box, clock))
    state = AppState(box, log or Log(), history, clock, lambda: exposition(registry), loopback_hosts(8000), **more)
    return Site(box, clock, create_app(state))
