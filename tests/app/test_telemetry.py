from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from app.exposition import meters
from app.memory.publisher import MemoryPublisher
from app.memory.store import MemoryStore
from app.outbox import Paths, deliver_due
from app.ports import Commit
from app.telemetry import configure_metrics, configure_traces, mirror
from slo.units import from_minute
from tests.support.minutes import START, message

if TYPE_CHECKING:
    import pytest


def test_without_an_endpoint_no_trace_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)

    assert configure_traces() is False


def test_a_published_message_is_a_span_with_its_key() -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    store = MemoryStore()
    shard = store.open_shard("s", ("a",), START)
    store.commit(Commit(shard, START + 1, messages=[message("k", "1")]))

    deliver_due(store, Paths(MemoryPublisher()), from_minute(START), Random(1))

    assert [(s.name, dict(s.attributes or {})) for s in spans.get_finished_spans()] == [("publish", {"sloop.keys": ("k",)})]


def test_without_an_endpoint_no_metric_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", raising=False)

    assert configure_metrics(CollectorRegistry()) is False


def told(reader: InMemoryMetricReader) -> dict[tuple[str, str], float]:
    """Value by name and labels."""
    data = reader.get_metrics_data()
    assert data is not None
    return {
        (metric.name, ",".join(f"{k}={v!s}" for k, v in sorted((point.attributes or {}).items()))): point.value  # type: ignore[union-attr]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


def test_what_metrics_show_is_pushed_under_the_same_names_and_is_new_at_every_push() -> None:
    registry, reader = CollectorRegistry(), InMemoryMetricReader()
    counters = meters(registry)
    mirror(registry, MeterProvider([reader]).get_meter("test"))
    counters.queries.labels("a", "fast").inc(3)
    counters.tick_seconds.labels("a").observe(0.02)

    first = told(reader)
    counters.queries.labels("a", "fast").inc(4)
    second = told(reader)

    assert first["sloop_queries_total", "lane=fast,shard=a"] == 3
    assert (first["sloop_tick_seconds_count", "shard=a"], first["sloop_tick_seconds_bucket", "le=0.025,shard=a"]) == (1, 1)
    assert second["sloop_queries_total", "lane=fast,shard=a"] == 7
