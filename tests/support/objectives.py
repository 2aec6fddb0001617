"""Objectives for tests."""

from __future__ import annotations

from decimal import Decimal

from slo.estate.spec import Component, Estate, Objective, RuleSpec

DEFAULT_POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.10"), 1440, 120),
    RuleSpec("ticket", Decimal("0.10"), 4320, 360),
)


def objective(
    component: str = "api", indicator: str = "availability", *, target: str = "0.999", window: int = 43200
) -> Objective:
    return Objective(f"{component}.{indicator}", component, indicator, Decimal(target), window, DEFAULT_POLICY)


def estate_of(*objectives: Objective) -> Estate:
    by_component: dict[str, list[Objective]] = {}
    for one in objectives:
        by_component.setdefault(one.component, []).append(one)
    return Estate("test", components=tuple(Component(n, "ecs", objectives=tuple(o)) for n, o in by_component.items()))
