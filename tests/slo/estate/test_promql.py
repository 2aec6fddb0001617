from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.indicator import Unbound
from slo.estate.promql import counter_selectors, gauge_selector


@pytest.mark.parametrize(
    ("query", "selectors"),
    [
        ("http_requests_total", ("http_requests_total",)),
        ('http_requests_total{job="api", code=~"5..",}', ('http_requests_total{job="api",code=~"5.."}',)),
        ("job:http_requests:total{}", ("job:http_requests:total",)),
        ("{__name__=\"a_total\", env!='dev', path!~`/h.*`}", ("{__name__=\"a_total\",env!='dev',path!~`/h.*`}",)),
        ('{"http.requests", job="a"}', ('{"http.requests",job="a"}',)),
        ('a{x="say \\"}\\", \\\\", y="[5m]) + b"}', ('a{x="say \\"}\\", \\\\",y="[5m]) + b"}',)),
        ("sum(a_total)", ("a_total",)),
        ("rate(a_total[5m])", ("a_total",)),
        ("increase(a_total[1h30m])", ("a_total",)),
        ("sum(rate(a_total[5m]))", ("a_total",)),
        ('sum( increase ( a_total{code="500"} [ 1h ] ) )', ('a_total{code="500"}',)),
        ("((sum((rate(a_total[5m])))))", ("a_total",)),
        ("sum(rate(a[5m])) + sum(rate(b[5m])) + sum(rate(c[5m]))", ("a", "b", "c")),
        ("(sum(a) + sum(b))", ("a", "b")),
        ("sum(rate(a[{{.window}}])) + sum(rate(b[{{ .window }}]))", ("a", "b")),
        ('# all\nsum(\n  rate(a_total{x="# no"}[5m])  # of them\n)\n', ('a_total{x="# no"}',)),
        ("sum", ("sum",)),
        ("rate", ("rate",)),
    ],
)
def test_counters_and_sums_of_them_are_unwrapped(query: str, selectors: tuple[str, ...]) -> None:
    assert counter_selectors(query) == selectors


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("sum by (job) (rate(a[5m]))", "sum(...)"),
        ("sum(rate(a[5m])) by (job)", "by"),
        ("sum without(job)(a)", "sum(...)"),
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", "/"),
        ("sum(rate(a[5m])) - sum(rate(b[5m]))", "-"),
        ("sum(rate(a[5m])) or vector(0)", "or"),
        ("sum_over_time(a[5m])", "sum_over_time(...)"),
        ("sum(sum_over_time(a[{{.window}}]))", "sum_over_time(...)"),
        ("irate(a[5m])", "irate(...)"),
        ("histogram_quantile(0.9, a)", "histogram_quantile(...)"),
        ("rate(a[5m:1m])", "[5m:1m]"),
        ("rate(a[$__rate_interval])", "[$__rate_interval]"),
        ("rate(a offset 5m)", "offset"),
        ("rate(a)", ")"),
        ("a[5m]", "[5m]"),
        ("a @ 5", "@"),
        ("a > 5", ">"),
        ("5", "5"),
        ("a + b", "+ between series that are not sums"),
        ("sum(a + b)", "+"),
        ("sum(rate(a[5m])) + sum(rate(b[1h]))", "different functions or ranges"),
        ("sum(rate(a[5m])) + sum(increase(b[5m]))", "different functions or ranges"),
        ("sum(a) + sum(a)", "added twice"),
        ("a{x=5}", "5"),
        ("a{x}", "}"),
        ('a{x="1" y="2"}', "y"),
        ('a{x="1"', "an end too early"),
        ('a{x="1}', '"1}'),
        ("{}", "without a name"),
        ("", "an end too early"),
        ("sum(", "an end too early"),
        ("a b", "b"),
        ("ä_total", "ä"),
        ("(" * 30 + "a" + ")" * 30, "nesting"),
        ("a" * 10_001, "10000 characters"),
    ],
)
def test_what_is_not_understood_is_named(query: str, named: str) -> None:
    refused = counter_selectors(query)
    assert isinstance(refused, Unbound)
    assert refused.code == "promql"
    assert named in refused.text.split(" is not understood")[0]
    assert "\n" not in refused.text


def test_zero_for_an_absent_part_is_what_absent_means_anyway() -> None:
    query = "(sum(rate(a[5m])) or vector(0)) + (sum(rate(b[5m])) or vector( 0 ))"
    assert counter_selectors(query, or_zero=True) == ("a", "b")
    assert isinstance(counter_selectors(query), Unbound)
    for other in ("sum(a) or vector(1)", "a or vector(0)", "sum(a) or sum(b)"):
        assert isinstance(counter_selectors(other, or_zero=True), Unbound), other


@pytest.mark.parametrize(
    ("query", "selector"),
    [("queue_depth", "queue_depth"), ("max( queue_depth{q = 'a'} )", "queue_depth{q='a'}"), ("max", "max")],
)
def test_a_gauge_is_plain_or_the_largest_of_several(query: str, selector: str) -> None:
    assert gauge_selector(query) == selector


@pytest.mark.parametrize("query", ["sum(a)", "max(a) by (x)", "max(rate(a[5m]))", "a > 1", "min_over_time(a[5m])", "max(a"])
def test_other_gauges_are_refused(query: str) -> None:
    assert isinstance(gauge_selector(query), Unbound)


@given(st.text("abs sumrate()[]{}\"'\\`=~!+-/5m,.#\n", max_size=40))
@settings(deadline=None)
def test_no_query_makes_the_reader_raise(query: str) -> None:
    assert isinstance(counter_selectors(query), tuple | Unbound)
    assert isinstance(gauge_selector(query), str | Unbound)


@given(st.text(max_size=12))
@settings(deadline=None)
def test_any_text_may_stand_in_quotes(value: str) -> None:
    quoted = '"' + "".join({"\\": "\\\\", '"': '\\"', "\n": "\\n"}.get(c, c) for c in value) + '"'
    assert counter_selectors(f"sum(rate(a{{x={quoted}}}[5m]))") == (f"a{{x={quoted}}}",)
