from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.load import load
from slo.estate.schema import schema
from tests.support.declared import CATALOG, HEAD

jsonschema = pytest.importorskip("jsonschema", reason="no validator of JSON Schema is installed")

ROOT = Path(__file__).parents[3]
VALIDATOR = jsonschema.Draft202012Validator(schema(CATALOG))
FILES = [
    f
    for f in sorted([*ROOT.glob("slo/specs/*.yaml"), *ROOT.glob("tests/golden/**/*.yaml")])
    if b"kind: Estate" in f.read_bytes()
]
STRICTER = {"unknown_kind", "unknown_resource"}


class AsEditors(yaml.SafeLoader):
    """YAML 1.2 has no times: they stay text."""


AsEditors.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def complaints(text: str) -> list[str]:
    document = yaml.load(text, AsEditors)
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def is_accepted(text: str) -> bool:
    loaded = load([("estate.yaml", text.encode())], CATALOG)
    return loaded.estate is not None and not STRICTER & {p.code for p in loaded.problems}


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_an_estate_that_check_accepts_is_valid(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert is_accepted(text) == (complaints(text) == []), complaints(text)


OBJECTIVES = """
target: 99.9%, window: month
target: 99.9 %, window: {calendar: week, time_zone: Europe/Berlin, start: "2026-01-21T12:30"}
target: "0.9990", window: 4w, policy: default, lane: fast, target_source: proposed, name: other
target: 0.5, window: 30d, method: Timeslices, time_slice_window: 5m, time_slice_target: 100%, no_data: hold
target: 99%, window: 30d, method: RatioTimeslices, time_slice_window: 1h
target: 99%, window: 30d, method: Timeslices, time_slice_target: 1
""".strip().splitlines()
COMPONENTS = """
kind: rds, resource: {instance: i, replicas: [a, b]}, recovery: [{scenario: az-loss, rpo: 0, rto: 0m}]
kind: rds, recovery: [{scenario: az-loss, rpo: 5m, proof_max_age: 180d, within: 100%}, {scenario: region-loss, rto: 1d}]
kind: rds, no_objective: none, objectives: [], tier: 9, owner: me, runbook: x, description: z, displayName: "ä b"
kind: sqs, resource: {queue: q, max_age: 300}
kind: rds, indicators: {o: {type: time_slice, gauge: up, op: ">=", threshold: 1}}
""".strip().splitlines()
REST = """
policies: {p: [{severity: page, factor: 14.4, long: 1h, short: 5m, min_bad: 5, min_total: 100, confidence: 95%}]}
policies: {p: [{severity: ticket, budget: 100%, long: 1d, short: 2h}]}
exclusions: [{component: a, from: 2026-03-01T00:00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r, approved_by: b}]
""".strip().splitlines()
GOOD = [
    *(f"components:\n  - {{name: a, kind: alb, objectives: [{{indicator: availability, {o}}}]}}" for o in OBJECTIVES),
    *(f"components:\n  - {{name: a, {component}}}" for component in COMPONENTS),
    *(f"components:\n  - {{name: a, kind: rds}}\n{rest}" for rest in REST),
]

BAD_OBJECTIVES = """
target: 99.9
target: 100%
target: 0%
target: 0
target: 99,9%
window: 30 days
window: 1M
window: {calendar: day}
window: {time_zone: UTC}
indicator: Availability
name: a b
lane: middle
method: timeslices
time_slice_window: 5m
method: RatioTimeslices, time_slice_target: 99%
method: Timeslices, time_slice_target: 0%
method: Timeslices, no_data: ignore
composite: {mode: serial, parts: [{indicator: a.availability, target: 99%}]}
windwo: 30d
policy: 5
""".strip().splitlines()
BAD_COMPONENTS = """
kind: whatever
kind: rds, name: A
kind: rds, tier: 0
kind: rds, tier: high
kind: rds, dependson: []
kind: rds, depends_on: api
kind: rds, resource: {instanz: i}
kind: rds, resource: {instance: true}
kind: rds, owner: 5
kind: rds, recovery: [{scenario: az-loss}]
kind: rds, recovery: [{scenario: fire, rpo: 5m}]
kind: rds, recovery: [{scenario: az-loss, rpo: soon}]
kind: rds, recovery: [{scenario: az-loss, rpo: 5m, within: 0%}]
kind: rds, recovery: [{scenario: az-loss, rpo: 5m, proof_max_age: long}]
kind: rds, no_objective: x, objectives: [{indicator: availability, target: 99%, window: 30d}]
kind: rds, objectives: [{name: x, target: 99%, window: 30d}]
kind: rds, objectives: [{target: 99%, window: 30d, composite: {mode: serial, parts: [{indicator: a.availability, target: 9%}]}}]
kind: rds, indicators: {o: {type: ratio}}
kind: rds, indicators: {o: {type: event_ratio, total: [{counter: a}]}}
kind: rds, indicators: {o: {type: event_ratio, total: [{counter: a}], bad: [{counter: b, metric: c}]}}
kind: rds, indicators: {o: {type: event_ratio, total: [{counter: a}], bad: [{counter: b}], good: [{counter: b}]}}
kind: rds, indicators: {o: {type: time_slice, gauge: up, op: "=", threshold: 1}}
""".strip().splitlines()
BAD_COMPOSITES = """
mode: serial, parts: []
mode: all, parts: [{indicator: a.availability, target: 9%}]
mode: serial, k: 1, parts: [{indicator: a.availability, target: 9%}]
mode: serial, parts: [{indicator: a.availability, target: 9%, weight: 2}]
mode: weighted, parts: [{indicator: a.availability, target: 9%, weight: 0}]
mode: weighted, parts: [{indicator: a.availability, target: 9}]
mode: k-of-n, parts: [{indicator: a.availability, target: 9%}]
parts: [{indicator: a.availability, target: 9%}]
""".strip().splitlines()
BAD_REST = """
policies: {p: []}
policies: {p: [{severity: page, long: 1h, short: 5m}]}
policies: {p: [{severity: page, budget: 2%, factor: 2, long: 1h, short: 5m}]}
policies: {p: [{severity: alarm, budget: 2%, long: 1h, short: 5m}]}
policies: {p: [{severity: page, budget: 101%, long: 1h, short: 5m}]}
policies: {p: [{severity: page, factor: 0, long: 1h, short: 5m}]}
policies: {p: [{severity: page, budget: 2%, long: 1h, short: 5m, min_bad: 0}]}
policies: {p: [{severity: page, budget: 2%, long: 1h, short: 5m, confidence: 100%}]}
exclusions: [{from: 2026-03-01T00:00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r}]
exclusions: [{component: a, objective: a.b, from: 2026-03-01T00:00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r}]
exclusions: [{component: a, from: soon, to: 2026-03-02T00:00Z, kind: mute, reason: r}]
extra: 1
""".strip().splitlines()


def bad_composite(wrong: str) -> str:
    return bad_objective(f"name: x, composite: {{{wrong}}}", "name")


def bad_objective(wrong: str, measured: str = "indicator") -> str:
    fields = {measured: "availability", "target": "99.9%", "window": "30d"} | yaml.load(f"{{{wrong}}}", AsEditors)
    return yaml.safe_dump({"components": [{"name": "a", "kind": "alb", "objectives": [fields]}]})


BAD = [
    *map(bad_objective, BAD_OBJECTIVES),
    *map(bad_composite, BAD_COMPOSITES),
    *(f"components:\n  - {{{'' if 'name: A' in wrong else 'name: a, '}{wrong}}}" for wrong in BAD_COMPONENTS),
    *(f"components:\n  - {{name: a, kind: rds}}\n{wrong}" for wrong in BAD_REST),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_may_be_written_is_valid(text: str) -> None:
    assert complaints(HEAD + text) == []
    assert is_accepted(HEAD + text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_not_valid(text: str) -> None:
    assert not is_accepted(HEAD + text)
    assert complaints(HEAD + text) != []


@pytest.mark.parametrize("field", ["apiVersion", "kind", "metadata", "components"])
def test_what_is_needed_is_asked_for(field: str) -> None:
    document: dict[str, Any] = yaml.load(f"{HEAD}components: []", AsEditors)
    assert list(VALIDATOR.iter_errors(document)) == []
    del document[field]
    assert list(VALIDATOR.iter_errors(document)) != []


@given(st.sampled_from(GOOD), st.data())
def test_no_field_that_check_can_do_without_is_asked_for(text: str, data: st.DataObject) -> None:
    """Whatever is left out: what `check` still accepts is still valid."""
    document = yaml.load(HEAD + text, AsEditors)
    path: Any = document
    while isinstance(path, dict | list) and path:
        key = data.draw(st.sampled_from(sorted(path) if isinstance(path, dict) else range(len(path))))
        if data.draw(st.booleans()):
            del path[key]
            break
        path = path[key]
    left = yaml.safe_dump(document)
    if is_accepted(left):
        assert complaints(left) == []
