"""What AWS tells wrongly, late, twice or not at all: never a pass, never an outage that did not happen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.simulator.faults import Fault
from slo.estate.spec import Component, RecoveryTarget
from slo.judge.outage import Told, failovers
from slo.judge.recovery import judge
from slo.judge.recovery_part import Evidence
from slo.judge.recovery_point import Unknown
from tests.support.moto_account import ONE_TRY
from tests.support.recoverable import CACHE, DATABASE, DOCUMENTS, MAIN, MEDIA, NOW, wired
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.requests import Request

    from app.ports import Findings
    from tests.support.recoverable import Wire

STARTED, COMPLETED = "Multi-AZ instance failover started.", "Multi-AZ instance failover completed."
API = Component("api", "ecs", "main", {"cluster": "prod", "service": "api"})


class Looks:
    """A reader that stays the same from look to look."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        session = AwsSession({"main": MAIN}, config=ONE_TRY)
        self.reader = AwsRecovery(session, CloudWatchSource(session))

    def at(self, second: int, component: Component = DATABASE) -> Findings:
        self.wire.clock.at = NOW + second
        return self.reader.read(component, MAIN, datetime.fromtimestamp(NOW + second, UTC))


def point_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    with wired() as wire:
        point_at(wire.url, monkeypatch)
        yield Looks(wire)


@pytest.mark.parametrize(
    ("lines", "spans"),
    [
        pytest.param([(10, STARTED), (82, COMPLETED)], [(10, 82)], id="as it should be"),
        pytest.param([(10, COMPLETED), (12, STARTED)], [(10, 10)], id="completed before it started"),
        pytest.param([(10, STARTED), (82, COMPLETED), (90, COMPLETED)], [(10, 90)], id="completed twice"),
        pytest.param([(10, STARTED), (82, COMPLETED), (900, COMPLETED)], [(10, 82), (900, 900)], id="a start was lost"),
        pytest.param([(10, STARTED), (20, STARTED), (82, COMPLETED)], [(10, 82)], id="started twice"),
        pytest.param([(10, STARTED)], [(10, None)], id="never completed"),
        pytest.param([(10, COMPLETED), (900, STARTED)], [(10, 10), (900, None)], id="two failovers, each half told"),
    ],
)
def test_contradictory_events_are_never_flatter_than_what_aws_tells(
    lines: Sequence[tuple[int, str]], spans: Sequence[tuple[int, int | None]]
) -> None:
    told = [Told(at, "pg", text) for at, text in reversed(lines)]
    assert [(e.start, e.end) for e in failovers("database", told, "events")] == spans


def test_a_failover_that_never_completes_grows_until_it_is_over_the_target(looks: Looks) -> None:
    looks.wire.faults.append(Fault("rds-failover", NOW, math.inf))
    states = []
    for minutes in (5, 29, 31):
        events = looks.at(minutes * 60).events
        verdict = judge(DATABASE, RecoveryTarget("az-loss", None, 30), Evidence(events=events), NOW + minutes * 60)
        states.append((verdict.rto.state, [r.code for r in verdict.rto.reasons if r.code == "in_progress"]))
    assert states == [("not_measured", ["in_progress"])] * 2 + [("breached", ["in_progress"])]


def test_a_completion_that_was_lost_ends_it_but_times_nothing(looks: Looks) -> None:
    looks.wire.faults.append(Fault("rds-untold-end", NOW, NOW + 70))
    assert [e.end for e in looks.at(300).events] == [None]
    (event,) = looks.at(1200).events
    assert (event.end, event.timed) == (NOW, False)
    assert event.source.endswith("its completion was never told, but it is available")


