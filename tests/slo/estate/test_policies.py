from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import SpecError
from slo.estate import policies
from slo.estate.spec import RuleSpec

if TYPE_CHECKING:
    from slo.estate.spec import Severity

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
        ("{severity: page, budget: 2%, long: 1h, short: 5m, factor: 3}", "exactly_one", "p[0]"),
        ("{severity: page, long: 1h, short: 5m}", "exactly_one", "p[0]"),
        ("{severity: page, factor: 0, long: 1h, short: 5m}", "bad_factor", "p[0].factor"),
        ("{severity: page, factor: 1e3, long: 1h, short: 5m}", "bad_factor", "p[0].factor"),
        ("{severity: page, factor: 14.4x, long: 1h, short: 5m}", "bad_factor", "p[0].factor"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, min_bad: 0}", "wrong_type", "p[0].min_bad"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, min_total: 1.5}", "wrong_type", "p[0].min_total"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, confidence: 100%}", "bad_share", "p[0].confidence"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, confidence: 95}", "bad_share", "p[0].confidence"),
        ("{severity: page, budget: 2%, long: 1h, short: 5m, hold: 5m}", "unknown_field", "p[0].hold"),
    ],
)
def test_a_bad_rule_names_its_place(rule: str, code: str, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        policies.parse(f"p:\n  - {rule}\n".encode(), "p.yaml")
    [problem] = caught.value.problems
    assert (problem.file, problem.line, problem.code, problem.path) == ("p.yaml", 2, code, path)


def test_a_policy_of_more_rules_than_anybody_needs_is_refused() -> None:
    rule = "{severity: page, budget: 2%, long: 1h, short: 5m}"
    [twenty] = policies.parse(f"p: [{', '.join([rule] * 20)}]".encode()).values()
    assert len(twenty) == 20
    with pytest.raises(SpecError, match="21 rules are more than 20"):
        policies.parse(f"p: [{', '.join([rule] * 21)}]".encode())


@pytest.mark.parametrize("text", ["p: []", "", "[]", "p: {a: 1}"])
def test_a_policy_without_rules_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        policies.parse(text.encode())


@given(
    st.sampled_from(["page", "ticket"]),
    st.one_of(
        st.tuples(st.just("budget"), st.decimals("0.001", 1, places=3)),
        st.tuples(st.just("factor"), st.decimals("0.1", 1000, places=1)),
    ),
    st.integers(2, 576_000),
    st.integers(0, 999_999_999),
    st.integers(0, 999_999_999),
    st.none() | st.decimals("0.01", "0.99", places=2),
    st.data(),
)
def test_every_rule_is_read_as_it_was_written(
    severity: Severity,
    burn: tuple[str, Decimal],
    long: int,
    min_bad: int,
    min_total: int,
    confidence: Decimal | None,
    data: st.DataObject,
) -> None:
    short = data.draw(st.integers(1, long - 1))
    name, value = burn
    rule = f"severity: {severity}, {name}: {value:f}, long: {long}m, short: {short}m"
    rule += "".join(f", {field}: {n}" for field, n in (("min_bad", min_bad), ("min_total", min_total)) if n)
    rule += f", confidence: {confidence * 100:f}%" if confidence is not None else ""
    share, factor = (value, None) if name == "budget" else (None, value)
    [[read]] = policies.parse(f"p: [{{{rule}}}]".encode()).values()
    assert read == RuleSpec(
        severity, share, long, short, factor=factor, min_bad=min_bad, min_total=min_total, confidence=confidence
    )
