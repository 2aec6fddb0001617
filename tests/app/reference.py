"""The packaged reference estate as a picture: judged from slices, with trouble here and there, and recovery and alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from alerts.breach import Breach
from alerts.desired import wanted_alarms
from alerts.topics import mark
from app.about import About, about
from app.alarm_inventory import AlarmInventory, inventory
from app.files import packaged_spec, read_catalog
from app.ports import BreachRow
from app.snapshot import Snapshot, SourceStatus, newest_first
from slo.estate.indicator import Unbound
from slo.estate.load import load
from slo.judge.burn import rules_of
from slo.judge.recovery import RecoveryVerdict, judge_estate
from slo.judge.recovery_point import Reading, Unknown, added
from slo.judge.verdict import Circumstances
from slo.resource import Live
from tests.app.picture import NOW, Case, Recorded, T, verdict

if TYPE_CHECKING:
    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Estate

GRAFANA = "https://grafana.example/d/sloop-api"
MONTH = 30 * 1440
TROUBLE: dict[str, dict[str, Any]] = {
    "api.availability": {"bad": lambda a: 100.0 if 4 <= a <= 5 else 0.01},
    "database.availability": {"bad": lambda a: 100.0 if 9000 <= a < 9030 else 0.0, "rate": 1},
    "cache.availability": {"known": Circumstances(source_error="elasticache: AccessDenied; allow cloudwatch:GetMetricData")},
    "vpn-payment.availability": {"gaps": ((40, 0),), "known": Circumstances(stale_since=T - 40)},
    "search.availability": {"length": 4 * 1440},
    "web.capacity": {"length": 0},
}
"""How some objectives differ from an everyday month."""


@cache
def catalog() -> Catalog:
    return read_catalog()


@cache
def estate() -> Estate:
    loaded = load((("reference.yaml", packaged_spec("reference")),), catalog()).estate
    assert loaded is not None, "the packaged estate is valid; a test holds it so"
    return loaded


@cache
def facts() -> dict[str, About]:
    return about(estate(), catalog(), {"api": (("Grafana", GRAFANA),)})


@cache
def shared() -> tuple[Snapshot, Recorded]:
    """Judged once for all tests: nothing in it can change."""
    cases = {o.id: Case(o, **({"bad": lambda _: 0.01} | TROUBLE.get(o.id, {}))) for o in estate().objectives}
    kept = {i: c.slices() for i, c in cases.items()}
    on_cloudwatch = tuple(i for i in cases if not i.startswith(("traces", "orders")))
    picture = Snapshot(
        estate(),
        NOW,
        verdicts={i: verdict(c, kept[i]) for i, c in cases.items()},
        breaches=newest_first([_page(cases["api.availability"])]),
        sources=(
            SourceStatus("cloudwatch/main/us-east-1", 70, T, NOW - timedelta(seconds=10), None, on_cloudwatch),
            SourceStatus("prometheus", 3, T - 40, NOW, "connection refused; is Prometheus running?", ("orders.availability",)),
            SourceStatus("xray/main/us-east-1", 2, T, NOW, None, ("traces.availability",)),
        ),
        indicators=_indicators(),
        newest={i: int(s.minutes[-1]) for i, s in kept.items() if len(s)},
    )
    return replace(picture, recovery=_recovery(), alarms=_alarms()), Recorded(kept)


def _page(case: Case) -> BreachRow:
    rule = rules_of(case.objective)[0]
    breach = Breach(case.objective.id, "page", rule, T - 4, Fraction(21, 1000), notified_at=T - 4)
    return BreachRow(f"{breach.objective}.page.{breach.fired_at}", breach)


def _indicators() -> dict[str, Indicator]:
    found: dict[str, Indicator] = {}
    for objective in estate().objectives:
        component = estate().component(objective.component)
        bound = catalog().bind(component, objective.indicator, estate().account(component.account))
        assert not isinstance(bound, Unbound)
        found[objective.indicator_id] = bound
    return found


def _recovery() -> tuple[RecoveryVerdict, ...]:
    now = int(NOW.timestamp())
    readings = (
        Reading("database", "point-in-time-restore", now - 30, now - 900, "LatestRestorableTime"),
        Reading("documents", "snapshot", now - 30, now - 7200, "Snapshots"),
    )
    gaps = {"media": [Unknown("access_denied", "s3:GetReplicationConfiguration is not allowed")]}
    return judge_estate(estate(), [added(None, r) for r in readings], [], gaps, now)


def in_sync() -> int:
    """How many of its alarms and topics are as declared."""
    return _alarms().count("in_sync")


def _alarms() -> AlarmInventory:
    """All but one live, one was changed by hand, one rings, one is a left-over."""
    wanted = wanted_alarms(estate(), catalog())
    desired = mark(wanted.resources)
    alarms = {r.name.removeprefix("sloop/reference/"): r for r in desired if r.kind == "alarm"}
    live = {r.identity: Live(r, "OK" if r.kind in ("alarm", "composite") else None) for r in desired}
    del live[alarms["api/cpu-high"].identity]
    changed = alarms["api/memory-high"]
    live[changed.identity] = Live(replace(changed, spec={**changed.spec, "Threshold": 99}), "ALARM")
    orphan = replace(changed, name="sloop/reference/api/old", tags=dict(changed.tags))
    return inventory("reference", desired, [*live.values(), Live(orphan, "OK")], NOW - timedelta(minutes=4), wanted.without)
