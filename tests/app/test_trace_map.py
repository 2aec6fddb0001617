from __future__ import annotations

from datetime import UTC, datetime

from app.trace_map import Flow, Sampled, TraceMap, trace_map, watched_places
from slo.estate.spec import Account, Component, Estate

NOW = datetime(2026, 11, 22, 12, 3, tzinfo=UTC)
ESTATE = Estate(
    "demo",
    (Account("main", "111122223333", "us-east-1"), Account("other", "111122224444", "eu-west-1")),
    (
        Component("edge", "alb", "main", {"load_balancer": "app/demo/1"}, depends_on=("api",)),
        Component("api", "ecs", "main", {"cluster": "demo", "service": "api"}, depends_on=("database",)),
        Component("database", "rds", "main", {"instance": "demo-pg"}),
        Component("cache", "redis", "main", {"group": "demo-cache"}),
        Component("traces", "xray", "main", {"service": "api"}),
    ),
)


def read(*flows: Flow, recent: tuple[Flow, ...] = ()) -> TraceMap:
    return trace_map(ESTATE, recent, flows, NOW)


def test_an_edge_belongs_to_the_components_that_go_by_its_names_and_to_those_that_watch_them() -> None:
    found = read(Flow("api", "demo-pg@db.example:5432", 1204, 31))

    (call,) = found.of("api")
    assert (call.callers, call.callees) == (("api", "traces"), ())
    (call,) = read(Flow("api", "orders@demo-pg", 1204, 31)).of("database")
    assert (call.callers, call.callees, call.whole) == (("api", "traces"), ("database",), Sampled(1204, 31))
    assert read(Flow("api", "orders@demo-pg", 1204, 31)).of("traces") == (call,)


def test_what_fails_now_comes_before_what_failed_earlier() -> None:
    found = read(
        Flow("edge", "api", 9000, 40),
        Flow("api", "database", 800, 3),
        Flow("api", "cache", 900),
        recent=(Flow("api", "database", 70, 2), Flow("edge", "api", 700, 0)),
    )

    assert [(call.callee, call.recent.faults) for call in found.calls] == [("database", 2), ("api", 0), ("cache", 0)]


def test_the_same_edge_in_two_accounts_is_counted_once_and_whole() -> None:
    (call,) = read(Flow("api", "database", 10, 1), Flow("api", "database", 5, 1)).calls

    assert call.whole == Sampled(15, 2)


def test_a_call_that_the_estate_does_not_declare_is_suggested_and_none_that_would_close_a_circle() -> None:
    found = read(
        Flow("api", "database", 10),
        Flow("api", "demo-cache", 10),
        Flow("api", "cache", 10),
        Flow("database", "edge"),
        Flow("api", "unknown"),
        Flow("api", "api"),
    )

    assert [(s.component, s.depends_on) for s in found.suggestions] == [("api", "cache")]
    assert "X-Ray saw api call" in found.suggestions[0].reason


def test_a_queue_is_called_but_its_calls_are_not_counted() -> None:
    (call,) = read(Flow("api", "cache")).calls

    assert (call.recent, call.whole) == (Sampled(), None)


def test_only_places_with_a_component_of_kind_xray_are_read_unless_all_are_asked_for() -> None:
    assert watched_places(ESTATE, every=False) == (("main", "us-east-1"),)
    assert watched_places(ESTATE, every=True) == (("main", "us-east-1"), ("other", "eu-west-1"))