def test_a_writer_that_changed_without_an_event_is_a_failover_without_a_duration(looks: Looks) -> None:
    looks.wire.faults.append(Fault("docdb-untold", NOW, NOW + 70))
    assert looks.at(7, DOCUMENTS).events == ()
    (event,) = looks.at(120, DOCUMENTS).events
    assert (event.kind, event.start, event.timed) == ("failover", NOW + 120, False)
    assert (
        event.source == "rds: the writer of prod-docs is prod-docs-2, at the look before it was another; no event tells of it"
    )
    assert looks.at(180, DOCUMENTS).events == ()


def test_another_instance_under_the_old_name_does_not_inherit_its_history_silently(looks: Looks) -> None:
    assert {r.note for r in looks.at(7).readings} == {None}
    looks.wire.faults.append(Fault("database-replaced", NOW + 60, NOW + 61))
    notes = {r.note for r in looks.at(120).readings}
    assert len(notes) == 1
    assert "exists since 2027-01-15 08:01 UTC: what was measured before is of another resource" in str(notes.pop())
    assert {r.note for r in looks.at(31 * 86_400).readings} == {None}


def test_snapshots_of_an_instance_that_is_gone_are_none_of_the_one_with_its_name(looks: Looks) -> None:
    looks.wire.faults.append(Fault("database-replaced", NOW - 60, NOW - 59))
    newest = {r.mechanism: r.newest for r in looks.at(7).readings}["snapshot"]
    assert newest == Unknown("no_snapshot", "there is no available snapshot")


def test_a_renamed_instance_is_unknown_and_says_what_to_correct(looks: Looks) -> None:
    found = looks.at(7, replace(DATABASE, resource={"instance": "old-pg"}))
    assert {g.code for g in found.gaps} == {"not_found"}
    assert all(isinstance(r.newest, Unknown) for r in found.readings)


@pytest.mark.parametrize(("behind", "code"), [(10, None), (3600, "clock_skew")])
def test_a_point_in_the_future_is_noted_and_far_ahead_proves_nothing(looks: Looks, behind: int, code: str | None) -> None:
    """Our clock is behind that of the region, whose log went up at NOW."""
    looks.wire.clock.at = NOW
    found = looks.reader.read(DATABASE, MAIN, datetime.fromtimestamp(NOW - behind, UTC))
    point = next(r for r in found.readings if r.mechanism == "point-in-time-restore")
    assert (point.newest.code if isinstance(point.newest, Unknown) else None) == code
    assert point.exposure == 0 or code
    assert f"the point lies {behind} s ahead of our clock" in str(point.note)


def test_fewer_parts_than_shards_are_no_snapshot(looks: Looks) -> None:
    looks.wire.faults.append(Fault("shard-added", NOW - 60, math.inf))
    newest = {r.mechanism: r.newest for r in looks.at(7, CACHE).readings}["snapshot"]
    assert newest == Unknown("no_snapshot", "no available snapshot holds all 2 shards")


