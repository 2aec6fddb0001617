"""Recovery verdicts: the golden cases worked by hand, and what holds whatever was read."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.spec import Component, Estate, RecoveryTarget
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery import judge, judge_estate
from slo.judge.recovery_document import document
from slo.judge.recovery_part import STATES, Evidence
from slo.judge.recovery_point import Reading, ReadingHour, Unknown, added, hour_of
from slo.units import parse_duration, parse_share, parse_time

CASES = sorted((Path(__file__).parents[2] / "golden" / "recovery").glob("[0-9]*.json"))
NOW = 1_800_000_000
TARGET = RecoveryTarget("point-in-time-restore", 15, 30)


def seconds(text: str) -> int:
    return int(parse_time(text).timestamp())


def hours_of(readings: list[Reading]) -> list[ReadingHour]:
    found: dict[tuple[str, str, int], ReadingHour] = {}
    for reading in readings:
        key = (reading.component, reading.mechanism, hour_of(reading.at))
        found[key] = added(found.get(key), reading)
    return list(found.values())


def read(rows: list[dict[str, Any]], component: str, now: int) -> list[ReadingHour]:
    return hours_of(
        [
            Reading(
                row.get("component", component),
                row["mechanism"],
                now - ago * 60,
                Unknown(*row["unknown"]) if "unknown" in row else now - ago * 60 - exposure,
                "source",
            )
            for row in rows
            for ago, exposure in row["exposures"]
        ]
    )


def happened(rows: list[dict[str, Any]], component: str) -> list[RecoveryEvent]:
    return [
        RecoveryEvent(
            row.get("component", component),
            row["kind"],
            seconds(row["start"]),
            None if row["end"] is None else seconds(row["end"]),
            "source",
            row.get("scenario"),
            row.get("lost"),
            row.get("failed", False),
        )
        for row in rows
    ]


def part_of(expected: Any, found: Any) -> Any:
    """What was found, cut down to what the case says; reasons by their code."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return {key: part_of(value, found[key]) for key, value in expected.items()}
    if isinstance(expected, list):
        return [reason.partition(":")[0] for reason in found]
    return found


