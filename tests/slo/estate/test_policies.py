from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from slo.errors import SpecError
from slo.estate import policies
from slo.estate.spec import RuleSpec

DEFAULT = Path(__file__).parents[3] / "slo/policies/default.yaml"


def test_the_default_policy_is_the_workbooks() -> None:
    assert policies.parse(DEFAULT.read_bytes()) == {
        "default": (
            RuleSpec("page", Decimal("0.02"), 60, 5),
            RuleSpec("page", Decimal("0.05"), 360, 30),
            RuleSpec("ticket", Decimal("0.1"), 1440, 120),
            RuleSpec("ticket", Decimal("0.1"), 4320, 360),
        )
    }


def test_the_default_policy_names_its_source() -> None:
    assert "Source: The Site Reliability Workbook" in DEFAULT.read_text()


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ("{severity: page, budget: 2%, long: 1h}", "missing_field", "p[0].short"),
        ("{severity: alarm, budget: 2%, long: 1h, short: 5m}", "unknown_value", "p[0].severity"),
        ("{severity: page, budget: 2, long: 1h, short: 5m}", "bad_share", "p[0].budget"),
        ("{severity: page, budget: 0%, long: 1h, short: 5m}", "bad_share", "p[0].budget"),
        ("{severity: page, budget: 101%, long: 1h, short: 5m}", "bad_share", "p[0].budget"),
        ("{severity: page, budget: 2%, long: 1h, short: 1h}", "bad_policy", "p[0].short"),
        ("{severity: page, budget: 2%, long: 1h, short: 0m}", "bad_window", "p[0].short"),
        ("{severity: page, budget: 2%, long: 401d, short: 5m}", "bad_window", "p[0].long"),
        ("{severity: page, budget: 2%, long: 1 h, short: 5m}", "bad_duration", "p[0].long"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, factor: 3}", "unknown_field", "p[0].factor"),
    ],
)
def test_a_bad_rule_names_its_place(rule: str, code: str, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        policies.parse(f"p:\n  - {rule}\n".encode(), "p.yaml")
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.code, problem.path) == ("p.yaml", 2, code, path)


@pytest.mark.parametrize("text", ["p: []", "", "[]", "p: {a: 1}"])
def test_a_policy_without_rules_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        policies.parse(text.encode())
