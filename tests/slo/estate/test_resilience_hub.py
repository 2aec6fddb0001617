"""Resiliency policies: AWS's own models accept what is exported, and what is imported again is what was exported."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.errors import SpecError
from slo.estate import export_resilience_hub, import_resilience_hub
from slo.estate import resilience_hub as hub
from slo.estate.recovery_targets import SCENARIOS
from slo.estate.resilience_hub import Shape
from slo.estate.spec import Component, Estate, RecoveryTarget
from tests.support.estates import CATALOG, codes, loaded

if TYPE_CHECKING:
    from slo.estate.loss import Imported

SHAPES: tuple[Shape, ...] = get_args(Shape)
REFERENCE = loaded((Path(__file__).parents[3] / "slo" / "specs" / "reference.yaml").read_bytes())
MODELS = botocore.session.get_session()
V1 = {
    "policy": {
        "creationTime": "2026-01-01T00:00:00Z",
        "dataLocationConstraint": "SameCountry",
        "policyArn": "arn:aws:resiliencehub:us-east-1:111122223333:resiliency-policy/1",
        "policyName": "Shop_Policy",
        "tier": "Critical",
        "tags": {"team": "a"},
        "policy": {
            "AZ": {"rpoInSecs": 300, "rtoInSecs": 1830},
            "Hardware": {"rpoInSecs": 0, "rtoInSecs": 60},
            "Software": {"rpoInSecs": 3600, "rtoInSecs": 7200},
            "Region": {"rpoInSecs": 86400, "rtoInSecs": 14400},
        },
    }
}
V2 = {
    "policySummaries": [
        {
            "policyArn": "arn:aws:resiliencehub:us-east-1:111122223333:policy/1",
            "name": "shop",
            "availabilitySlo": {"target": 99.95},
            "multiAz": {"rpoInMinutes": 5, "rtoInMinutes": 30, "disasterRecoveryApproach": "HOT_STANDBY"},
            "dataRecovery": {"timeBetweenBackupsInMinutes": 60},
        }
    ]
}


def document(estate: Estate, shape: Shape) -> Any:
    return json.loads(export_resilience_hub.export(estate, shape).text)


def policies(estate: Estate, shape: Shape) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(estate, shape)["resiliencyPolicies"] if shape == "v1" else document(estate, shape)
    return found


def read(found: Any) -> Imported:
    return import_resilience_hub.read([("policies.json", json.dumps(found).encode())], CATALOG.default_policy)


@cache
def model(service: str, operation: str, side: str) -> Any:
    return getattr(MODELS.get_service_model(service).operation_model(operation), f"{side}_shape")


def complaints(service: str, operation: str, side: str, value: Any) -> str:
    return str(ParamValidator().validate(value, model(service, operation, side)).generate_report())


@st.composite
def targets(draw: st.DrawFn) -> tuple[RecoveryTarget, ...]:
    spans = st.none() | st.integers(0, 400 * 1440)
    names = draw(st.lists(st.sampled_from(SCENARIOS), unique=True, min_size=1))
    shares = st.sampled_from([Decimal("0.99"), Decimal("0.995"), Decimal(1)])
    found = []
    for name in names:
        rpo, rto = draw(st.tuples(spans, spans).filter(lambda pair: pair != (None, None)))
        found.append(RecoveryTarget(name, rpo, rto, draw(st.integers(1, 400 * 1440)), draw(shares)))
    return tuple(sorted(found, key=lambda t: SCENARIOS.index(t.scenario)))


def test_version_1_is_what_aws_answers_and_what_it_takes() -> None:
    found = document(REFERENCE, "v1")
    assert complaints("resiliencehub", "ListResiliencyPolicies", "output", found) == ""
    assert found["resiliencyPolicies"]
    for policy in found["resiliencyPolicies"]:
        assert complaints("resiliencehub", "CreateResiliencyPolicy", "input", policy) == ""


def test_version_2_is_what_aws_takes_and_answers() -> None:
    for policy in policies(REFERENCE, "v2"):
        assert complaints("resiliencehubv2", "CreatePolicy", "input", policy) == ""
        arn = "arn:aws:resiliencehubv2:us-east-1:111122223333:policy/1"
        assert complaints("resiliencehubv2", "GetPolicy", "output", {"policy": {**policy, "policyArn": arn}}) == ""


@settings(deadline=None, max_examples=80)
@given(targets(), targets())
@pytest.mark.parametrize("shape", SHAPES)
def test_targets_come_back_the_same(
    shape: Shape, first: tuple[RecoveryTarget, ...], second: tuple[RecoveryTarget, ...]
) -> None:
    components = (
        Component("db", "rds", tier=1, recovery=first),
        Component("a", "s3", recovery=second),
        Component("bare", "sqs"),
    )
    estate = Estate("prod", components=components)
    operation, service = ("CreateResiliencyPolicy", "resiliencehub") if shape == "v1" else ("CreatePolicy", "resiliencehubv2")
    assert all(complaints(service, operation, "input", p) == "" for p in policies(estate, shape))
    again = read(document(estate, shape))
    assert again.losses == ()
    assert again.estate.name == "prod"
    assert {(c.name, c.kind): c.recovery for c in again.estate.components} == {("db", "rds"): first, ("a", "s3"): second}
    assert again.estate.component("db").tier == (1 if shape == "v1" else None)


@pytest.mark.parametrize("shape", SHAPES)
def test_numbers_that_were_edited_after_the_export_hold_and_are_listed(shape: Shape) -> None:
    estate = Estate("prod", components=(Component("db", "rds", recovery=(RecoveryTarget("az-loss", 5, 30),)),))
    found = policies(estate, shape)
    if shape == "v1":
        found[0]["policy"]["AZ"]["rtoInSecs"] = 600
    else:
        found[0]["multiAz"]["rtoInMinutes"] = 10
    again = read(found)
    assert again.estate.component("db").recovery == (RecoveryTarget("az-loss", 5, 10),)
    assert "edited" in codes(again.losses)


def test_what_the_numbers_do_not_say_is_listed() -> None:
    recovery = (
        RecoveryTarget("az-loss", 5, 30, within=Decimal("0.995")),
        RecoveryTarget("point-in-time-restore", 5, 60),
        RecoveryTarget("region-loss", 1440, None),
        RecoveryTarget("accidental-deletion", 60, 30),
    )
    estate = Estate("prod", components=(Component("db", "rds", recovery=recovery),))
    first, second = (codes(export_resilience_hub.export(estate, shape).losses) for shape in SHAPES)
    assert first == {"targets_only", "derived", "proof", "half_target", "stricter"}
    assert second == {"targets_only", "proof", "no_rto", "stricter"}
    policy = policies(estate, "v1")[0]["policy"]
    assert policy["Software"] == {"rpoInSecs": 300, "rtoInSecs": 1800}
    assert "Region" not in policy


def test_a_policy_of_somebody_else_becomes_a_component_and_every_loss_is_listed_with_its_line() -> None:
    found = read(V1)
    component = found.estate.component("shop-policy")
    assert (component.kind, component.tier) == ("resilience-hub", 2)
    assert component.recovery == (
        RecoveryTarget("az-loss", 5, 30),
        RecoveryTarget("point-in-time-restore", 60, 120),
        RecoveryTarget("region-loss", 1440, 240),
        RecoveryTarget("accidental-deletion", 60, 120),
    )
    assert codes(found.losses) == {"no_component", "seconds", "split", "hardware", "tags", "dataLocationConstraint"}
    assert all(loss.where.startswith("policies.json:") for loss in found.losses)


def test_a_summary_of_version_2_is_read_too() -> None:
    found = read(V2)
    assert found.estate.component("shop").recovery == (
        RecoveryTarget("az-loss", 5, 30),
        RecoveryTarget("point-in-time-restore", 60, None),
        RecoveryTarget("accidental-deletion", 60, None),
    )
    assert codes(found.losses) == {"no_component", "split", "approach", "availabilitySlo"}


def test_a_tag_that_says_no_target_is_listed_and_not_read() -> None:
    policy = policies(Estate("e", components=(Component("db", "rds", recovery=(RecoveryTarget("az-loss", 5, 30),)),)), "v1")[0]
    policy["tags"]["sloop:recovery:az-loss"] = "rpo=soon"
    found = read([policy])
    assert "bad_tag" in codes(found.losses)
    assert found.estate.component("db").recovery == (RecoveryTarget("az-loss", 5, 30),)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"nothing": 1}, "no_policy"),
        ([3], "no_policy"),
        ({"policyName": "a1", "policy": {"Moon": {"rpoInSecs": 1, "rtoInSecs": 1}}}, "unknown_field"),
        ({"policyName": "a1", "policy": {"AZ": {"rpoInSecs": 1}}}, "missing_field"),
        ({"policyName": "a1", "policy": {"AZ": {"rpoInSecs": -1, "rtoInSecs": 1.5}}}, "wrong_type"),
        ({"policyName": "a1", "tier": "Gold"}, "unknown_value"),
        ({"name": 7, "multiAz": {"rpoInMinutes": 1}}, "wrong_type"),
        (
            [{"name": "a", "tags": {"sloop:component": "db"}}, {"name": "b", "tags": {"sloop:component": "db"}}],
            "duplicate_name",
        ),
    ],
)
def test_what_is_no_policy_is_an_error_with_its_line(found: Any, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(found)
    assert code in {problem.code for problem in caught.value.problems}


def test_long_names_stay_within_what_aws_allows_and_stay_different() -> None:
    names = {hub.name_of("e" * 63, f"{'c' * 60}{n}") for n in range(3)}
    assert len(names) == 3
    assert all(len(name) <= 60 for name in names)
    tiers = [hub.tier_of(tier) for tier in (None, 1, 5, 9)]
    assert tiers == ["NotApplicable", "MissionCritical", "NonCritical", "NotApplicable"]


def test_an_estate_without_targets_gives_no_policy() -> None:
    bare = replace(REFERENCE, components=(Component("keys", "kms"),))
    assert document(bare, "v1") == {"resiliencyPolicies": []}
    assert document(bare, "v2") == []
