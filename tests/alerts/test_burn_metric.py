from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from alerts.burn_metric import burn_metric_alarms, burning, published
from alerts.evaluate import evaluate
from app.simulator.alarm_config import metric_alarm
from slo.estate.spec import Account, Component, Estate, Objective, RuleSpec
from slo.judge.burn import burn_windows, rules_of
from slo.judge.verdict import Circumstances, judge
from slo.judge.windows import NOTHING
from slo.resource import Place

if TYPE_CHECKING:
    from slo.judge.period import Window
    from slo.judge.verdict import Verdict

HERE = Place("main", "us-east-1", "111122223333")
SHOP = Component("shop", "alb")
ESTATE = Estate("prod", (Account("main", "111122223333", "us-east-1"),), (SHOP,))
RULES = (
    RuleSpec("page", None, 60, 5, factor=Decimal(10)),
    RuleSpec("page", None, 360, 30, factor=Decimal(5)),
    RuleSpec("ticket", None, 1440, 120, factor=Decimal(1)),
)
SHOP_OK = Objective("shop.ok", "shop", "ok", Decimal("0.99"), 43_200, RULES, burn_metric=True)


Burn = Fraction | int | None


def verdict(**burns: Burn) -> Verdict:
    """With these burns by window, like m60=10."""
    windows: list[Window] = [*burn_windows(SHOP_OK), SHOP_OK.window]
    found = judge(SHOP_OK, 30_000_000, dict.fromkeys(windows, NOTHING), None, circumstances=Circumstances())
    known: dict[Window, Fraction | None] = dict(found.burns)
    known |= {int(name[1:]): None if value is None else Fraction(value) for name, value in burns.items()}
    return replace(found, burns=known)


def values(**burns: Burn) -> dict[str, float]:
    return {b.severity: b.value for b in burning([verdict(**burns)])}


def test_the_value_is_the_slower_window_of_the_rule_that_burns_most_in_units_of_its_factor() -> None:
    assert values(m60=10, m5=12, m360=1, m30=1) == {"page": 1.0}
    assert values(m60=20, m5=5, m360=10, m30=6) == {"page": 1.2}
    assert values(m60=9, m5=99, m360=0, m30=0, m1440=Fraction(1, 2), m120=2) == {"page": 0.9, "ticket": 0.5}


def test_it_reaches_1_exactly_when_the_burn_reaches_a_factor() -> None:
    assert values(m60=Fraction(99_999_999_999, 10**10), m5=10, m360=0, m30=0)["page"] < 1
    assert values(m60=10, m5=10, m360=0, m30=0)["page"] == 1


def test_what_has_no_burn_has_no_value_rather_than_zero() -> None:
    assert values(m60=10, m5=None, m360=None, m30=6) == {}


def test_only_what_asks_for_it_is_published() -> None:
    assert list(burning([replace(verdict(), objective=replace(SHOP_OK, burn_metric=False))])) == []
    assert published(replace(SHOP_OK, burn_metric=False)) == ()
    assert published(SHOP_OK) == ("page", "ticket")
    assert published(replace(SHOP_OK, policy=RULES[2:])) == ("ticket",)
    assert len(rules_of(SHOP_OK)) == 3


@pytest.mark.parametrize(("value", "state"), [(1.0, "ALARM"), (0.999, "OK")])
def test_its_alarm_fires_at_1_and_tells_nobody_because_sloop_does(value: float, state: str) -> None:
    page, ticket = burn_metric_alarms(ESTATE, SHOP, SHOP_OK, HERE)
    assert [page.name, ticket.name] == [f"sloop/prod/shop.ok/{severity}/published" for severity in ("page", "ticket")]
    assert page.spec["AlarmActions"] == []
    [burn] = burning([verdict(m60=10, m5=10, m360=0, m30=0)])
    assert [(d["Name"], d["Value"]) for d in page.spec["Dimensions"]] == list(burn.dimensions("prod"))
    model = metric_alarm({"AlarmName": page.name, **page.spec}, page.region)
    assert evaluate(model, {"m1": {29_999_999: value}}, 30_000_000, "OK").state == state
