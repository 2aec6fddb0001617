from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from app.snapshot import SourceStatus
from app.web.numbers import UNKNOWN
from app.web.sources import source_lines
from tests.app import reference


def test_a_failing_source_comes_first_with_its_error_and_what_to_do() -> None:
    first, *others = source_lines(reference.shared()[0])

    assert (first.name, first.error) == ("prometheus", "connection refused; is Prometheus running?")
    assert "SLOOP_PROMETHEUS_URL" in first.advice
    assert "Open breaches stay open" in first.advice
    assert [(line.name, line.advice) for line in others] == [("cloudwatch/main/us-east-1", ""), ("xray/main/us-east-1", "")]


def test_the_coverage_of_a_source_is_the_lowest_of_its_objectives() -> None:
    lines = {line.name: line for line in source_lines(reference.shared()[0])}
    on_cloudwatch = lines["cloudwatch/main/us-east-1"]

    assert (on_cloudwatch.coverage, on_cloudwatch.least) == ("0.0 %", "web.capacity")
    assert lines["xray/main/us-east-1"].coverage == "100.0 %"


def test_only_the_source_of_sampled_counts_is_labelled_so() -> None:
    assert [line.name for line in source_lines(reference.shared()[0]) if line.sampled] == ["xray/main/us-east-1"]


def test_a_source_of_another_sort_before_its_first_answer_shows_nothing_as_a_number() -> None:
    line = source_lines(replace(reference.shared()[0], sources=(SourceStatus("other", 0, error="down"),)))[0]

    assert (line.watermark, line.lag, line.polled, line.coverage, line.least) == (*[UNKNOWN] * 4, "")
    assert line.advice.startswith("It is tried again")


def test_a_source_tells_how_many_are_judged_each_minute_and_what_waiting_costs_the_others() -> None:
    lanes = SourceStatus("a", 9, 1, None, None, ("x", "y", "z"), hot=1, settle=180, poll=5, coverage=Fraction(9, 10))
    cold, each = replace(lanes, hot=0), replace(lanes, hot=0, settle=30, poll=1)

    lines = [source_lines(replace(reference.shared()[0], sources=(s,)))[0] for s in (lanes, cold, each)]

    assert [line.lane for line in lines] == ["1 of 3 each minute", "every 5 minutes", "each minute"]
    assert [line.latency for line in lines] == ["8 min, 4 min while it burns", "8 min, 4 min while it burns", "90 s"]
    assert lines[0].recent == "90.0 %"


def test_a_source_tells_how_often_it_was_throttled() -> None:
    line = source_lines(replace(reference.shared()[0], sources=(SourceStatus("a", 9, throttled=12),)))[0]

    assert line.throttled == 12