def test_there_is_a_case_for_every_state() -> None:
    assert {json.loads(case.read_text())["expected"].get("state") for case in CASES} >= set(STATES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_verdict_is_what_was_worked_out_by_hand(case: Path) -> None:
    given_ = json.loads(case.read_text())
    declared, now = given_["component"], seconds(given_["now"])
    targets = tuple(
        RecoveryTarget(t["scenario"], parse_duration(t["rpo"]), parse_duration(t["rto"])) for t in declared["recovery"]
    )
    component = Component(declared["name"], declared["kind"], resource=declared.get("resource", {}), recovery=targets)
    evidence = Evidence(
        read(given_.get("readings", []), component.name, now),
        read(given_.get("inherited", []), component.name, now),
        happened(given_.get("events", []), component.name),
        happened(given_.get("around", []), component.name),
        [Unknown(*gap) for gap in given_.get("gaps", [])],
        fired=[seconds(at) for at in given_.get("fired", [])],
    )
    found = document(judge(component, targets[0] if targets else None, evidence, now))
    assert part_of(given_["expected"], found) == given_["expected"]


def test_an_estate_gets_a_verdict_per_target_and_hands_on_what_its_queues_and_users_saw() -> None:
    workers = Component("workers", "ecs", depends_on=("jobs",), recovery=(RecoveryTarget("az-loss", 0, 5),))
    database = Component("database", "rds", recovery=(RecoveryTarget("az-loss", 5, 30), TARGET))
    api = Component("api", "alb", depends_on=("database",))
    estate = Estate("prod", components=(api, workers, database, Component("jobs", "sqs")))
    hours = hours_of(
        [Reading("jobs", "dead-letter-queue", NOW, NOW, "cloudwatch"), Reading("database", "multi-az", NOW, NOW, "rds")]
    )
    events = [
        RecoveryEvent("database", "failover", NOW - 900, NOW - 800, "rds"),
        RecoveryEvent("api", "outage", NOW - 900, NOW - 600, "slices"),
    ]
    found = {(v.component, v.scenario): v for v in judge_estate(estate, hours, events, {}, NOW)}
    assert list(found) == [
        ("api", None),
        ("workers", "az-loss"),
        ("database", "az-loss"),
        ("database", "point-in-time-restore"),
        ("jobs", None),
    ]
    assert found["database", "az-loss"].rto.achieved == 300
    assert found["workers", "az-loss"].exposure == 0


def test_an_outage_of_a_user_alone_is_no_recovery_of_the_component() -> None:
    component = Component("database", "rds")
    evidence = Evidence(around=[RecoveryEvent("api", "outage", NOW - 900, NOW - 600, "slices")])
    assert judge(component, RecoveryTarget("az-loss", None, 30), evidence, NOW).rto.state == "not_measured"


def test_an_outage_without_a_failover_proves_the_time_and_says_that_its_cause_is_not_known() -> None:
    seen = [RecoveryEvent("api", "outage", NOW - 900, NOW - 780, "slices")]
    alone = judge(Component("api", "ecs"), RecoveryTarget("az-loss", None, 5), Evidence(events=seen), NOW)
    assert (alone.rto.state, [r.code for r in alone.rto.reasons]) == ("met", ["cause_unknown"])
    told = [*seen, RecoveryEvent("api", "failover", NOW - 880, NOW - 800, "rds")]
    known = judge(Component("api", "rds"), RecoveryTarget("az-loss", None, 5), Evidence(events=told), NOW)
    assert (known.rto.state, known.rto.reasons) == ("met", ())


def test_a_replica_stands_in_for_a_standby_that_is_not_there() -> None:
    off = Reading("database", "multi-az", NOW, Unknown("not_multi_az", "MultiAZ is off"), "rds")
    lag = Reading("database", "replica", NOW, NOW - 3, "cloudwatch", "a note")
    found = judge(Component("database", "rds"), RecoveryTarget("az-loss", 5, None), Evidence(hours_of([off, lag])), NOW)
    assert (found.mechanism, found.rpo.state, found.exposure) == ("replica", "met", 3)
    assert [r.code for r in found.rpo.reasons] == ["fallback_unknown", "note"]


def test_without_new_readings_the_exposure_grows_and_is_called_stale() -> None:
    hours = hours_of([Reading("database", "point-in-time-restore", NOW - 700, NOW - 760, "rds")])
    found = judge(Component("database", "rds"), TARGET, Evidence(hours), NOW)
    assert found.exposure == 760
    assert [r.code for r in found.rpo.reasons] == ["approaching", "stale"]


exposures = st.lists(st.one_of(st.integers(0, 100_000), st.integers(0, 60), st.just(None)), min_size=0, max_size=300)


@settings(deadline=None)
@given(exposures, st.integers(1, 2000), st.booleans())
def test_nothing_is_met_without_a_reading_and_nothing_over_the_target_is_met(
    found: list[int | None], rpo: int, failed_over: bool
) -> None:
    readings = [
        Reading("database", "replica", NOW - 60 * n, Unknown("x", "y") if e is None else NOW - 60 * n - e, "cloudwatch")
        for n, e in reversed(list(enumerate(found)))
    ]
    events = [RecoveryEvent("database", "failover", NOW - 100, NOW - 40, "rds")] if failed_over else []
    verdict = judge(
        Component("database", "rds"), RecoveryTarget("az-loss", rpo, 30), Evidence(hours_of(readings), events=events), NOW
    )
    known = [e for e in found if e is not None]
    kept = sum(e <= rpo * 60 for e in known)
    over = bool(known) and kept * 100 < 99 * len(known)
    over_now = bool(found) and found[0] is not None and found[0] > rpo * 60
    assert (verdict.rpo.state == "breached") == (over or over_now)
    assert (verdict.rpo.state == "met") == (bool(found) and found[0] is not None and not over and not over_now)
    assert (verdict.rto.state == "met") == failed_over


@settings(deadline=None)
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=120), st.integers(0, 200))
def test_the_share_within_a_target_is_exact_though_only_minutes_are_kept(found: list[int], minutes: int) -> None:
    readings = [Reading("m", "replication", NOW + 60 * n, NOW + 60 * n - e, "s3") for n, e in enumerate(found)]
    target = RecoveryTarget("region-loss", minutes, None)
    verdict = judge(Component("m", "s3"), target, Evidence(hours_of(readings)), NOW + 60 * len(found))
    assert verdict.within is not None
    assert verdict.within * len(found) == sum(e <= minutes * 60 for e in found)


def test_a_queue_that_was_not_read_is_not_called_missing() -> None:
    api = Component("api", "ecs", depends_on=("jobs",), recovery=(RecoveryTarget("az-loss", 0, 5),))
    estate = Estate("prod", components=(api, Component("jobs", "sqs", resource={"queue": "jobs", "dlq": "jobs-dlq"})))
    unread = judge_estate(estate, (), (), {}, NOW)[0]
    denied = judge_estate(estate, (), (), {"jobs": [Unknown("not_evidenced", "needs cloudwatch:GetMetricData")]}, NOW)[0]
    bare = judge_estate(replace(estate, components=(api, Component("jobs", "sqs"))), (), (), {}, NOW)[0]
    assert [v.rpo.reasons[0].code for v in (unread, denied, bare)] == ["not_read", "not_evidenced", "no_dead_letter_queue"]


