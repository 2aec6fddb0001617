"""The schema as text, and that it knows the fields that are read. What it accepts is in `test_schema_accepts`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from slo.catalog.catalog import Catalog
from slo.estate import budgeting, components, composites, exclusions, objectives, policies, window
from slo.estate.schema import render, schema
from tests.support.declared import CATALOG

GOLDEN = Path(__file__).parents[2] / "golden/schema/estate.schema.json"
SCHEMA = schema(CATALOG)
DEFINITIONS = SCHEMA["$defs"]


def inside(value: Any) -> list[dict[str, Any]]:
    """Every mapping of the schema."""
    if isinstance(value, dict):
        return [value, *(found for item in value.values() for found in inside(item))]
    return [found for item in value for found in inside(item)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("component", components.FIELDS),
        ("objective", objectives.FIELDS),
        ("composite", composites.FIELDS),
        ("part", composites.PART_FIELDS),
        ("rule", policies.FIELDS),
        ("exclusion", exclusions.FIELDS),
    ],
)
def test_it_has_the_fields_that_are_read_and_no_others(name: str, fields: tuple[str, ...]) -> None:
    assert set(DEFINITIONS[name]["properties"]) == set(fields)
    assert DEFINITIONS[name]["additionalProperties"] is False


def test_it_has_the_words_that_are_read_and_no_others() -> None:
    fields = DEFINITIONS["objective"]["properties"]
    assert [word["const"] for word in fields["method"]["oneOf"]] == list(budgeting.METHODS)
    assert [word["const"] for word in fields["no_data"]["oneOf"]] == list(budgeting.NO_DATA)
    calendar = DEFINITIONS["window"]["anyOf"][2]
    assert set(calendar["properties"]) == set(window.FIELDS)
    assert calendar["properties"]["calendar"]["enum"] == list(window.PERIODS)


def test_every_kind_has_its_title_its_keys_and_its_indicators() -> None:
    kinds = {one["const"]: one["title"] for one in DEFINITIONS["component"]["properties"]["kind"]["oneOf"]}
    assert kinds == {kind.name: kind.title for kind in CATALOG.kinds.values()}
    for kind in CATALOG.kinds.values():
        assert set(DEFINITIONS[f"resource-{kind.name}"]["properties"]) == set(kind.resource)
    alb = next(rule for rule in DEFINITIONS["component"]["allOf"] if rule["if"].get("properties") == {"kind": {"const": "alb"}})
    assert alb["then"]["properties"]["resource"] == {"$ref": "#/$defs/resource-alb"}
    assert alb["then"]["properties"]["objectives"]["items"]["properties"]["indicator"]["anyOf"][0] == {
        "enum": ["availability", "latency"]
    }


def test_every_field_says_what_it_is_and_most_give_an_example() -> None:
    fields = [
        field for name in ("component", "objective", "rule", "exclusion", "account", "part") for field in properties(name)
    ]
    assert [field for field in fields if not field.get("description")] == []
    assert [field for field in fields if "Example: " not in field["description"]] == []


def properties(name: str) -> list[dict[str, Any]]:
    return list(DEFINITIONS[name]["properties"].values())


def test_every_reference_leads_to_a_definition_and_every_definition_is_used() -> None:
    used = {one["$ref"].removeprefix("#/$defs/") for one in inside(SCHEMA) if "$ref" in one}
    assert used == set(DEFINITIONS)


def test_every_pattern_is_one_that_editors_read_too() -> None:
    patterns = {one["pattern"] for one in inside(SCHEMA) if isinstance(one.get("pattern"), str)}
    assert len(patterns) > 5
    for pattern in patterns:
        assert re.compile(pattern)
        assert not re.search(r"\(\?[P<#(]|\\[AZ]", pattern)  # Python's own


def test_the_schema_is_the_one_that_was_looked_at() -> None:
    """After a change that is meant: `sloop schema > tests/golden/schema/estate.schema.json`, and look at the difference."""
    assert render(CATALOG) == GOLDEN.read_text(encoding="utf-8")


def test_the_same_catalogue_gives_the_same_bytes_whatever_its_order() -> None:
    other = Catalog(dict(reversed(list(CATALOG.kinds.items()))), CATALOG.default_policy)
    assert render(other) == render(CATALOG)
    assert json.loads(render(CATALOG)) == SCHEMA
    assert render(CATALOG).endswith("}\n")
