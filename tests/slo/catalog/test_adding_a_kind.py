"""Adding an AWS service is adding one file: the example of docs/catalogue.md is that file."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from app.files import read_catalog
from slo.catalog.catalog import Catalog
from slo.catalog.signal import Panel
from slo.estate.indicator import EventRatio, MetricQuery, Unbound
from slo.estate.load import load

ROOT = Path(__file__).parents[3]
FILES = [(f.name, f.read_bytes()) for f in sorted((ROOT / "slo/catalog").glob("*.yaml"))]
POLICY = (ROOT / "slo/policies/default.yaml").read_bytes()
ESTATE = b"""\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
accounts: {main: {id: "111122223333", region: eu-central-1}}
components:
  - {name: resize, kind: lambda, resource: {function: resize-images, aliases: [live, canary]}}
"""


def example() -> bytes:
    [found] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/catalogue.md").read_text(encoding="utf-8"), re.DOTALL)
    return str(found).encode()


CATALOG = Catalog.of([*FILES, ("lambda.yaml", example())], POLICY)
LOADED = load((("prod.yaml", ESTATE),), CATALOG)


def series(metric: str, stat: str, **more: str) -> MetricQuery:
    dimensions = tuple(sorted({"FunctionName": "resize-images", **more}.items()))
    return MetricQuery("main", "eu-central-1", "AWS/Lambda", metric, dimensions, stat)


def test_without_the_file_the_kind_is_not_known() -> None:
    assert [p.code for p in load((("prod.yaml", ESTATE),), read_catalog()).problems] == ["unknown_kind"]


def test_with_it_a_component_has_an_objective_that_can_be_measured() -> None:
    assert LOADED.problems == ()
    assert LOADED.estate is not None
    [objective] = LOADED.estate.objectives
    assert (objective.id, objective.target, objective.target_source) == ("resize.availability", Decimal("0.999"), "catalogue")
    [component] = LOADED.estate.components
    assert CATALOG.bind(component, "availability", LOADED.estate.account(None)) == EventRatio(
        (series("Invocations", "Sum"),), bad=(series("Errors", "Sum"),)
    )


def test_with_it_the_component_has_signals_alarms_and_panels_and_a_place_in_the_overview() -> None:
    assert LOADED.estate is not None
    [component] = LOADED.estate.components
    signals = CATALOG.signals(component, LOADED.estate.account(None))
    assert not isinstance(signals, Unbound)
    assert {s.name: s.query for s in signals} == {
        "invocations": series("Invocations", "Sum"),
        "errors": series("Errors", "Sum"),
        "running": series("ConcurrentExecutions", "Maximum"),
        "duration-live": series("Duration", "p99", Resource="live"),
        "duration-canary": series("Duration", "p99", Resource="canary"),
    }
    alarms = CATALOG.alarms(component, LOADED.estate.account(None))
    assert not isinstance(alarms, Unbound)
    assert [(a.name, a.expression, a.threshold, a.severity) for a in alarms] == [
        ("running-high", "100 * m1 / 1000", Decimal(90), "ticket")
    ]
    assert CATALOG.panels(component) == (
        Panel("Calls", "count", ("invocations", "errors")),
        Panel("Duration", "milliseconds", ("duration-live", "duration-canary")),
    )
    assert CATALOG.layer(component) == "compute"