class Broken:
    """In front of the simulated account: answers some calls itself, counts all."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.refuse: dict[str, Response] = {}
        self.seen: list[str] = []

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
        named = f"{request.headers.get('x-amz-target', '')} {body.decode(errors='replace')} {request.url.path}"
        self.seen.append(named)
        for part, refusal in self.refuse.items():
            if part in named:
                return refusal
        async with httpx.AsyncClient(trust_env=False) as client:
            path = request.scope["raw_path"].decode()
            url = f"{self.url}{path}?{request.url.query}"
            answered = await client.request(request.method, url, content=body, headers=headers)
        kept = {k: v for k, v in answered.headers.items() if k not in ("content-length", "content-encoding", "date", "server")}
        return Response(answered.content, answered.status_code, kept)


@dataclass
class Between:
    looks: Looks
    broken: Broken


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with wired() as wire:
        broken = Broken(wire.url)
        with serving(Starlette(routes=[Route("/{path:path}", broken.answer, methods=["GET", "POST"])])) as url:
            point_at(url, monkeypatch)
            yield Between(Looks(wire), broken)


def throttled() -> Response:
    error = "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
    return Response(f"<ErrorResponse>{error}</ErrorResponse>", 400, media_type="text/xml")


def test_a_throttled_call_is_unknown_now_and_asked_again_at_the_next_look(between: Between) -> None:
    between.broken.refuse = {"Action=DescribeDBSnapshots": throttled()}
    found = between.looks.at(7)
    assert [g.code for g in found.gaps] == ["throttled"]
    assert isinstance({r.mechanism: r.newest for r in found.readings}["point-in-time-restore"], int)
    between.broken.refuse = {}
    found = between.looks.at(67)
    assert (found.gaps, {r.mechanism: r.exposure for r in found.readings}["snapshot"]) == ((), 5 * 3600 + 67)


def test_half_a_history_of_events_is_none(between: Between) -> None:
    between.looks.wire.faults += [Fault("rds-failover", NOW - 90_000 - n * 1000, NOW - 89_940 - n * 1000) for n in range(70)]
    between.broken.refuse = {"Marker=": throttled()}
    found = between.looks.at(7)
    assert (found.events, [g.code for g in found.gaps]) == ((), ["throttled"])
    between.broken.refuse = {}
    assert len(between.looks.at(67).events) == 70


def test_what_changes_slowly_is_asked_once_in_a_quarter_of_an_hour(between: Between) -> None:
    for minute in range(16):
        between.looks.at(minute * 60)
    asked = {
        what: sum(what in call for call in between.broken.seen)
        for what in ("DescribeDBSnapshots", "/experiments", "DBInstances")
    }
    # Snapshots at home and in the other region.
    assert (asked["DescribeDBSnapshots"], asked["/experiments"]) == (4, 2)
    assert asked["DBInstances"] == 3 * 16


def test_the_metrics_of_all_components_are_one_call_per_region_and_window_from_the_second_look_on(between: Between) -> None:
    counts = []
    for minute in range(3):
        before = len(between.broken.seen)
        for component in (DATABASE, CACHE, MEDIA):
            between.looks.at(minute * 60, component)
        counts.append(sum("GetMetricData" in call for call in between.broken.seen[before:]))
    # The bucket and the cache without a target are read every five minutes, the database without one too.
    assert counts[1:] == [0, 0]
    before = len(between.broken.seen)
    for component in (DATABASE, CACHE, MEDIA):
        between.looks.at(300, component)
    assert sum("GetMetricData" in call for call in between.broken.seen[before:]) == 4


def test_an_experiment_of_another_resource_is_not_ours(between: Between) -> None:
    between.looks.wire.faults.append(Fault("fis-failover", NOW - 600, NOW - 500))
    assert [e.kind for e in between.looks.at(7).events] == ["failover", "drill"]
    assert between.looks.at(7, MEDIA).events == ()


ARN = "arn:aws:rds:us-east-1:111122223333:db:prod-pg"


def saved(between: Between, answers: Mapping[str, Any]) -> Findings:
    between.broken.refuse = {path: JSONResponse(document) for path, document in answers.items()}
    return between.looks.at(7)


def test_only_a_completed_backup_counts(between: Between) -> None:
    rows = [
        {"RecoveryPointArn": f"p{n}", "CreationDate": NOW - age, "Status": status}
        for n, (age, status) in enumerate([(60, "PARTIAL"), (120, "EXPIRED"), (180, "CREATING"), (7200, "COMPLETED")])
    ]
    found = saved(between, {"/recovery-points/": {"RecoveryPoints": rows}})
    assert {r.mechanism: r.exposure for r in found.readings}["backup"] == 7207


@pytest.mark.parametrize(
    ("copy", "code"),
    [
        ({"Status": "COMPLETED", "CreationDate": NOW - 100, "CalculatedLifecycle": {"DeleteAt": NOW - 1}}, "no_copy"),
        ({"Status": "PARTIAL", "CreationDate": NOW - 100}, "no_copy"),
    ],
)
def test_a_copy_that_expired_or_is_partial_is_none(between: Between, copy: Mapping[str, Any], code: str) -> None:
    found = saved(between, {"/backup-vaults/": copy})
    newest = {r.mechanism: r.newest for r in found.readings}["backup-copy"]
    assert isinstance(newest, Unknown)
    assert newest.code == code


def test_a_copy_is_as_old_as_what_was_copied(looks: Looks) -> None:
    assert {r.mechanism: r.exposure for r in looks.at(7).readings}["backup-copy"] == 5 * 3600 + 7


def test_a_copy_in_another_region_than_the_wanted_one_is_none(looks: Looks) -> None:
    elsewhere = replace(DATABASE, resource={**DATABASE.resource, "backup_region": "eu-west-1"})
    newest = {r.mechanism: r.newest for r in looks.at(7, elsewhere).readings}["backup-copy"]
    assert newest == Unknown("no_copy", "AWS Backup has no copy in eu-west-1 that is COMPLETED and not expired")


def test_a_restore_that_failed_or_did_not_validate_shows_nothing(between: Between) -> None:
    jobs = [
        {"RestoreJobId": "a", "CreationDate": NOW - 900, "Status": "FAILED"},
        {
            "RestoreJobId": "b",
            "CreationDate": NOW - 800,
            "CompletionDate": NOW - 700,
            "Status": "COMPLETED",
            "ValidationStatus": "FAILED",
        },
        {"RestoreJobId": "c", "CreationDate": NOW - 600, "CompletionDate": NOW - 500, "Status": "COMPLETED"},
    ]
    found = saved(between, {f"/resources/{ARN}/restore-jobs/": {"RestoreJobs": jobs}})
    assert {(e.start, e.end) for e in found.events} == {(NOW - 600, NOW - 500)}
    assert "restore job b: its validation is FAILED" in [g.text for g in found.gaps]


def service(events: Sequence[tuple[int, str]]) -> JSONResponse:
    rows = [{"id": str(n), "createdAt": NOW + at, "message": text} for n, (at, text) in enumerate(events)]
    document = {"services": [{"serviceName": "api", "desiredCount": 6, "events": rows[::-1]}], "failures": []}
    return JSONResponse(document, media_type="application/x-amz-json-1.1")


UNHEALTHY = "(service api) (task t{}) (port 80) is unhealthy in (target-group tg) due to (reason Request timed out)."
STEADY = "(service api) has reached a steady state."


@pytest.mark.parametrize(
    ("events", "deployment", "spans"),
    [
        pytest.param(
            [(-100, UNHEALTHY.format(1)), (-99, UNHEALTHY.format(2)), (-40, STEADY)], None, [(-100, -40)], id="a third"
        ),
        pytest.param([(-100, UNHEALTHY.format(1)), (-40, STEADY)], None, [], id="one task of six"),
        pytest.param([(-100, "(service api) was unable to place a task.")], None, [(-100, None)], id="no room"),
        pytest.param(
            [(-100, UNHEALTHY.format(1)), (-99, UNHEALTHY.format(2)), (-40, STEADY)], (-200, -30), [], id="deployment"
        ),
        pytest.param([(-21_600, STEADY), (-40, STEADY)], None, [], id="steady all the time"),
    ],
)
def test_a_service_fails_over_when_a_third_of_its_tasks_is_lost_outside_a_deployment(
    between: Between,
    events: Sequence[tuple[int, str]],
    deployment: tuple[int, int] | None,
    spans: Sequence[tuple[int, int | None]],
) -> None:
    made = [{"startedAt": NOW + deployment[0], "finishedAt": NOW + deployment[1]}] if deployment else []
    listed = JSONResponse({"serviceDeployments": made}, media_type="application/x-amz-json-1.1")
    between.broken.refuse = {"DescribeServices": service(events), "ListServiceDeployments": listed}
    found = between.looks.at(7, API)
    assert found.gaps == ()
    assert [(e.start - NOW, None if e.end is None else e.end - NOW) for e in found.events] == spans
