from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from botocore.config import Config

from app.aws.budget import ByteBudget
from app.aws.logs import MINUTES_PER_QUERY, LogsSource
from app.aws.session import AwsSession
from app.bootstrap_sources import feeds
from app.ports import Span
from app.settings import Settings
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.disturbance import Disturbance
from app.simulator.logs import AT_ONCE, BYTES, Logs
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from app.watch import Pace
from slo.errors import AccessDenied, SourceError, Throttled
from slo.estate.indicator import EventRatio, GaugeQuery, LogsQuery
from slo.judge import sli
from slo.judge.answer import Failed, Series
from tests.support.serving import serving
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

START = 29_900_160  # a whole day
NOW = START + 2000
FAULT = START + 700
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALL = LogsQuery(None, "us-east-1", ("/aws/ecs/api",))
BAD = LogsQuery(None, "us-east-1", ("/aws/ecs/api",), "status >= 500")
SPAN = Span(FAULT - 5, FAULT + 10)


@dataclass
class Place:
    """Log groups behind real HTTP; `wall` is what the budget takes for the time, `waited` what the source slept."""

    logs: Logs
    model: DemoModel
    wall: datetime = NOON
    waited: float = 0.0
    calls: list[str] = field(default_factory=list)
    spoiled: dict[str, Disturbance] = field(default_factory=dict)

    def source(self, per_day: int = 0, patience: float = 60.0) -> LogsSource:
        self.budget = ByteBudget(per_day, lambda: self.wall)
        session = AwsSession({}, config=Config(retries={"total_max_attempts": 1}))
        return LogsSource(session, self.budget, monotonic=lambda: self.waited, patience=patience, sleep=self._sleep)

    def disturb(self, operation: str, _request: Mapping[str, Any]) -> Disturbance | None:
        self.calls.append(operation)
        return self.spoiled.get(operation)

    def truth(self, span: Span) -> tuple[list[int], list[int]]:
        """(all, bad) records of the group by minute, from the model itself."""
        marks = np.arange(span.start, span.end + 1, dtype=np.float64) * 60
        stream = self.model.stream("api")
        total, bad = stream.requests(marks), stream.errors(marks)
        return (total[1:] - total[:-1]).tolist(), (bad[1:] - bad[:-1]).tolist()

    def _sleep(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    model, clock = DemoModel(7), ManualClock(NOW * 60.0)
    model.inject("api-5xx", FAULT * 60.0)
    made = Place(Logs(model.stream, clock), model)
    made.logs.disturb = made.disturb
    app = create_app(CloudWatch(clock, lambda *_: None), clock, targets=made.logs.targets())
    with serving(app) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        yield made


def minutes_of(answer: object) -> dict[int, int]:
    assert isinstance(answer, Series), answer
    return dict(zip(answer.minutes.tolist(), answer.values.astype(int).tolist(), strict=True))


def reason_of(answer: object) -> str:
    assert isinstance(answer, Failed), answer
    return answer.message


def test_the_counts_of_two_days_equal_what_the_service_wrote(place: Place) -> None:
    span = Span(START, START + 2 * MINUTES_PER_QUERY - 900)
    answers = place.source().fetch((ALL, BAD), span)
    total, bad = place.truth(span)
    assert minutes_of(answers[ALL]) == dict(enumerate(total, span.start))
    assert minutes_of(answers[BAD]) == dict(enumerate(bad, span.start))
    assert sum(bad) > 0


def test_slices_of_a_ratio_over_logs_count_the_outage(place: Place) -> None:
    indicator = EventRatio((ALL,), bad=(BAD,))
    answers = place.source().fetch(indicator.queries, SPAN)
    slices = sli.measure(indicator, answers, SPAN.start, SPAN.end).slices
    assert (slices.total.tolist(), slices.bad.tolist()) == place.truth(SPAN)
    assert slices.bad[4] < slices.total[4]
    assert slices.bad[5] == slices.total[5] > 0


def test_a_minute_without_a_match_is_0_events_where_the_groups_hold_records(place: Place) -> None:
    quiet = Span(START, START + 5)
    assert set(minutes_of(place.source().fetch((BAD,), quiet)[BAD])) == set(range(START, START + 5))


def test_groups_without_any_record_prove_nothing_so_their_minutes_are_missing(place: Place) -> None:
    indicator = EventRatio((ALL,), bad=(BAD,))
    future = Span(NOW, NOW + 5)
    answers = place.source().fetch(indicator.queries, future)
    assert minutes_of(answers[ALL]) == {}
    assert len(sli.measure(indicator, answers, NOW, NOW + 5).slices.minutes) == 0


def test_a_query_that_the_service_cannot_read_leaves_the_others(place: Place) -> None:
    odd = LogsQuery(None, "us-east-1", ("/aws/ecs/api",), "status is bad")
    answers = place.source().fetch((ALL, odd), SPAN)
    assert "MalformedQueryException" in reason_of(answers[odd])
    assert "/aws/ecs/api with status is bad" in reason_of(answers[odd])
    assert len(minutes_of(answers[ALL])) == 15


def test_a_group_that_is_gone_is_named_and_leaves_the_others(place: Place) -> None:
    gone = LogsQuery(None, "us-east-1", ("/aws/ecs/gone",))
    answers = place.source().fetch((gone, ALL), SPAN)
    assert "/aws/ecs/gone" in reason_of(answers[gone])
    assert isinstance(answers[ALL], Series)


@pytest.mark.parametrize("operation", ["StartQuery", "GetQueryResults"])
def test_f05_a_denied_call_names_its_iam_action(place: Place, operation: str) -> None:
    place.spoiled[operation] = Disturbance("forbidden")
    if operation == "StartQuery":
        with pytest.raises(AccessDenied, match=r"allow the IAM action logs:StartQuery$"):
            place.source().fetch((ALL,), SPAN)
    else:
        assert "allow the IAM action logs:GetQueryResults" in reason_of(place.source().fetch((ALL,), SPAN)[ALL])
        assert place.calls[-1] == "StopQuery"


def test_f01_throttling_is_an_error_to_try_again_and_never_a_zero(place: Place) -> None:
    place.spoiled["StartQuery"] = Disturbance("throttle")
    with pytest.raises(SourceError, match="logs:StartQuery: Throttling") as caught:
        place.source().fetch((ALL, BAD), SPAN)
    assert caught.value.retryable


def test_when_the_account_runs_too_many_queries_it_says_so(place: Place) -> None:
    session = AwsSession({}).client("logs", None, "us-east-1")
    for _ in range(AT_ONCE):
        session.start_query(
            logGroupIdentifiers=["/aws/ecs/web"], startTime=0, endTime=60, queryString="stats count(*) as n by bin(1m)"
        )
    with pytest.raises(Throttled, match="runs 30 queries at a time"):
        place.source().fetch((ALL,), SPAN)


def test_a_query_that_takes_too_long_is_stopped(place: Place) -> None:
    place.logs.looks = 1000
    answer = reason_of(place.source(patience=30).fetch((ALL,), SPAN)[ALL])
    assert "took longer than 30 s" in answer
    assert answer.endswith("(it was stopped)")
    assert place.waited < 35


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_ends_badly_is_a_reason_and_not_a_zero(place: Place, status: str) -> None:
    place.logs.ends = status
    assert f"the query ended as {status}" in reason_of(place.source().fetch((ALL,), SPAN)[ALL])


def test_counts_of_several_pages_are_all_there(place: Place) -> None:
    place.logs.page = 4
    assert minutes_of(place.source().fetch((ALL,), SPAN)[ALL]) == dict(enumerate(place.truth(SPAN)[0], SPAN.start))


def test_f04_a_token_that_comes_back_ends_in_an_error(place: Place) -> None:
    place.logs.page = 0
    answer = reason_of(place.source().fetch((ALL,), SPAN)[ALL])
    assert "the same nextToken came twice" in answer
    assert len(place.calls) < 6


def test_only_the_newest_day_is_read(place: Place) -> None:
    assert place.source().spans(START - 9999, NOW, NOW) == (Span(NOW - 1440, NOW),)
    assert place.source().spans(START - 9999, NOW - 2000, NOW) == ()


def test_what_was_scanned_is_counted_once_and_the_spent_budget_refuses(place: Place) -> None:
    total, _ = place.truth(SPAN)
    scanned = sum(total) * BYTES
    source = place.source(per_day=scanned)
    assert isinstance(source.fetch((ALL,), SPAN)[ALL], Series)
    assert place.budget.spent == scanned
    place.calls.clear()
    reason = reason_of(source.fetch((ALL,), SPAN)[ALL])
    assert reason.startswith(f"the day's budget of {scanned:,} bytes of logs is spent")
    assert place.calls == []


def test_at_midnight_utc_there_is_a_new_budget(place: Place) -> None:
    source = place.source(per_day=1)
    source.fetch((ALL,), SPAN)
    place.wall = NOON + timedelta(hours=11, minutes=59)
    assert isinstance(source.fetch((ALL,), SPAN)[ALL], Failed)
    place.wall = NOON + timedelta(hours=12)
    assert place.budget.refusal is None


def test_a_query_that_outgrows_the_budget_is_stopped_while_it_runs(place: Place) -> None:
    answer = reason_of(place.source(per_day=10).fetch((ALL,), SPAN)[ALL])
    assert "is spent" in answer
    assert place.calls == ["StartQuery", "GetQueryResults", "StopQuery"]


def test_no_budget_is_no_limit(place: Place) -> None:
    source = place.source()
    for _ in range(3):
        assert isinstance(source.fetch((ALL,), SPAN)[ALL], Series)


def test_a_query_of_another_source_is_a_bug(place: Place) -> None:
    with pytest.raises(TypeError, match="not for CloudWatch Logs"):
        place.source().fetch((GaugeQuery("up"),), SPAN)


def test_the_service_reads_logs_by_its_settings() -> None:
    settings = Settings(logs_bytes_per_day=5, logs_history_days=2, logs_poll_minutes=10, logs_settle_seconds=60)
    feed = feeds(settings, AwsSession({}))["logs"]
    assert feed.source.spans(START - 9999, NOW, NOW) == (Span(NOW - 2880, NOW),)
    assert feed.pace == Pace(60, 10, 10)


def test_f02_an_internal_error_of_one_look_is_a_reason_and_the_query_is_stopped(place: Place) -> None:
    place.spoiled["GetQueryResults"] = Disturbance("error")
    answer = reason_of(place.source().fetch((ALL,), SPAN)[ALL])
    assert "logs:GetQueryResults: InternalServiceError" in answer
    assert answer.endswith("(it was stopped)")


def test_a_query_that_cannot_be_stopped_says_what_it_needs(place: Place) -> None:
    place.logs.looks = 1000
    place.spoiled["StopQuery"] = Disturbance("forbidden")
    answer = reason_of(place.source(patience=1).fetch((ALL,), SPAN)[ALL])
    assert "it could not be stopped: logs:StopQuery" in answer
    assert "allow the IAM action logs:StopQuery" in answer
