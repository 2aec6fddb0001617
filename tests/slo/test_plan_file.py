from __future__ import annotations

import json
from typing import Any

import pytest

from slo.errors import ProvisionError
from slo.guards import Block, Guard, Permits
from slo.plan import Change, Drift, Field, Plan
from slo.plan_file import document, read
from slo.resource import Place, Resource, canonical

A = Resource("alarm", "main", "us-east-1", "sloop/prod/a/b", {"Threshold": 5, "Dimensions": []}, {"sloop:owner": "x"})
B = Resource("alarm", "main", "us-east-1", "sloop/prod/a/b", {"Threshold": 6, "Dimensions": []}, {"sloop:owner": "x"})
PLAN = Plan(
    "prod",
    (Place("main", "us-east-1", "111122223333", "arn:aws:iam::111122223333:role/sloop"),),
    (Change("update", A, B, (Field("Threshold", 5, 6),), "why"), Change("create", None, A), Change("delete", A, None)),
    3,
    ("theirs",),
    (Drift("changed", A, B, (Field("Threshold", 5, 6),)), Drift("missing", A, None), Drift("orphan", None, B)),
    Guard(1, 4, 5, (Block("last-page", "", "because"),), 2, Permits(3, None, frozenset({"last-page"})), ("shop",)),
    "f" * 64,
)


def saved(**changes: Any) -> bytes:
    return json.dumps({**document(PLAN), **changes}).encode()


def test_a_saved_plan_is_the_plan_that_was_shown() -> None:
    assert read(canonical(document(PLAN)).encode(), "plan.json") == PLAN


def test_the_same_plan_is_the_same_bytes_and_holds_no_time() -> None:
    text = canonical(document(PLAN))
    assert canonical(document(read(text.encode(), "plan.json"))) == text
    assert "2026" not in text


def test_a_plan_that_was_edited_is_refused() -> None:
    with pytest.raises(ProvisionError, match="edited after it was written"):
        read(saved(unchanged=4), "plan.json")


def test_a_plan_of_another_version_is_refused() -> None:
    with pytest.raises(ProvisionError, match="schema 7"):
        read(saved(schema=7), "plan.json")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"plan_sha256": 1}', b"\xff"])
def test_what_is_no_plan_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ProvisionError, match=r"^plan\.json: ") as caught:
        read(data, "plan.json")
    assert "\n" not in str(caught.value)
