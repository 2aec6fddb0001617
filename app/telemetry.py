"""Traces and metrics of Sloop itself. What OTEL_EXPORTER_OTLP_ENDPOINT does not ask for costs nothing."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.metrics import Observation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.metrics import CallbackOptions, Meter
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

_SUFFIXES = {"counter": ("_total",), "histogram": ("_count", "_sum", "_bucket")}
TRACER = trace.get_tracer("sloop")
"""A span per tick of a shard and per message that is published."""


def configure_traces() -> bool:
    """Standard OTEL_* variables hold; False when no endpoint is set or OTEL_SDK_DISABLED is true."""
    if not _is_wanted("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        return False
    # Late, because the exporter and its protobuf take 0.2 s and 15 MB that most processes never need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "sloop")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return True


def configure_metrics(registry: CollectorRegistry) -> bool:
    """What `/metrics` shows, pushed as well; False as for traces."""
    if not _is_wanted("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"):
        return False
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415  # as above
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "sloop")})
    provider = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    mirror(registry, provider.get_meter("sloop"))
    return True


def _is_wanted(own: str) -> bool:
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(own)
    return bool(endpoint) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def mirror(registry: CollectorRegistry, meter: Meter) -> None:
    """Every family of the registry as an instrument of its name; of a histogram its count, sum and buckets."""
    families = _Families(registry)
    for family in registry.collect():
        for name in _SUFFIXES.get(family.type, ("",)):
            kind = meter.create_observable_gauge if family.type == "gauge" else meter.create_observable_counter
            kind(
                family.name + name,
                [partial(families.observe, family.name, family.name + name)],
                description=family.documentation,
            )


class _Families:
    """The registry read once per export: whichever family is asked for a second time begins a new one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._left: dict[str, Metric] = {}
        self._asked: set[str] = set()

    def observe(self, family: str, sample: str, _options: CallbackOptions) -> Iterable[Observation]:
        if sample in self._asked or not self._left:
            self._left = {f.name: f for f in self._registry.collect()}
            self._asked = set()
        self._asked.add(sample)
        for found in self._left[family].samples:
            if found.name == sample:
                yield Observation(found.value, dict(found.labels))
