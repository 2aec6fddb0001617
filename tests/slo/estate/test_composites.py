from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.spec import Composite, Objective, Part
from tests.support.declared import HEAD, estate, found

PARTS = "parts: [{indicator: api.availability, target: 99.9%}, {indicator: api.latency, target: 99%}]"
AT = "components[1].objectives[0]"


def journey(composite: str, more: str = "name: buying, ") -> str:
    api = "{name: api, kind: alb, resource: {load_balancer: l, target_group: t}}"
    objective = f"{{{more}composite: {{{composite}}}, target: 99.5%, window: 30d}}"
    shop = f"{{name: shop, kind: rds, resource: {{instance: i}}, objectives: [{objective}]}}"
    return f"{HEAD}components:\n  - {api}\n  - {shop}\n"


def read(composite: str) -> Objective:
    [objective] = estate(journey(composite)).component("shop").objectives
    return objective


@pytest.mark.parametrize(
    ("composite", "need"),
    [
        ("mode: serial", 2),
        ("mode: parallel", 1),
        ("mode: k-of-n, k: 2", 2),
        ("mode: k-of-n, k: 1", 1),
        ("mode: weighted", None),
    ],
)
def test_how_many_parts_must_be_good_follows_from_the_mode(composite: str, need: int | None) -> None:
    objective = read(f"{composite}, {PARTS}")
    assert (objective.id, objective.indicator) == ("shop.buying", "buying")
    assert objective.indicator_ids == ("api.availability", "api.latency")
    assert objective.composite is not None
    assert objective.composite.need == need
    assert [p.target for p in objective.composite.parts] == [Decimal("0.999"), Decimal("0.99")]


def test_weights_are_exact() -> None:
    objective = read("mode: weighted, parts: [{indicator: api.availability, target: 99%, weight: 2.5}]")
    parts = (Part("api.availability", Decimal("0.99"), Decimal("2.5")),)
    assert objective.composite == Composite("weighted", parts, None)


@pytest.mark.parametrize(
    ("composite", "code", "field"),
    [
        (PARTS, "missing_field", ".mode"),
        ("mode: serial", "missing_field", ".parts"),
        ("mode: serial, parts: []", "missing_field", ".parts"),
        ("mode: all, " + PARTS, "unknown_value", ".mode"),
        ("mode: k-of-n, " + PARTS, "missing_field", ""),
        ("mode: k-of-n, k: 3, " + PARTS, "wrong_type", ".k"),
        ("mode: k-of-n, k: 0, " + PARTS, "wrong_type", ".k"),
        ("mode: serial, k: 2, " + PARTS, "contradiction", ".k"),
        ("mode: serial, parts: [{indicator: api.availability}]", "missing_field", ".parts[0].target"),
        ("mode: serial, parts: [{target: 99%}]", "missing_field", ".parts[0].indicator"),
        ("mode: serial, parts: [{indicator: api.availability, target: 99}]", "bad_target", ".parts[0].target"),
        ("mode: serial, parts: [{indicator: api.availability, target: 99%, weight: 2}]", "contradiction", ".parts[0].weight"),
        ("mode: weighted, parts: [{indicator: api.availability, target: 99%, weight: 0}]", "bad_weight", ".parts[0].weight"),
        ("mode: weighted, parts: [{indicator: api.availability, target: 99%, weight: 1e3}]", "bad_weight", ".parts[0].weight"),
        ("mode: serial, parts: [{indicator: api.availabilty, target: 99%}]", "dangling_reference", ".parts[0].indicator"),
        ("mode: serial, parts: [{indicator: db.availability, target: 99%}]", "dangling_reference", ".parts[0].indicator"),
        ("mode: serial, parts: [{indicator: shop.buying, target: 99%}]", "dangling_reference", ".parts[0].indicator"),
        ("mode: serial, parts: [{indicator: api, target: 99%}]", "dangling_reference", ".parts[0].indicator"),
    ],
)
def test_a_bad_composite_names_the_field(composite: str, code: str, field: str) -> None:
    assert found(journey(composite)) == [("error", code, f"{AT}.composite{field}")]


def test_a_part_is_given_once() -> None:
    twice = "{indicator: api.latency, target: 99%}, {indicator: api.latency, target: 98%}"
    assert found(journey(f"mode: serial, parts: [{twice}]")) == [("error", "duplicate_name", f"{AT}.composite.parts[1]")]


def test_a_composite_has_a_name_and_no_indicator() -> None:
    assert found(journey(f"mode: serial, {PARTS}", "")) == [("error", "missing_field", AT)]
    assert found(journey(f"mode: serial, {PARTS}", "name: x, indicator: availability, ")) == [("error", "exactly_one", AT)]


def test_a_part_may_be_of_a_kind_that_only_objectives_know() -> None:
    rows = "  - {name: one, kind: whatever, objectives: [{indicator: any, target: 99%, window: 30d}]}\n"
    composite = "composite: {mode: serial, parts: [{indicator: one.any, target: 99%}]}"
    rows += f"  - {{name: two, kind: whatever, objectives: [{{name: j, {composite}, target: 99%, window: 30d}}]}}\n"
    assert found(f"{HEAD}components:\n{rows}") == [
        ("warning", "unknown_kind", "components[0].kind"),
        ("warning", "unknown_kind", "components[1].kind"),
    ]


def test_what_a_part_cannot_be_measured_with_is_told_at_its_component() -> None:
    text = journey(f"mode: serial, {PARTS}").replace(
        "{load_balancer: l, target_group: t}}", "{}, objectives: [], no_objective: x}"
    )
    assert ("warning", "missing_resource", "components[0].resource") in found(text.replace("objectives: [], ", ""))


@given(
    st.sampled_from(["serial", "parallel", "k-of-n", "weighted"]),
    st.lists(st.tuples(st.decimals("0.01", "0.9999", places=4), st.integers(1, 9_999_999)), min_size=1, max_size=2),
    st.data(),
)
def test_every_composite_is_read_as_it_was_written(mode: str, wanted: list[tuple[Decimal, int]], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(wanted)))
    parts = tuple(
        Part(name, target, Decimal(weight).scaleb(-3) if mode == "weighted" else Decimal(1))
        for name, (target, weight) in zip(("api.availability", "api.latency"), wanted, strict=False)
    )
    rows = [
        f"{{indicator: {p.indicator}, target: {p.target:f}{f', weight: {p.weight:f}' * (mode == 'weighted')}}}" for p in parts
    ]
    written = f"mode: {mode}, {f'k: {k}, ' * (mode == 'k-of-n')}parts: [{', '.join(rows)}]"
    need = {"serial": len(parts), "parallel": 1, "k-of-n": k}.get(mode)
    composite = read(written).composite
    assert composite is not None
    assert (composite.mode, composite.need, composite.parts) == (mode, need, parts)
