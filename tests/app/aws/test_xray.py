from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from starlette.applications import Starlette

from app.aws.session import AwsSession
from app.aws.xray import LONGEST_RANGE, Edge, XRaySource
from app.ports import Span
from app.simulator.clock import ManualClock
from app.simulator.model import DemoModel
from app.simulator.xray import XRay, sample
from slo.errors import SourceError
from slo.estate.indicator import EventRatio, TraceQuery
from slo.judge import sli
from slo.judge.answer import Failed, Series
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 29_900_000
NOW = START + 2000
FAULT = START + 700


@pytest.fixture
def model() -> DemoModel:
    model = DemoModel(7)
    model.inject("api-5xx", FAULT * 60.0)
    return model


@pytest.fixture
def source(model: DemoModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[XRaySource]:
    with serving(Starlette(routes=XRay(model.stream, ManualClock(NOW * 60.0)).routes())) as address:
        for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
            monkeypatch.setenv(f"AWS_{name}", value)
        yield XRaySource(AwsSession({}))


def query(statistic: str, service: str = "api") -> TraceQuery:
    return TraceQuery(None, "us-east-1", service, statistic)  # type: ignore[arg-type]  # the tests name the four


def test_a_day_comes_in_ranges_the_service_accepts_and_equals_what_was_sampled(source: XRaySource, model: DemoModel) -> None:
    span = Span(START, START + 1440)
    answers = source.fetch((query("total"), query("fault"), query("ok")), span)
    expected = sample(model.stream("api"), span.start, span.end)
    assert span.end - span.start > 3 * LONGEST_RANGE
    assert _values(answers[query("total")]).tolist() == expected.total.tolist()
    assert _values(answers[query("fault")]).tolist() == expected.fault.tolist()
    assert (_values(answers[query("ok")]) + expected.fault).tolist() == expected.total.tolist()


def test_a_full_outage_shows_as_faults_in_the_sample(source: XRaySource) -> None:
    indicator = EventRatio((query("total"),), bad=(query("fault"),), sampled=True)
    answers = source.fetch(indicator.queries, Span(FAULT, FAULT + 1))
    slices = sli.measure(indicator, answers, FAULT, FAULT + 1).slices
    assert slices.bad.tolist() == slices.total.tolist()


def test_the_minute_that_has_not_ended_and_a_service_that_is_not_traced_have_no_values(source: XRaySource) -> None:
    answers = source.fetch((query("total"), query("total", "database")), Span(NOW - 2, NOW + 2))
    assert isinstance(answers[query("total")], Series)
    assert _minutes(answers[query("total")]) == [NOW - 2, NOW - 1]
    assert _minutes(answers[query("total", "database")]) == []


def test_one_unselectable_service_leaves_the_others(source: XRaySource) -> None:
    odd = query("total", 'a"b')
    answers = source.fetch((query("total"), odd), Span(START, START + 5))
    assert isinstance(answers[odd], Failed)
    assert len(_minutes(answers[query("total")])) == 5


def test_when_nothing_answers_it_is_one_line_with_the_action(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Starlette()) as address:
        for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
            monkeypatch.setenv(f"AWS_{name}", value)
        with pytest.raises(SourceError, match="xray:GetTimeSeriesServiceStatistics") as caught:
            XRaySource(AwsSession({})).fetch((query("total"),), Span(START, START + 5))
    assert "\n" not in str(caught.value)


def test_the_service_map_says_who_calls_whom(source: XRaySource) -> None:
    edges = source.edges(None, "us-east-1", NOW - 600, NOW)
    assert {Edge("edge", "api"), Edge("api", "database"), Edge("web", "api")} <= edges


def test_nothing_older_than_it_keeps_is_asked_for(source: XRaySource) -> None:
    assert source.spans(NOW - 60 * 1440, NOW, NOW) == (Span(NOW - 30 * 1440 + 60, NOW),)
    assert source.spans(NOW - 60 * 1440, NOW - 40 * 1440, NOW) == ()


def _minutes(answer: object) -> list[int]:
    assert isinstance(answer, Series)
    return [int(m) for m in answer.minutes]


def _values(answer: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    assert isinstance(answer, Series)
    return answer.values.astype(np.float64)


def test_the_calls_between_two_services_are_summed_over_ranges_with_those_that_failed(
    source: XRaySource, model: DemoModel
) -> None:
    start = NOW - 3 * LONGEST_RANGE
    flows = {(f.caller, f.callee): f for f in source.flows(None, "us-east-1", start, NOW)}
    sampled = sample(model.stream("api"), start, NOW)
    calls, faults = int(sampled.total.sum()), int(sampled.fault.sum())
    api, queue, untraced = flows["edge", "api"], flows["api", "jobs"], flows["client", "edge"]

    assert api.calls is not None
    assert abs(api.calls - calls * 3 // 4) <= 3
    assert abs(api.faults - faults * 3 // 4) <= 3
    assert (queue.calls, queue.faults) == (calls, 0)
    assert (untraced.calls, untraced.faults) == (None, 0)


def test_while_the_database_is_down_the_calls_to_it_fail_and_those_to_the_cache_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = DemoModel(7)
    broken.inject("database-down", FAULT * 60.0)
    routes = XRay(broken.stream, ManualClock(NOW * 60.0), broken.outages).routes()
    with serving(Starlette(routes=routes)) as address:
        for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x")):
            monkeypatch.setenv(f"AWS_{name}", value)
        flows = {
            f.callee: f for f in XRaySource(AwsSession({})).flows(None, "us-east-1", FAULT, FAULT + 10) if f.caller == "api"
        }

    assert flows["database"].faults == flows["database"].calls
    assert flows["cache"].faults == 0
