from __future__ import annotations

from decimal import Decimal

import pytest

from slo.errors import SpecError
from slo.estate import import_openslo
from slo.estate.export_openslo import export
from slo.estate.indicator import CounterQuery, EventRatio, MetricQuery
from slo.estate.write import write
from tests.support.estates import CATALOG, WHOLE, codes, loaded

FOREIGN = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: cw}
spec: {type: CloudWatch, connectionDetails: {accountId: "111122223333", region: eu-west-1}}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: checkout, displayName: Checkout}
spec: {description: Checkout API}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: checkout-availability}
spec:
  ratioMetric:
    counter: true
    bad: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(http_total{code=~"5.."}[5m]))'}}}
    total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(http_total[5m]))'}}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: queue-errors}
spec:
  ratioMetric:
    bad: {metricSource: {metricSourceRef: cw, spec: {namespace: AWS/X, metric: Errors, stat: Sum, dimensions: {Q: q}}}}
    total: {metricSource: {metricSourceRef: cw, spec: {namespace: AWS/X, metric: All, stat: Sum, dimensions: {Q: q}}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-slo}
spec:
  service: checkout
  indicatorRef: checkout-availability
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}, {target: 0.9}]
  alertPolicies: [{alertPolicyRef: fast}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: queue-slo}
spec:
  service: checkout
  indicatorRef: queue-errors
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: fast}
spec:
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: pager}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: page
  condition: {kind: burnrate, op: gte, threshold: 10, lookbackWindow: 1h, alertAfter: 0m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: pager}
spec: {target: pagerduty}
"""
DEFAULT = CATALOG.default_policy


def test_documents_of_others_become_components_with_indicators_of_their_own() -> None:
    found = import_openslo.read([("slos.yaml", FOREIGN.encode())], CATALOG, name="prod")
    [component] = found.estate.components
    assert (component.name, component.title, component.description) == ("checkout", "Checkout", "Checkout API")
    assert component.indicators["checkout-availability"] == EventRatio(
        (CounterQuery("http_total"),), bad=(CounterQuery('http_total{code=~"5.."}'),)
    )
    queue = component.indicators["queue-errors"]
    assert isinstance(queue, EventRatio)
    assert queue.total == (MetricQuery("cw", "eu-west-1", "AWS/X", "All", (("Q", "q"),), "Sum"),)
    assert [(a.name, a.id) for a in found.estate.accounts] == [("cw", "111122223333")]
    assert [o.id for o in component.objectives] == [
        "checkout.checkout-slo-1",
        "checkout.checkout-slo-2",
        "checkout.queue-slo",
    ]
    assert codes(found.losses) >= {"kind", "renamed"}


def test_what_is_written_of_them_can_be_read_and_says_what_is_lost() -> None:
    found = import_openslo.read([("slos.yaml", FOREIGN.encode())], CATALOG)
    written = write(found.estate, DEFAULT)
    assert codes(written.losses) == {"no_short_window"}
    estate = loaded(written.text)
    assert [(r.long, r.short, r.factor) for r in estate.objectives[0].policy] == [(60, 5, Decimal(10))]
    second = import_openslo.read([("again.yaml", export(estate, CATALOG).text.encode())], CATALOG).estate
    assert second == estate


def test_openslo_exported_as_it_stands_imports_to_the_same_objectives() -> None:
    first = import_openslo.read([("slos.yaml", FOREIGN.encode())], CATALOG).estate
    documents = export(loaded(FOREIGN), CATALOG).text
    second = import_openslo.read([("again.yaml", documents.encode())], CATALOG).estate
    assert [(o.id, o.indicator_id, o.target, o.policy) for o in second.objectives] == [
        (o.id, o.indicator_id, o.target, o.policy) for o in first.objectives
    ]
    name = "checkout-availability"
    assert second.components[0].indicators[name] == first.components[0].indicators[name]


def test_an_sli_of_two_services_is_declared_by_both() -> None:
    other = FOREIGN[FOREIGN.index("apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: checkout-slo}") :]
    other = (
        other[: other.index("---")]
        .replace("name: checkout-slo", "name: cart-slo")
        .replace("service: checkout", "service: cart")
    )
    found = import_openslo.read([("slos.yaml", f"{FOREIGN}---\n{other}".encode())], CATALOG).estate
    assert [sorted(c.indicators) for c in found.components] == [
        ["checkout-availability", "queue-errors"],
        ["checkout-availability"],
    ]
    assert all(objective.measure is not None for objective in found.objectives)


def test_queries_that_were_edited_since_the_export_hold_and_the_annotation_is_told() -> None:
    text = export(loaded(WHOLE), CATALOG).text
    assert "query: http_bucket" in text or "query: 'http_bucket" in text
    edited = text.replace("query: 'http_bucket{le=\"0.3\"}'", "query: 'http_bucket{le=\"0.5\"}'")
    assert edited != text
    found = import_openslo.read([("slos.yaml", edited.encode())], CATALOG)
    speed = found.estate.component("web").indicators["speed"]
    assert isinstance(speed, EventRatio)
    assert speed.good == (CounterQuery('http_bucket{le="0.5"}'),)
    assert "annotation_differs" in codes(found.losses)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('sloop.dev/tier: "1"', "sloop.dev/tier: first"),
        ("sloop.dev/account: other\n    sloop.dev/tier", "sloop.dev/account: nobody\n    sloop.dev/tier"),
        ("sloop.dev/resource: '{", "sloop.dev/resource: '"),
        ('sloop.dev/recovery: \'[{"scenario"', 'sloop.dev/recovery: \'[{"scene"'),
        ('sloop.dev/measure: \'{"type"', 'sloop.dev/measure: \'{"typ"'),
    ],
)
def test_an_annotation_that_somebody_broke_is_an_error(old: str, new: str) -> None:
    text = export(loaded(WHOLE), CATALOG).text
    assert old in text
    with pytest.raises(SpecError) as caught:
        import_openslo.read([("slos.yaml", text.replace(old, new, 1).encode())], CATALOG)
    assert {problem.code for problem in caught.value.problems} == {"bad_annotation"}


def test_an_annotation_of_ours_that_nobody_knows_is_an_error() -> None:
    text = FOREIGN.replace("{name: checkout, ", "{name: checkout, annotations: {sloop.dev/teir: x}, ")
    with pytest.raises(SpecError, match=r"sloop\.dev/teir"):
        import_openslo.read([("slos.yaml", text.encode())], CATALOG)


def test_an_estate_file_is_no_openslo_document() -> None:
    with pytest.raises(SpecError, match="leave this file out"):
        import_openslo.read([("slos.yaml", FOREIGN.encode()), ("estate.yaml", WHOLE.encode())], CATALOG)


def test_a_file_without_documents_is_an_error() -> None:
    with pytest.raises(SpecError):
        import_openslo.read([("slos.yaml", b"")], CATALOG)
