from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.spec import Budgeting
from slo.units import format_duration
from tests.support.declared import found, objective, problems, with_component, with_objective

BASE = "indicator: availability, target: 99.9%, window: 30d"
HERE = "components[0].objectives[0]"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", Budgeting()),
        ("method: Occurrences", Budgeting()),
        ("method: Timeslices", Budgeting("Timeslices", 1, Decimal("0.999"))),
        (
            "method: Timeslices, time_slice_window: 5m, time_slice_target: 95%",
            Budgeting("Timeslices", 5, Decimal("0.95")),
        ),
        ("method: Timeslices, time_slice_target: 100%, no_data: bad", Budgeting("Timeslices", 1, Decimal(1), "bad")),
        ("method: Timeslices, time_slice_window: 30d", Budgeting("Timeslices", 43200, Decimal("0.999"))),
        ("method: RatioTimeslices, time_slice_window: 1h", Budgeting("RatioTimeslices", 60)),
    ],
)
def test_what_the_budget_counts_is_read(fields: str, expected: Budgeting) -> None:
    assert objective(f"{BASE}, {fields}").budgeting == expected


@pytest.mark.parametrize("method", ["Occurrences", "Timeslices", "RatioTimeslices"])
def test_a_time_slice_indicator_may_say_what_no_data_means(method: str) -> None:
    assert objective(f"{BASE}, method: {method}, no_data: hold", kind="vpn").budgeting.no_data == "hold"


def test_an_own_time_slice_indicator_and_a_composite_may_too() -> None:
    own = "indicators: {up: {type: time_slice, gauge: 'up{job=\"x\"}', op: '>=', threshold: 1}}"
    composite = (
        "{name: j, composite: {mode: serial, parts: [{indicator: a.up, target: 99%}]}, target: 99%, window: 7d, no_data: bad}"
    )
    objectives = f"objectives: [{{indicator: up, target: 99%, window: 7d, no_data: good}}, {composite}]"
    assert [p.code for p in problems(with_component(f"kind: prometheus, {own}, {objectives}"))] == []


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ("method: occurrences", "unknown_value", "method"),
        ("time_slice_window: 5m", "contradiction", "time_slice_window"),
        ("method: Occurrences, time_slice_target: 95%", "contradiction", "time_slice_target"),
        ("method: RatioTimeslices, time_slice_target: 95%", "contradiction", "time_slice_target"),
        ("method: Timeslices, time_slice_target: 0%", "bad_target", "time_slice_target"),
        ("method: Timeslices, time_slice_target: 101%", "bad_target", "time_slice_target"),
        ("method: Timeslices, time_slice_window: 0m", "bad_window", "time_slice_window"),
        ("method: Timeslices, time_slice_window: 31d", "bad_window", "time_slice_window"),
        ("method: Timeslices, time_slice_window: 5 min", "bad_duration", "time_slice_window"),
        ("method: Timeslices, no_data: ignore", "unknown_value", "no_data"),
        ("no_data: bad", "contradiction", "no_data"),
        ("method: RatioTimeslices, no_data: bad", "contradiction", "no_data"),
    ],
)
def test_a_bad_method_names_the_field(fields: str, code: str, field: str) -> None:
    [problem] = [p for p in problems(with_objective(f"{BASE}, {fields}")) if p.severity == "error"]
    assert (problem.code, problem.path, problem.line) == (code, f"{HERE}.{field}", 6)


def test_no_data_says_why_it_is_refused() -> None:
    [problem] = problems(with_objective(f"{BASE}, no_data: bad"))
    assert "a minute without events is no bad event" in problem.message
    assert "method: Timeslices" in problem.message


def test_a_slice_may_be_as_long_as_the_nominal_calendar_window() -> None:
    calendar = "indicator: availability, target: 99.9%, window: week, method: RatioTimeslices"
    assert objective(f"{calendar}, time_slice_window: 7d").budgeting.slice_window == 10080
    assert ("error", "bad_window", f"{HERE}.time_slice_window") in found(with_objective(f"{calendar}, time_slice_window: 8d"))


@given(
    st.sampled_from(["Timeslices", "RatioTimeslices"]),
    st.integers(1, 43200),
    st.none() | st.decimals("0.001", 1, places=4),
    st.sampled_from([None, "bad", "good", "hold"]),
)
def test_every_method_is_read_as_it_was_written(method: str, width: int, share: Decimal | None, no_data: str | None) -> None:
    share = share if method == "Timeslices" else None
    fields = [f"method: {method}", f"time_slice_window: {format_duration(width)}"]
    fields += [f"time_slice_target: {share * 100:f}%"] if share is not None else []
    fields += [f"no_data: {no_data}"] if no_data else []
    read = objective(f"{BASE}, {', '.join(fields)}", kind="vpn").budgeting
    default = Decimal("0.999") if method == "Timeslices" else None
    assert (read.method, read.slice_window, read.slice_target, read.no_data) == (method, width, share or default, no_data)