def of(target: RecoveryTarget, found: list[int | Unknown], kind: str = "rds", mechanism: Any = "point-in-time-restore") -> Any:
    """One reading a minute, the last one now."""
    readings = [
        Reading("database", mechanism, at, e if isinstance(e, Unknown) else at - e, "source")
        for at, e in ((NOW - 60 * n, e) for n, e in enumerate(reversed(found)))
    ]
    return judge(Component("database", kind), target, Evidence(hours_of(readings[::-1])), NOW)


SHARES = [
    ([960] + [60] * 99, "99%", "met", ["over_at_times"]),
    (
        [960, 960] + [60] * 98,
        "99%",
        "breached",
        [
            "over_target",
        ],
    ),
    ([960, 960] + [60] * 98, "98%", "met", ["over_at_times"]),
    ([960] + [60] * 9999, "100%", "breached", ["over_target"]),
    ([60] * 99 + [1200], "99%", "met", ["over_at_times"]),
    ([60] * 99 + [1201], "99%", "breached", ["over_target", "over_at_times"]),
]


@pytest.mark.parametrize(("found", "within", "state", "codes"), SHARES)
def test_the_objective_is_a_share_of_minutes_and_one_upload_more_than_the_target_is_over_it_now(
    found: list[int | Unknown], within: str, state: str, codes: list[str]
) -> None:
    verdict = of(replace(TARGET, within=parse_share(within)), found)
    assert (verdict.rpo.state, [r.code for r in verdict.rpo.reasons]) == (state, codes)


def test_a_message_that_was_lost_is_a_breach_whatever_share_of_the_minutes_it_stood_in() -> None:
    readings = [
        Reading("jobs", "dead-letter-queue", NOW - 60 * n, NOW - 60 * n - (60 if n == 900 else 0), "sqs")
        for n in range(1000, -1, -1)
    ]
    workers = Component("workers", "ecs", depends_on=("jobs",), recovery=(RecoveryTarget("az-loss", 0, 5),))
    jobs = Component("jobs", "sqs", resource={"dlq": "d"})
    verdict = judge_estate(Estate("prod", components=(workers, jobs)), hours_of(readings), (), {}, NOW)[0]
    assert (verdict.rpo.state, verdict.exposure) == ("breached", 0)


def test_a_drill_is_all_the_proof_there_can_be_where_no_recovery_point_is_known() -> None:
    target = RecoveryTarget("region-loss", 60, 240)
    component = Component("cache", "elasticache")
    seen = [RecoveryEvent("cache", "drill", NOW - 9000, NOW - 3000, "d1", "region-loss", lost=1800)]
    verdict = judge(component, target, Evidence(events=seen), NOW)
    assert (verdict.rpo.state, verdict.rpo.achieved, verdict.rto.state) == ("met", 1800, "met")
    assert judge(component, target, Evidence(), NOW).rpo.state == "not_measured"


def test_a_spare_of_yesterday_does_not_stand_in_for_backups_that_could_not_be_read() -> None:
    spare = Reading("database", "snapshot", NOW, NOW - 80_000, "rds")
    for code, mechanism in (("access_denied", "point-in-time-restore"), ("no_backups", "snapshot")):
        refused = Reading("database", "point-in-time-restore", NOW, Unknown(code, "x"), "rds")
        verdict = judge(Component("database", "rds"), TARGET, Evidence(hours_of([refused, spare])), NOW)
        assert verdict.mechanism == mechanism
        assert isinstance(verdict.exposure, Unknown) == (code == "access_denied")


def test_a_recovery_point_of_a_clock_that_is_ahead_is_no_negative_exposure_and_is_said() -> None:
    verdict = of(TARGET, [-90])
    assert (verdict.exposure, verdict.rpo.state, [r.code for r in verdict.rpo.reasons]) == (0, "met", ["clock_ahead"])


def test_an_event_that_another_clock_puts_into_the_future_proves_nothing_yet() -> None:
    seen = [RecoveryEvent("database", "failover", NOW + 30, NOW + 90, "rds")]
    verdict = judge(Component("database", "rds"), RecoveryTarget("az-loss", None, 30), Evidence(events=seen), NOW)
    assert verdict.rto.state == "not_measured"


