from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.memory.publisher import MemoryPublisher
from app.memory.store import MemoryStore
from app.outbox import deliver_due
from app.ports import Commit
from app.telemetry import configure_traces
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

    deliver_due(store, MemoryPublisher(), from_minute(START), Random(1))

    assert [(s.name, dict(s.attributes or {})) for s in spans.get_finished_spans()] == [("publish", {"sloop.key": "k"})]
