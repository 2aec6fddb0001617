"""What goes wrong between CloudWatch and a slice, by its number in the fault catalogue; real HTTP against canned answers.

Elsewhere: F14 and F15 in tests/app/test_pipeline.py (missing and late minutes), F16 in tests/app/reports.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from app.asking import CountedSource
from app.aws.metric_results import Results
from app.ports import Span
from slo.errors import AccessDenied, SourceError, Throttled
from slo.estate.indicator import EventRatio, MetricQuery
from slo.judge.answer import Failed, Series
from slo.judge.sli import measure
from tests.support.answering import Asked, Said, answering

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.aws.metrics import CloudWatchSource
    from app.aws.session import AwsSession
    from slo.judge.answer import Answer
    from slo.judge.sli import Measured

    Sources = Callable[..., CloudWatchSource]

START = 29_900_000
SPAN = Span(START, START + 10)
THREE_TRIES = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 3})
TOTAL, BAD = (MetricQuery(None, "us-east-1", "Shop", name, (), "Sum") for name in ("Requests", "Errors"))
THROTTLE = {"__type": "ThrottlingException", "message": "Rate exceeded"}


@dataclass
class Cloud:
    """Says these in turn, then the last one for ever; `ids` are the metrics it was asked for."""

    says: Sequence[Said]
    asked: list[list[str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Said:
        queries = json.loads(asked.body)["MetricDataQueries"]
        self.asked.append([q["MetricStat"]["Metric"]["MetricName"] for q in queries])
        self.keys.append(asked.headers["authorization"].split("Credential=")[1].split("/")[0])
        return self.says[min(len(self.asked), len(self.says)) - 1]


def said(document: Any, status: int = 200, **headers: str) -> Said:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Said(status, [body], "application/x-amz-json-1.0", headers=headers)


def series(number: int, *points: tuple[int, Any], status: str = "Complete") -> dict[str, Any]:
    stamps, values = [(START + m) * 60 for m, _ in points], [v for _, v in points]
    return {"Id": f"q{number}", "Timestamps": stamps, "Values": values, "StatusCode": status}


def page(*results: dict[str, Any], token: str | None = None) -> Said:
    return said({"MetricDataResults": list(results)} | ({"NextToken": token} if token else {}))


def points(answer: Answer) -> dict[int, float]:
    assert isinstance(answer, Series), answer
    return dict(zip((answer.minutes - START).tolist(), answer.values.tolist(), strict=True))


def measured(total: Sequence[tuple[int, Any]], bad: Sequence[tuple[int, Any]], source_at: Sources) -> Measured:
    with answering(Cloud([page(series(0, *total), series(1, *bad))])) as url:
        answers = source_at(url).fetch([TOTAL, BAD], SPAN)
    return measure(EventRatio((TOTAL,), bad=(BAD,)), answers, SPAN.start, SPAN.end)


def test_f01_throttling_backs_off_with_jitter_and_slows_the_whole_account_down(source_at: Sources, pauses: list[float]) -> None:
    cloud = Cloud([said(THROTTLE, 400), said(THROTTLE, 400), page(series(0, (1, 5)))])
    with answering(cloud) as url:
        source = source_at(url, THREE_TRIES)
        assert points(source.fetch([TOTAL], SPAN)[TOTAL]) == {1: 5}
    assert {0.5, 1.0} <= set(pauses)  # half of 1 and of 2 seconds: luck is 0.5 here
    bucket = source._session.bucket(None, "us-east-1")
    assert bucket.rate < bucket.fastest / 2 + 1


def test_f01_a_budget_that_is_used_up_is_an_error_for_its_part_and_the_others_answer(source_at: Sources) -> None:
    abroad = MetricQuery(None, "eu-west-1", "Shop", "Requests", (), "Sum")
    cloud = Cloud([said(THROTTLE, 400)] * 3 + [page(series(0, (1, 5)))])
    with answering(cloud) as url:
        answers = source_at(url, THREE_TRIES).fetch([TOTAL, abroad], SPAN)
    assert answers[TOTAL] == Failed("cloudwatch:GetMetricData: ThrottlingException: Rate exceeded")
    assert points(answers[abroad]) == {1: 5}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_f02_an_answer_of_500_is_tried_again(source_at: Sources, status: int) -> None:
    cloud = Cloud([said(b"<html>", status), page(series(0, (1, 5)))])
    with answering(cloud) as url:
        assert points(source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)[TOTAL]) == {1: 5}


def test_f02_a_series_with_an_internal_error_is_asked_for_again_alone(source_at: Sources) -> None:
    broken = page(series(0, (1, 5)), series(1, status="InternalError"))
    with answering(cloud := Cloud([broken, page(series(0, (1, 2)))])) as url:
        answers = source_at(url, THREE_TRIES).fetch([TOTAL, BAD], SPAN)
    assert [points(answers[q]) for q in (TOTAL, BAD)] == [{1: 5}, {1: 2}]
    assert cloud.asked == [["Requests", "Errors"], ["Errors"]]


def test_f02_a_page_in_the_middle_is_tried_again_with_its_token(source_at: Sources) -> None:
    first = page(series(0, (1, 5), status="PartialData"), token="t")
    with answering(Cloud([first, said(b"", 503), page(series(0, (2, 6)))])) as url:
        assert points(source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)[TOTAL]) == {1: 5, 2: 6}


def test_f02_a_connection_that_breaks_is_tried_again(source_at: Sources, pauses: list[float]) -> None:
    with answering(Cloud([page()])) as url:
        source = source_at(url, THREE_TRIES)
    with pytest.raises(SourceError, match="Could not connect") as caught:
        source.fetch([TOTAL], SPAN)
    assert caught.value.retryable
    assert len(pauses) == 2


def test_f03_half_an_answer_is_never_used_and_asked_for_again(source_at: Sources) -> None:
    half = page(series(0, (1, 5), status="PartialData"))
    with answering(Cloud([half, half, page(series(0, (1, 5), (2, 6)))])) as url:
        assert points(source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)[TOTAL]) == {1: 5, 2: 6}
    with answering(Cloud([half])) as url:
        answers = source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)
    assert answers[TOTAL] == Failed("Shop Requests: PartialData")


def test_f03_an_answer_that_was_cut_off_is_not_half_an_answer(source_at: Sources) -> None:
    whole = json.dumps({"MetricDataResults": [series(0, (1, 5), (2, 6))]}).encode()
    with answering(Cloud([said(whole[:-20]), said(whole)])) as url:
        assert points(source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)[TOTAL]) == {1: 5, 2: 6}
    with answering(Cloud([said(whole[:-20])])) as url, pytest.raises(SourceError, match="cut off"):
        source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)


def test_f04_a_token_that_comes_back_ends_in_an_error(source_at: Sources) -> None:
    cloud = Cloud([page(series(0, (1, 5)), token="a"), page(token="b"), page(token="a")])
    with answering(cloud) as url, pytest.raises(SourceError, match="the same NextToken came twice"):
        source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)
    assert len(cloud.asked) == 3


def test_f05_a_forbidden_metric_names_its_action_and_stops_no_other(source_at: Sources) -> None:
    with answering(Cloud([page(series(0, status="Forbidden"), series(1, (1, 2)))])) as url:
        answers = source_at(url).fetch([TOTAL, BAD], SPAN)
    assert answers[TOTAL] == Failed("Shop Requests: forbidden; allow the IAM action cloudwatch:GetMetricData")
    assert points(answers[BAD]) == {1: 2}


def test_f05_a_denied_call_names_its_action_and_is_not_tried_again(source_at: Sources) -> None:
    cloud = Cloud([said({"__type": "AccessDeniedException", "message": "no"}, 403)])
    with answering(cloud) as url, pytest.raises(AccessDenied, match="allow the IAM action cloudwatch:GetMetricData"):
        source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)
    assert len(cloud.asked) == 1


EXPIRED = said({"__type": "ExpiredTokenException", "message": "The security token is expired"}, 403)


def test_f06_expired_credentials_are_looked_for_once_more(source_at: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(cloud := Cloud([page(series(0, (1, 4))), EXPIRED, page(series(0, (1, 5)))])) as url:
        source = source_at(url, THREE_TRIES)
        source.fetch([TOTAL], SPAN)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDROTATED")
        assert points(source.fetch([TOTAL], SPAN)[TOTAL]) == {1: 5}
    assert cloud.keys == ["AKIDOWN", "AKIDOWN", "AKIDROTATED"]


def test_f06_credentials_that_stay_expired_are_an_error_with_the_fix(source_at: Sources) -> None:
    with answering(cloud := Cloud([EXPIRED])) as url, pytest.raises(SourceError, match="renew them") as caught:
        source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)
    assert len(cloud.asked) == 2
    assert "\n" not in str(caught.value)


def test_f06_only_the_account_that_expired_is_forgotten(session_at: Callable[..., AwsSession]) -> None:
    session = session_at("http://127.0.0.1:9")
    mine, again = session.client("cloudwatch"), session.client("xray")
    session.renew(object())
    assert session.client("xray") is again
    session.renew(mine)
    assert session.client("cloudwatch") is not mine
    assert session.client("xray") is not again
    for client in (mine, again):
        client.close()


def test_f14_a_metric_that_vanished_is_missing_and_not_100_percent(source_at: Sources) -> None:
    found = measured([(1, 5)], [], source_at)
    assert found.slices.minutes.tolist() == [START + 1]
    assert found.failure is None


def test_f15_a_late_point_is_there_when_its_minute_is_read_again(source_at: Sources) -> None:
    with answering(Cloud([page(series(0, (1, 5))), page(series(0, (1, 7), (2, 6)))])) as url:
        source = source_at(url)
        assert [points(source.fetch([TOTAL], SPAN)[TOTAL]) for _ in range(2)] == [{1: 5}, {1: 7, 2: 6}]


def test_f17_of_a_point_that_came_twice_the_later_one_counts_and_only_once(source_at: Sources) -> None:
    with answering(Cloud([page(series(0, (1, 5), (1, 7)), token="t"), page(series(0, (2, 1), (1, 8)))])) as url:
        assert points(source_at(url).fetch([TOTAL], SPAN)[TOTAL]) == {1: 8, 2: 1}


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(-3, 13), st.floats(-1e9, 1e9), max_size=16).flatmap(lambda d: st.permutations(list(d.items())))
)
def test_f18_points_in_any_order_make_the_same_series(shuffled: list[tuple[int, float]]) -> None:
    results = Results([TOTAL])
    for first in range(0, len(shuffled), 3):
        results.add({"MetricDataResults": [series(0, *shuffled[first : first + 3])]})
    results.add({"MetricDataResults": [series(0)]})
    (answer,) = results.answers(SPAN)
    assert list(points(answer).items()) == sorted((m, v) for m, v in shuffled if 0 <= m < 10)


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, "NaN", "Infinity", "-Infinity", None])
def test_f19_what_is_no_number_is_quarantined_and_its_neighbours_count(source_at: Sources, odd: Any) -> None:
    found = measured([(1, 5), (2, odd), (3, 6)], [], source_at)
    assert (found.slices.minutes - START).tolist() == [1, 3]
    assert found.quarantined == 1
    assert np.isfinite(found.slices.total).all()


def test_f19_words_for_numbers_fail_their_series_alone(source_at: Sources) -> None:
    with answering(Cloud([page(series(0, (1, "many")), series(1, (1, 2)))])) as url:
        answers = source_at(url).fetch([TOTAL, BAD], SPAN)
    assert answers[TOTAL] == Failed("Shop Requests: timestamps and values are no numbers that belong together")
    assert points(answers[BAD]) == {1: 2}


@pytest.mark.parametrize(("total", "bad"), [(5, 6), (-5, 0), (5, -1), (5.5, 0)])
def test_f20_counts_that_cannot_be_are_quarantined_and_give_no_credit(source_at: Sources, total: float, bad: float) -> None:
    found = measured([(1, total), (2, 3)], [(1, bad)], source_at)
    assert (found.slices.minutes - START).tolist() == [2]
    assert found.quarantined == 1


def test_f24_a_count_of_1e20_is_no_count_and_those_beside_it_stay_exact(source_at: Sources) -> None:
    found = measured([(1, 1e20), (2, 999_999_999_999)], [(2, 1)], source_at)
    assert found.slices.total.tolist() == [999_999_999_999]
    assert found.slices.bad.tolist() == [1]
    assert found.quarantined == 1


def test_f26_a_point_of_the_future_is_left_out(source_at: Sources) -> None:
    with answering(Cloud([page(series(0, (9, 1), (10, 2), (5000, 3)))])) as url:
        assert points(source_at(url).fetch([TOTAL], SPAN)[TOTAL]) == {9: 1}


@pytest.mark.parametrize(("hours", "words"), [(1, "behind AWS's"), (-24, "ahead of AWS's")])
@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "SignatureDoesNotMatch", "RequestExpired"])
def test_f27_a_clock_that_is_wrong_is_said_in_one_line_with_its_error(
    source_at: Sources, code: str, hours: int, words: str
) -> None:
    theirs = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    line = f"{code}: expired; this machine's clock is [0-9]+ s {words}; set it"
    cloud = Cloud([said({"__type": code, "message": "expired"}, 403, Date=theirs)])
    with answering(cloud) as url, pytest.raises(SourceError, match=line) as caught:
        source_at(url, THREE_TRIES).fetch([TOTAL], SPAN)
    seconds = int(str(caught.value).split("clock is ")[1].split()[0])
    assert abs(seconds - abs(hours) * 3600) < 5


def test_a_wrong_secret_is_not_blamed_on_the_clock(source_at: Sources) -> None:
    cloud = Cloud([said({"__type": "SignatureDoesNotMatch", "message": "no"}, 403)])
    with answering(cloud) as url, pytest.raises(SourceError) as caught:
        source_at(url).fetch([TOTAL], SPAN)
    assert "clock" not in str(caught.value)


def test_an_impossible_query_is_searched_for_once_and_asked_apart_from_then_on(source_at: Sources) -> None:
    many = [MetricQuery(None, "us-east-1", "Shop", f"m{n}", (), "Sum") for n in range(20)]

    def answer(asked: Asked) -> Said:
        reply = cloud(asked)
        refused = "m13" in cloud.asked[-1]
        results = [series(n, (1, n)) for n in range(len(cloud.asked[-1]))]
        return said({"__type": "ValidationError", "message": "m13 is odd"}, 400) if refused else page(*results) or reply

    with answering(answer) as url:
        cloud = Cloud([page()])
        source = source_at(url)
        first = source.fetch(many, SPAN)
        searched, cloud.asked = len(cloud.asked), []
        again = source.fetch(many, SPAN)
    assert searched > 5
    assert [len(names) for names in cloud.asked] == [19, 1]
    for answers in (first, again):
        assert isinstance(answers[many[13]], Failed)
        assert sum(isinstance(a, Series) for a in answers.values()) == 19


def test_throttling_is_retryable_for_whoever_asks_next(source_at: Sources) -> None:
    with answering(Cloud([said(b"", 429)])) as url, pytest.raises(Throttled) as caught:
        source_at(url).fetch([TOTAL], SPAN)
    assert caught.value.retryable


def test_f01_every_throttled_try_is_counted_though_the_next_one_is_answered(source_at: Sources) -> None:
    cloud = Cloud([said(THROTTLE, 400), said(THROTTLE, 400), page(series(0, (1, 5))), page(series(0, (1, 5)))])
    with answering(cloud) as url:
        counted = CountedSource(source_at(url, THREE_TRIES))
        assert points(counted.fetch([TOTAL], SPAN)[TOTAL]) == {1: 5}
        assert counted.taken() == (1, 2)
        counted.fetch([TOTAL], SPAN)
    assert counted.taken() == (1, 0)


def test_f01_throttled_tries_of_a_call_that_fails_are_counted_as_well_and_told_to_nobody_else(source_at: Sources) -> None:
    with answering(Cloud([said(THROTTLE, 400)] * 6)) as url:
        source = source_at(url, THREE_TRIES)
        counted = CountedSource(source)
        for asked in (counted, source):
            with pytest.raises(Throttled):
                asked.fetch([TOTAL], SPAN)
    assert counted.taken() == (1, 3)


def test_series_that_share_the_number_and_the_ends_of_their_timestamps_keep_their_own_minutes(source_at: Sources) -> None:
    many = [MetricQuery(None, "us-east-1", "Shop", f"M{n}", (), "Sum") for n in range(6)]
    told = [{1: n, 2: 5, 4: 7} if n % 2 else {1: n, 3: 5, 4: 7} for n in range(5)]
    results = [series(n, *points.items()) for n, points in enumerate(told)]
    with answering(Cloud([page(*results, series(5))])) as url:
        answers = source_at(url).fetch(many, SPAN)
    assert [points(answers[query]) for query in many] == [*told, {}]
