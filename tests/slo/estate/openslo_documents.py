"""OpenSLO documents as values, to be changed one field at a time, and what `load` says of them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slo.catalog.catalog import Catalog
from slo.estate.load import load

if TYPE_CHECKING:
    from slo.estate.spec import Estate, Objective

SLO = Path(__file__).parents[3] / "slo"
CATALOG = Catalog.of(
    [(f.name, f.read_bytes()) for f in sorted((SLO / "catalog").glob("*.yaml"))], (SLO / "policies/default.yaml").read_bytes()
)
GONE = object()
"""In place of a value: the field is removed."""


def metric(query: str = "requests_total", **source: Any) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}} | source}


def ratio() -> dict[str, Any]:
    return {"ratioMetric": {"counter": True, "good": metric("good_total"), "total": metric("all_total")}}


def threshold() -> dict[str, Any]:
    return {"thresholdMetric": metric("queue_depth")}


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "openslo/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def inline(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "own"}, "spec": spec}


def condition(**changed: Any) -> dict[str, Any]:
    burn = {"kind": "burnrate", "op": "gte", "threshold": 2, "lookbackWindow": "1h", "alertAfter": "5m"}
    return {"severity": "page", "condition": burn | changed}


def policy() -> dict[str, Any]:
    return {"alertWhenBreaching": True, "conditions": [{"conditionRef": "fast"}], "notificationTargets": [{"targetRef": "pd"}]}


def slo(**changed: Any) -> dict[str, Any]:
    spec = {
        "service": "web",
        "indicatorRef": "web-ok",
        "timeWindow": [{"duration": "30d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"target": 0.99}],
        "alertPolicies": [{"alertPolicyRef": "fast"}],
    }
    return document("SLO", "web", {name: value for name, value in (spec | changed).items() if value is not GONE})


def others() -> list[dict[str, Any]]:
    """One of every other kind, which the SLO leads to."""
    return [
        document("Service", "web", {"description": "shop"}),
        document("DataSource", "cw", {"type": "CloudWatch", "connectionDetails": {"region": "eu-west-1"}}),
        document("SLI", "web-ok", ratio()),
        document("SLI", "web-queue", threshold()),
        document("AlertPolicy", "fast", policy()),
        document("AlertCondition", "fast", condition()),
        document("AlertNotificationTarget", "pd", {"target": "pagerduty"}),
    ]


def whole() -> list[dict[str, Any]]:
    return [*others(), slo()]


def changed(kind: str, path: str, value: Any) -> list[dict[str, Any]]:
    """The whole with the field at this path, like `spec.objectives.0.target`, of the first document of that kind changed."""
    documents = deepcopy(whole())
    at: Any = next(d for d in documents if d["kind"] == kind)
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    key = int(last) if last.isdigit() else last
    if value is GONE:
        del at[key]
    else:
        at[key] = value
    return documents


def found(documents: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(severity, code, path) of every problem; each document is a file of its own."""
    files = [(f"{n:02}.json", json.dumps(d).encode()) for n, d in enumerate(documents)]
    return [(p.severity, p.code, p.path) for p in load(files, CATALOG).problems]


def estate(documents: list[dict[str, Any]], *texts: str) -> Estate:
    files = [("all.json", json.dumps(documents).encode()), *((f"{n}.yaml", text.encode()) for n, text in enumerate(texts))]
    loaded = load(files, CATALOG)
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def only(documents: list[dict[str, Any]], *texts: str) -> Objective:
    [objective] = (o for o in estate(documents, *texts).objectives if o.indicator == "openslo")
    return objective
