from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from app.watch import indicator_of, slot_key
from slo.estate.indicator import CounterQuery, EventRatio, LogsQuery, MetricQuery, Proof, SearchQuery, TimeSlice

REQUESTS = MetricQuery("main", "us-east-1", "AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/a/1"),), "Sum")
ERRORS = replace(REQUESTS, metric="HTTPCode_Target_5XX_Count")
RATIO = EventRatio((REQUESTS,), bad=(ERRORS,), proof=Proof(replace(REQUESTS, metric="HealthyHostCount", stat="Minimum")))
SLOW = TimeSlice(REQUESTS, "<=", Decimal("0.3"))

LOGS = LogsQuery("main", "us-east-1", ("/aws/ecs/api",))
DOCUMENTS = SearchQuery("api-*", '{"match_all":{}}')


def test_the_fingerprint_of_an_indicator_never_changes_by_itself() -> None:
    """Another one here means that every slot begins anew after an upgrade: see decision 5 before changing this line."""
    assert slot_key("api.availability", RATIO) == "api.availability@e5485310"


@pytest.mark.parametrize(
    "other",
    [
        replace(RATIO, bad=()),
        replace(RATIO, good=(ERRORS,), bad=()),
        replace(RATIO, proof=None),
        replace(RATIO, sampled=True),
        replace(RATIO, total=(replace(REQUESTS, region="us-west-2"),)),
        replace(RATIO, total=(CounterQuery("requests_total"),)),
        replace(RATIO, total=(CounterQuery("requests_total", alive="up"),)),
        replace(RATIO, total=(LOGS,)),
        replace(RATIO, total=(replace(LOGS, filter="status >= 500"),)),
        replace(RATIO, total=(DOCUMENTS,)),
        replace(RATIO, total=(replace(DOCUMENTS, time_field="at"),)),
        SLOW,
    ],
)
def test_whatever_is_counted_otherwise_is_another_indicator(other: EventRatio | TimeSlice) -> None:
    assert slot_key("api.availability", other) != slot_key("api.availability", RATIO)


def test_a_threshold_is_its_value_and_not_its_spelling() -> None:
    assert slot_key("a.b", SLOW) == slot_key("a.b", replace(SLOW, threshold=Decimal("0.30")))
    assert slot_key("a.b", SLOW) != slot_key("a.b", replace(SLOW, threshold=Decimal("0.4")))


def test_people_see_the_name_without_the_fingerprint() -> None:
    assert indicator_of(slot_key("api.availability", RATIO)) == "api.availability"
