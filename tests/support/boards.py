"""A small estate on a catalogue of its own, so that dashboards are tested on something that no real kind changes."""

from __future__ import annotations

from app.files import read_catalog
from slo.catalog.catalog import Catalog
from slo.catalog.parse import parse_kind
from slo.estate.load import load

SHOP = """
kind: shop
title: A shop behind a balancer
layer: edge
resource:
  balancer: {role: identity, required: true, about: the balancer}
indicators:
  availability:
    type: event_ratio
    source: made up
    namespace: Shop
    dimensions: {Balancer: "{balancer}"}
    total: [{metric: Requests, stat: Sum}, {metric: Refused, stat: Sum}]
    bad: [{metric: Errors, stat: Sum}, {metric: Refused, stat: Sum}]
  latency:
    type: latency
    source: made up
    namespace: Shop
    dimensions: {Balancer: "{balancer}"}
    metric: Seconds
    threshold: "0.3"
  connected:
    type: time_slice
    source: made up
    namespace: Shop
    dimensions: {Balancer: "{balancer}"}
    metric: Connections
    stat: Maximum
    op: ">="
    threshold: 1
objectives: []
no_objective: a kind of the tests
signals:
  - namespace: Shop
    dimensions: {Balancer: "{balancer}"}
    metrics:
      requests: {title: Requests, unit: count, metric: Requests, stat: Sum}
      refused: {title: Refused, unit: count, metric: Refused, stat: Sum}
      fill: {title: Disk used, unit: percent, metric: DiskUsed, stat: Average}
alarms:
  refused-some:
    {signal: refused, comparison: ">", threshold: 5, period: 60, datapoints: 3, periods: 3, missing: notBreaching,
     severity: ticket, reason: Clients are turned away, source: made up}
  disk-full:
    {signal: fill, comparison: ">", threshold: 90, period: 300, datapoints: 3, periods: 3, missing: missing,
     severity: page, reason: The disk is nearly full, source: made up}
panels:
  - {title: Traffic, signals: [requests, refused]}
  - {title: Disk, signals: [fill]}
pitfalls: []
"""

SMALL = """
apiVersion: sloop/v1
kind: Estate
metadata: {name: small}
accounts:
  main: {id: "111122223333", region: us-east-1}
  data-lake: {id: "444455556666", region: eu-west-1}
components:
  - name: shop
    displayName: "The [shop](javascript:x) | $job *prod*"
    kind: shop
    tier: 1
    owner: team-shop
    runbook: https://runbooks.example/shop
    resource: {balancer: b-1}
    depends_on: [archive]
    objectives:
      - {indicator: availability, target: 99.9%, window: 30d}
      - {indicator: latency, target: 99%, window: 7d}
  - name: archive
    kind: shop
    account: data-lake
    tier: 2
    resource: {balancer: b-2}
    objectives:
      - {indicator: connected, target: 99.5%, window: 30d}
  - name: orders
    kind: prometheus
    tier: 2
    resource: {total: 'orders_total{job="orders"}', bad: 'orders_total{job="orders",code=~"5.."}'}
    objectives:
      - {indicator: availability, target: 99.5%, window: 30d}
  - name: quiet
    kind: shop
    resource: {balancer: b-3}
"""

_REAL = read_catalog()
CATALOG = Catalog(
    {"shop": parse_kind(SHOP.encode(), "shop.yaml"), "prometheus": _REAL.kinds["prometheus"]}, _REAL.default_policy
)
_LOADED = load((("small.yaml", SMALL.encode()),), CATALOG)
assert _LOADED.estate is not None, _LOADED.problems
ESTATE = _LOADED.estate
BASE_URL = "https://sloop.example"
