from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.burn_worker import BurnWorker
from app.memory.metric_sink import MemoryMetricSink
from app.snapshot import Snapshot, SourceStatus
from slo.errors import SourceError
from slo.estate.spec import Account, Component, Estate, Objective, RuleSpec
from slo.judge.burn import burn_windows
from slo.judge.verdict import Circumstances, judge
from slo.judge.windows import NOTHING
from slo.resource import Place
from tests.support.clocks import FakeClock

if TYPE_CHECKING:
    from slo.judge.period import Window

START = 1_800_000_000.0
MINUTE = int(START // 60)
RULE = RuleSpec("page", None, 60, 5, factor=Decimal(10))
ASKED = Objective("shop.ok", "shop", "ok", Decimal("0.99"), 43_200, (RULE,), burn_metric=True)
SHOP = Component("shop", "prometheus", objectives=(ASKED,))
ESTATE = Estate("prod", (Account("main", "111122223333", "eu-west-1"),), (SHOP,))
HERE = Place("main", "eu-west-1", "111122223333")


def snapshot(estate: Estate = ESTATE, tick: int = MINUTE) -> Snapshot:
    windows: list[Window] = [*burn_windows(ASKED), 43_200]
    found = judge(ASKED, tick, dict.fromkeys(windows, NOTHING), None, circumstances=Circumstances())
    verdict = replace(found, burns={**found.burns, 60: Fraction(20), 5: Fraction(30)})
    source = SourceStatus("prometheus", 2, tick, objectives=("shop.ok",))
    return Snapshot(estate, datetime.fromtimestamp(START, UTC), {"shop.ok": verdict}, sources=(source,))


def published(seen: Snapshot) -> dict[Place, list[tuple[str, float]]]:
    sink = MemoryMetricSink()
    BurnWorker(lambda: seen, sink, FakeClock(START)).turn()
    return {place: [(p.metric, p.value) for p in points] for (place, _), points in sink.kept.items()}


def test_the_burn_of_what_asks_for_it_goes_to_the_region_of_its_component() -> None:
    assert published(snapshot()) == {HERE: [("BurnRate", 2.0)]}


def test_an_old_burn_is_not_published_under_a_new_time() -> None:
    assert published(snapshot(tick=MINUTE - 30)) == {}


def test_without_an_account_there_is_nowhere_to_publish_it() -> None:
    assert published(snapshot(replace(ESTATE, accounts=()))) == {}


def test_what_is_refused_is_tried_again_a_minute_later() -> None:
    sink = MemoryMetricSink(failures=[SourceError("no", retryable=True)])
    worker = BurnWorker(snapshot, sink, FakeClock(START))
    worker.turn()
    assert sink.kept == {}
    worker.turn()
    assert [p.value for p in sink.kept[HERE, "Sloop"]] == [2.0]
