from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from app.store.rules import declaration
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Composite, Era, Objective, Part, RuleSpec

POLICY = (RuleSpec("page", Decimal("0.02"), 60, 5), RuleSpec("ticket", Decimal("0.10"), 4320, 360))
PLAIN = Objective("api.availability", "api", "availability", Decimal("0.9990"), 43200, POLICY)


def test_a_plain_objective_is_declared_as_releases_before_methods_declared_it() -> None:
    """Another document here means that every stored row reads as an edit of that day."""
    assert declaration(PLAIN) == {
        "id": "api.availability",
        "component": "api",
        "indicator": "availability",
        "target": "0.9990",
        "window": 43200,
        "policy": [
            {"severity": "page", "share": "0.02", "long": 60, "short": 5},
            {"severity": "ticket", "share": "0.10", "long": 4320, "short": 360},
        ],
        "policy_name": "default",
        "method": "Occurrences",
        "target_source": None,
        "lane": None,
    }


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, budgeting=Budgeting("RatioTimeslices")),
        replace(PLAIN, budgeting=Budgeting("Timeslices", 5, Decimal("0.95"))),
        replace(PLAIN, budgeting=Budgeting("Timeslices", 5, Decimal("0.96"))),
        replace(PLAIN, budgeting=Budgeting(no_data="bad")),
        replace(PLAIN, calendar=Calendar(1, "M", "Europe/Berlin", datetime(2026, 1, 21))),  # noqa: DTZ001  # local
        replace(PLAIN, composite=Composite("serial", (Part("api.availability", Decimal("0.99")),), 1)),
        replace(PLAIN, policy=(replace(POLICY[0], hold=5),)),
        replace(PLAIN, policy=(replace(POLICY[0], min_bad=5),)),
        replace(PLAIN, policy=(replace(POLICY[0], confidence=Decimal("0.95")),)),
    ],
)
def test_what_is_judged_otherwise_is_declared_otherwise(other: Objective) -> None:
    assert declaration(other) != declaration(PLAIN)


def test_earlier_targets_are_no_part_of_a_declaration() -> None:
    assert declaration(replace(PLAIN, earlier=(Era(Decimal("0.99"), 7),))) == declaration(PLAIN)
