from __future__ import annotations

from typing import Any

import pytest

from alerts.recovery_trouble import troubles
from slo.estate.spec import Component, RecoveryTarget
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery import RecoveryVerdict, judge
from slo.judge.recovery_part import Evidence
from slo.judge.recovery_point import Reading, ReadingHour, Unknown, added

NOW = 1_800_000_000
RESTORE = RecoveryTarget("point-in-time-restore", 15, None)
DENIED = Unknown("access_denied", "not evidenced: needs rds:DescribeDBInstances")


def read(mechanism: Any, exposure: int | Unknown, ago: int = 0) -> ReadingHour:
    at = NOW - ago
    return added(None, Reading("database", mechanism, at, exposure if isinstance(exposure, Unknown) else at - exposure, "rds"))


def verdict(target: RecoveryTarget, *hours: ReadingHour, events: tuple[RecoveryEvent, ...] = ()) -> RecoveryVerdict:
    return judge(Component("database", "rds"), target, Evidence(hours, events=events), NOW)


def found(target: RecoveryTarget, *hours: ReadingHour, tier: int | None = 1) -> dict[str, tuple[str, str]]:
    told = troubles(verdict(target, *hours), tier)
    return {t.kind: (t.standing, t.severity) for t in told if t.standing != "off"}


EXPOSURES = [
    (0, {}),
    (719, {"exposure_near": ("held", "ticket")}),
    (720, {"exposure_near": ("on", "ticket")}),
    (900, {"exposure_near": ("on", "ticket")}),
    (1200, {"exposure_over": ("held", "ticket"), "exposure_near": ("on", "ticket")}),
    (1201, {"exposure_over": ("on", "page"), "exposure_near": ("on", "ticket")}),
    (630, {"exposure_near": ("held", "ticket")}),
    (629, {}),
]


@pytest.mark.parametrize(("exposure", "expected"), EXPOSURES)
def test_near_begins_at_80_percent_and_over_one_upload_above_the_target(exposure: int, expected: dict[str, Any]) -> None:
    assert found(RESTORE, read("point-in-time-restore", exposure)) == expected


def test_at_the_mechanisms_limit_nothing_is_near() -> None:
    target = RecoveryTarget("point-in-time-restore", 5, None)
    assert found(target, read("point-in-time-restore", 300)) == {}
    assert found(target, read("point-in-time-restore", 600)) == {"exposure_over": ("held", "ticket")}
    assert found(target, read("point-in-time-restore", 601)) == {"exposure_over": ("on", "page")}


def test_without_an_upload_step_it_is_over_at_once_and_over_only_at_80_percent() -> None:
    target = RecoveryTarget("az-loss", 5, None)
    standing = [found(target, read("replica", e)).get("exposure_over", ("off", ""))[0] for e in (301, 300, 241, 240)]
    assert standing == ["on", "held", "held", "off"]


UNKNOWN = [
    (DENIED, ("on", "ticket", 3600)),
    (Unknown("throttled", "slow down"), ("on", "ticket", 3600)),
    (Unknown("no_backups", "backups are off"), ("on", "ticket", 600)),
]


@pytest.mark.parametrize(("why", "expected"), UNKNOWN)
def test_an_unknown_exposure_is_no_page_and_holds_the_one_that_is_open(why: Unknown, expected: tuple[Any, ...]) -> None:
    by_kind = {t.kind: t for t in troubles(verdict(RESTORE, read("point-in-time-restore", why)), 1)}
    missing = by_kind["backup_missing"]
    assert (missing.standing, missing.severity, missing.wait) == expected
    assert why.text in missing.detail
    assert by_kind["exposure_over"].standing == "held"


def test_backups_that_are_gone_page_once_the_last_one_is_over_the_target() -> None:
    gone = Unknown("no_backups", "backups are off")
    young = [read("point-in-time-restore", 60, ago=900), read("point-in-time-restore", gone)]
    old = [read("point-in-time-restore", 60, ago=3600), read("point-in-time-restore", gone)]
    assert [found(RESTORE, *hours)["backup_missing"] for hours in (young, old)] == [("on", "ticket"), ("on", "page")]


def test_replication_that_stopped_pages_for_tier_1_and_is_a_ticket_elsewhere() -> None:
    target, stopped = RecoveryTarget("az-loss", 5, None), Unknown("replication_stopped", "it is not replicating")
    only = read("replica", stopped)
    assert [found(target, only, tier=t)["replication_stopped"] for t in (1, 2, None)] == [
        ("on", "page"),
        ("on", "ticket"),
        ("on", "ticket"),
    ]
    beside = (read("multi-az", 0), only)
    assert found(target, *beside) == {"replication_stopped": ("on", "ticket")}, "the standby still protects"
    assert found(target, read("multi-az", 0), read("replica", DENIED)) == {"replication_stopped": ("held", "ticket")}


def test_a_proof_that_is_too_old_is_a_ticket_also_while_events_may_not_be_read() -> None:
    old = RecoveryEvent("database", "failover", NOW - 100 * 86_400, NOW - 100 * 86_400 + 60, "rds")
    target = RecoveryTarget("az-loss", None, 30)
    for gaps in ((), (Unknown("access_denied", "not evidenced: needs rds:DescribeEvents"),)):
        made = judge(Component("database", "rds"), target, Evidence(events=[old], gaps=gaps), NOW)
        (trouble,) = [t for t in troubles(made, 1) if t.standing == "on"]
        assert (trouble.kind, trouble.severity, trouble.wait) == ("proof_expired", "ticket", 0)


def test_what_was_never_proven_and_what_has_no_mechanism_is_no_trouble() -> None:
    assert found(RecoveryTarget("az-loss", None, 30)) == {}
    made = judge(Component("edge", "alb"), RecoveryTarget("region-loss", 5, 5), Evidence(), NOW)
    assert {t.standing for t in troubles(made, 1)} <= {"off", "held"}
    assert next(t.standing for t in troubles(made, 1) if t.kind == "backup_missing") == "off"
