from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from app.costs import LOOKS
from app.estimate import Estimate, Unread, _scanned, estimate
from app.files import packaged_spec, read_catalog, read_prices
from app.ports import Span
from app.settings import Settings
from app.watch import Pace, Watch
from slo.estate.indicator import EventRatio, LogsQuery
from slo.estate.load import load
from slo.estate.spec import Estate

CATALOG = read_catalog()
SETTINGS = Settings(cloudwatch_dashboards="all")


def estate(text: bytes) -> Estate:
    loaded = load((("estate.yaml", text),), CATALOG)
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


REFERENCE = estate(packaged_spec("reference"))


def of(declared: Estate, settings: Settings = SETTINGS) -> Estimate:
    return estimate(declared, CATALOG, settings, read_prices())


def test_the_rows_add_up_to_the_total_exactly() -> None:
    found = of(REFERENCE)
    rows, total = found.rows(), found.total()
    for name in ("series", "requests", "reading", "alarms", "dashboards", "dollars"):
        assert sum((getattr(row, name) for row in rows), Fraction(0)) == getattr(total, name)
    assert {c.name for c in REFERENCE.components} | {""} == {row.component for row in rows}


def test_every_objective_of_the_reference_estate_is_in_a_lane() -> None:
    assert sum(lane.objectives for lane in of(REFERENCE).reading.lanes) == len(REFERENCE.objectives)


def test_polls_half_as_often_cost_half() -> None:
    shards = [{s.source: s.dollars for s in of(REFERENCE, Settings(poll_minutes=poll)).reading.by_source()} for poll in (5, 10)]
    assert shards[0]["cloudwatch/main/us-east-1"] == 2 * shards[1]["cloudwatch/main/us-east-1"]
    assert shards[0][LOOKS] == shards[1][LOOKS]


def test_dashboards_that_are_not_kept_cost_nothing() -> None:
    assert of(REFERENCE, Settings(cloudwatch_dashboards="none")).total().dashboards == 0
    assert of(REFERENCE, Settings(cloudwatch_dashboards="overview")).total().dashboards == 0
    # Every component has one, and the estate has two; three are free.
    assert of(REFERENCE).total().dashboards == 3 * (len(REFERENCE.components) + 2 - 3)


def test_an_estate_without_accounts_has_no_alarms_and_says_so() -> None:
    text = b"""
apiVersion: sloop/v1
kind: Estate
metadata: {name: t}
components:
  - {name: orders, kind: prometheus, resource: {total: orders_total, bad: orders_bad_total}}
"""
    found = of(estate(text))
    assert found.total().dollars == 0
    assert found.total().requests == 2 * 43_800
    assert any("without accounts" in note for note in found.notes)


def test_what_cannot_be_measured_is_named() -> None:
    declared = replace(REFERENCE, accounts=())
    with_reason = [note for note in of(_without_accounts(declared)).notes if "is not measured" in note]
    assert with_reason != []


def _without_accounts(declared: Estate) -> Estate:
    return replace(declared, components=tuple(replace(c, account=None) for c in declared.components))


def test_container_insights_are_named_with_their_price() -> None:
    assert any("ECS Container Insights" in note and "$0.07" in note for note in of(REFERENCE).notes)


def test_an_estimate_reads_nothing() -> None:
    assert Unread().spans(0, 10, 10) == ()
    with pytest.raises(TypeError, match="reads nothing"):
        Unread().fetch((), Span(0, 10))


def test_a_limit_of_logs_says_what_they_cost_at_most() -> None:
    """10 GB a day are 10 x 730 / 24 GB a month, at half a cent each: $1.52."""
    watches = [
        Watch("logs", Estate("t"), Unread(), Pace(300, 5), {"k": EventRatio((LogsQuery(None, "eu-west-1", ("g",)),))}, ())
    ]
    limited = Settings(logs_bytes_per_day=10 * 10**9)
    assert list(_scanned(watches, limited, read_prices())) == [
        "with SLOOP_LOGS_BYTES_PER_DAY=10000000000 Logs Insights costs at most $1.52 a month"
    ]
    assert list(_scanned(watches, Settings(), read_prices())) == []
