"""Estates of one component, as text, and what `check` says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slo.catalog.catalog import Catalog
from slo.estate.load import load

if TYPE_CHECKING:
    from slo.errors import Problem
    from slo.estate.spec import Estate, Objective

SLO = Path(__file__).parents[2] / "slo"
CATALOG = Catalog.of(
    [(f.name, f.read_bytes()) for f in sorted((SLO / "catalog").glob("*.yaml"))], (SLO / "policies/default.yaml").read_bytes()
)
HEAD = 'apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: prod}\naccounts: {main: {id: "111122223333", region: us-east-1}}\n'


def problems(text: str) -> tuple[Problem, ...]:
    return load([("estate.yaml", text.encode())], CATALOG).problems


def found(text: str) -> list[tuple[str, str, str]]:
    return [(p.severity, p.code, p.path) for p in problems(text)]


def estate(text: str) -> Estate:
    loaded = load([("estate.yaml", text.encode())], CATALOG)
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def with_component(fields: str, policies: str = "") -> str:
    """An estate of one component `a`; `fields` are its further ones, in flow style."""
    rules = f"policies:\n  p: [{policies}]\n" if policies else ""
    return f"{HEAD}components:\n  - {{name: a, {fields}}}\n{rules}"


def with_objective(fields: str, policies: str = "", *, kind: str = "alb") -> str:
    """`kind` alb counts requests, vpn slices of time."""
    resource = {"alb": "load_balancer: l, target_group: t", "vpn": "vpn: v"}[kind]
    return with_component(f"kind: {kind}, resource: {{{resource}}}, objectives: [{{{fields}}}]", policies)


def objective(fields: str, policies: str = "", *, kind: str = "alb") -> Objective:
    [only] = estate(with_objective(fields, policies, kind=kind)).objectives
    return only
