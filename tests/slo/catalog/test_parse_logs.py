from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.catalog.parse_logs import canonical
from slo.catalog.template import SearchTemplate
from slo.estate.indicator import EventRatio, LogsQuery, SearchQuery, TimeSlice
from tests.support.declared import estate, found, with_component

HERE = "components[0].indicators.own"
GROUPS = "groups: [/aws/ecs/api]"
ALL = "total: [{logs: {groups: [/aws/ecs/api]}}]"


def declared(indicator: str, resource: str = "resource: {name: api}") -> str:
    objective = "{indicator: own, target: 99%, window: 30d}"
    return with_component(f"kind: container, {resource}, indicators: {{own: {{{indicator}}}}}, objectives: [{objective}]")


def measured(indicator: str, resource: str = "resource: {name: api}") -> object:
    return estate(declared(indicator, resource)).component("a").indicators["own"]


def logs(*groups: str, matching: str = "") -> LogsQuery:
    return LogsQuery("main", "us-east-1", groups or ("/aws/ecs/api",), matching)


def search(query: object, index: str = "api-*", time_field: str = "@timestamp") -> SearchQuery:
    return SearchQuery(index, canonical(query), time_field)


def test_records_that_a_filter_matches_are_counted_in_the_account_of_the_component() -> None:
    text = f"type: event_ratio, {ALL}, bad: [{{logs: {{{GROUPS}, filter: 'status >= 500'}}}}]"
    assert measured(text) == EventRatio((logs(),), bad=(logs(matching="status >= 500"),))


def test_groups_are_sorted_and_none_is_read_twice() -> None:
    text = "type: event_ratio, total: [{logs: {groups: [/b, '/aws/{name}', /b]}}], good: [{logs: {groups: [/b]}}]"
    assert measured(text) == EventRatio((logs("/aws/api", "/b"),), good=(logs("/b"),))


def test_a_count_of_logs_may_be_compared_minute_by_minute() -> None:
    text = f"type: time_slice, logs: {{{GROUPS}, filter: '@message like /(panic|fatal)/'}}, op: '<=', threshold: 0"
    assert measured(text) == TimeSlice(logs(matching="@message like /(panic|fatal)/"), "<=", Decimal(0))


@pytest.mark.parametrize(
    ("written", "query"),
    [
        ('"status:>=500"', {"query_string": {"query": "status:>=500"}}),
        ("{match_all: {}}", {"match_all": {}}),
        ("{range: {status: {lt: 600, gte: 500}}}", {"range": {"status": {"gte": 500, "lt": 600}}}),
        (
            "{bool: {filter: [{term: {up: true}}, {range: {time: {lt: 0.3}}}], must_not: {term: {path: null}}}}",
            {
                "bool": {
                    "filter": [{"term": {"up": True}}, {"range": {"time": {"lt": 0.3}}}],
                    "must_not": {"term": {"path": None}},
                }
            },
        ),
        ('{term: {name: "{name}"}}', {"term": {"name": "api"}}),
    ],
)
def test_documents_are_counted_by_the_query_as_canonical_json(written: str, query: object) -> None:
    text = f"type: event_ratio, total: [{{search: {{index: api-*, query: {written}, time_field: at}}}}], bad: [{{counter: x}}]"
    indicator = measured(text)
    assert isinstance(indicator, EventRatio)
    assert indicator.total == (search(query, time_field="at"),)


def test_the_time_field_is_the_usual_one() -> None:
    indicator = measured('type: time_slice, search: {index: a, query: "*"}, op: "<", threshold: 1')
    assert indicator == TimeSlice(search({"query_string": {"query": "*"}}, "a"), "<", Decimal(1))


@settings(deadline=None)
@given(st.text())
def test_whatever_a_resource_holds_stays_inside_its_string_of_the_query(value: str) -> None:
    template = SearchTemplate("a", canonical({"term": {"name": "<{name}>"}}), "at")
    filled = template.fill({"name": value}, None)
    assert isinstance(filled, SearchQuery)
    assert json.loads(filled.query) == {"term": {"name": f"<{value}>"}}


@pytest.mark.parametrize(
    ("query", "code", "where"),
    [
        ("{logs: {filter: a = 1}}", "missing_field", "logs.groups"),
        ("{logs: {groups: []}}", "bad_resource", "logs.groups"),
        (f"{{logs: {{groups: [{', '.join(f'/g{n}' for n in range(51))}]}}}}", "bad_resource", "logs.groups"),
        ("{logs: {groups: ['/aws/a b']}}", "bad_resource", "logs.groups[0]"),
        ("{logs: {groups: /aws/a}}", "wrong_type", "logs.groups"),
        (f"{{logs: {{{GROUPS}, filter: 'a = 1 | limit 5'}}}}", "bad_resource", "logs.filter"),
        (f"{{logs: {{{GROUPS}, filter: 'a = 1 / 2 | limit 5 / 1'}}}}", "bad_resource", "logs.filter"),
        (f"{{logs: {{{GROUPS}, filter: '{'x' * 9001}'}}}}", "bad_resource", "logs.filter"),
        (f"{{logs: {{{GROUPS}, filter: '{{nowhere}} = 1'}}}}", "unknown_resource", ""),
        (f"{{logs: {{{GROUPS}, stat: Sum}}}}", "unknown_field", "logs.stat"),
        (f"{{logs: {{{GROUPS}}}, metric: a}}", "unknown_field", "metric"),
        ("{search: {index: a}}", "missing_field", "search.query"),
        ("{search: {query: a}}", "missing_field", "search.index"),
        ("{search: {index: A b, query: a}}", "bad_resource", "search.index"),
        ("{search: {index: a/_delete_by_query, query: a}}", "bad_resource", "search.index"),
        ("{search: {index: a, query: {}}}", "wrong_type", "search.query"),
        ("{search: {index: a, query: [a]}}", "wrong_type", "search.query"),
        ("{search: {index: a, query: {range: {a: {lt: 1e999}}}}}", "wrong_type", "search.query.range.a.lt"),
    ],
)
def test_what_cannot_be_counted_is_a_problem_at_its_place(query: str, code: str, where: str) -> None:
    problems = found(declared(f"type: event_ratio, total: [{query}], bad: [{{counter: x}}]"))
    assert ("error", code) in {problem[:2] for problem in problems}
    assert any(problem[2].startswith(HERE) and problem[2].endswith(where) for problem in problems)


@pytest.mark.parametrize(
    "matching",
    ["@message like /a|b/", "@message like 'a|b'", '@message =~ /a\\/|b/ and x = "|"', "`odd|field` = 1", "status / 100 = 5"],
)
def test_a_pipe_inside_a_string_or_a_pattern_is_no_command(matching: str) -> None:
    indicator = measured(f"type: event_ratio, {ALL}, bad: [{{logs: {{{GROUPS}, filter: {json.dumps(matching)}}}}}]")
    assert isinstance(indicator, EventRatio)
    assert indicator.bad == (logs(matching=matching),)


def test_a_time_slice_has_one_value() -> None:
    text = declared(f"type: time_slice, logs: {{{GROUPS}}}, gauge: up, op: '<', threshold: 1")
    assert ("error", "contradiction", f"{HERE}.logs") in found(text)
