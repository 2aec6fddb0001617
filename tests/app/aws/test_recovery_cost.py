"""What an estimate reckons for recovery is what recovery asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.costs import reading
from app.files import read_prices
from slo.estate.spec import Estate
from tests.support.recoverable import CACHE, DATABASE, DOCUMENTS, JOBS, MAIN, MEDIA, wired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ports import Source, Span
    from slo.estate.indicator import Query
    from slo.estate.spec import Component
    from slo.judge.answer import Answer
    from slo.units import Minute


@dataclass
class Counting:
    """Passes on and keeps what was asked."""

    source: Source
    asked: list[Query] = field(default_factory=list)

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        return self.source.spans(start, end, now)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        self.asked += dict.fromkeys(queries)
        return self.source.fetch(queries, span)


@pytest.mark.parametrize("component", [DATABASE, DOCUMENTS, CACHE, MEDIA, JOBS], ids=lambda c: c.name)
def test_an_estimate_counts_what_one_look_at_a_component_asks(component: Component, monkeypatch: pytest.MonkeyPatch) -> None:
    with wired() as wire:
        for name, value in (("AWS_ENDPOINT_URL", wire.url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
            monkeypatch.setenv(name, value)
        session = AwsSession({"main": MAIN})
        counting = Counting(CloudWatchSource(session))
        AwsRecovery(session, counting).read(component, MAIN, datetime.fromtimestamp(wire.clock.now(), UTC))
    estimated = reading(Estate("prod", (MAIN,), (component,)), (), read_prices()).total
    assert estimated.series == len(counting.asked)