def test_a_newer_proof_in_time_ends_the_breach_of_one_that_is_older_than_the_period() -> None:
    slow = RecoveryEvent("database", "failover", NOW - 50 * 86_400, NOW - 50 * 86_400 + 3600, "rds")
    quick = RecoveryEvent("database", "failover", NOW - 40 * 86_400, NOW - 40 * 86_400 + 60, "rds")
    target = RecoveryTarget("az-loss", None, 30)
    states = [judge(Component("database", "rds"), target, Evidence(events=e), NOW).rto.state for e in ([slow], [slow, quick])]
    assert states == ["breached", "met"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["failover", "drill"]), st.integers(1, 200), st.integers(1, 4000), st.booleans()), max_size=5
    ),
    st.integers(1, 120),
)
def test_nothing_is_met_without_a_proof_that_is_young_enough(rows: list[tuple[Any, int, int, bool]], days: int) -> None:
    seen = [
        RecoveryEvent(
            "database", kind, NOW - ago * 86_400, NOW - ago * 86_400 + took, "x", "az-loss", 0, failed and kind == "drill"
        )
        for kind, ago, took, failed in rows
    ]
    target = RecoveryTarget("az-loss", 5, 30, proof_max_age=days * 1440)
    standing = hours_of([Reading("database", "multi-az", NOW, NOW, "rds")])
    verdict = judge(Component("database", "rds"), target, Evidence(standing, events=seen), NOW)
    young = [e for e in seen if not e.failed and e.end is not None and e.end >= NOW - days * 86_400]
    assert verdict.rto.state != "met" or young
    assert verdict.rpo.state != "met" or young
    assert verdict.rto.state in ("met", "breached") or not young
    assert (verdict.rto.state == "proof_too_old") <= (not young and any(not e.failed for e in seen))


def test_of_two_queues_a_minute_is_read_once() -> None:
    target = RecoveryTarget("az-loss", 0, 5)
    web = Component("web", "ecs", recovery=(target,))
    readings = [Reading(name, "dead-letter-queue", at, at, "sqs") for name in ("a", "b") for at in range(NOW - 600, NOW, 60)]
    verdict = judge(web, target, Evidence(inherited=hours_of(readings), queues=("a", "b")), NOW)
    assert verdict.coverage == Fraction(10, 30 * 1440)


@pytest.mark.parametrize("action", ["rds:DescribeEvents", "ecs:DescribeServices", "ecs:ListServiceDeployments"])
def test_a_history_of_failovers_that_may_not_be_read_is_never_a_pass(action: str) -> None:
    target = RecoveryTarget("az-loss", None, 30)
    web = Component("web", "ecs", recovery=(target,))
    drill = RecoveryEvent("web", "drill", NOW - 900, NOW - 600, "drill", "az-loss")
    gap = Unknown("access_denied", f"not evidenced: needs {action}")
    assert judge(web, target, Evidence(events=[drill]), NOW).rto.state == "met"
    found = judge(web, target, Evidence(events=[drill], gaps=[gap]), NOW).rto
    assert (found.state, found.reasons[-1].text) == ("not_measured", gap.text)


@pytest.mark.parametrize("kind", ["ecs", "alb"])
def test_a_call_that_failed_is_not_why_there_is_nothing_to_read(kind: str) -> None:
    target = RecoveryTarget("az-loss", 0, 5)
    web = Component("web", kind, recovery=(target,))
    gap = Unknown("access_denied", "not evidenced: needs fis:ListExperiments")
    found = judge(web, target, Evidence(gaps=[gap]), NOW)
    assert isinstance(found.exposure, Unknown)
    assert found.exposure.code == {"ecs": "no_dead_letter_queue", "alb": "no_mechanism"}[kind]
    assert gap.text in [r.text for r in found.rto.reasons]


def test_a_failover_during_another_rehearsal_or_beside_a_restore_takes_no_longer_than_it_did() -> None:
    targets = [RecoveryTarget(scenario, None, 30) for scenario in ("az-loss", "point-in-time-restore", "region-loss")]
    database = Component("database", "rds", recovery=tuple(targets))
    events = [
        RecoveryEvent("database", "drill", NOW - 9000, NOW - 8000, "drill", "region-loss"),
        RecoveryEvent("database", "failover", NOW - 8500, NOW - 8430, "events"),
        RecoveryEvent("database", "restore", NOW - 8400, NOW - 7000, "jobs"),
    ]
    found = [judge(database, target, Evidence(events=events), NOW).rto.achieved for target in targets]
    assert found == [70, 1400, 1000]
