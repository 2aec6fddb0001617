from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api import hours
from app.history import NO_COLUMNS, Columns, Place, StoredHistory
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.snapshot import Snapshot
from slo.errors import StoreError
from slo.judge.burn import windows_of
from slo.judge.verdict import judge
from slo.judge.windows import Counts
from slo.units import from_minute, parse_minute
from tests.app import picture
from tests.support.objectives import estate_of, objective
from tests.support.rig import API, START, Rig, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Shard
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Frame

PATH = f"/api/v1/slos/{API.id}/history"
ROWS = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 10**12), st.floats(0, 1))), min_size=1, max_size=30)


def verdict_of(counts: Counts, target: str) -> Verdict:
    one = objective("api", target=target, window=4320)
    return judge(one, START, dict.fromkeys(windows_of(one), counts), None)


@given(ROWS, st.sampled_from(["0.99", "0.9995", "0.123456789012345", "0.5"]))
@settings(deadline=None)
def test_every_number_is_the_double_nearest_to_the_exact_value(rows: list[tuple[int, float] | None], target: str) -> None:
    counts = [(0, 0, 0) if row is None else (row[0], int(row[0] * row[1]), 60) for row in rows]
    total, bad = sum(c[0] for c in counts), sum(c[1] for c in counts)
    verdict = verdict_of(Counts(total, bad, 60 * len(counts)), target)
    columns = Columns(START - 60 * len(counts), 60, np.array(counts, np.int64).T)

    found = orjson.loads(hours.rendered(verdict.objective, verdict, columns))

    assert found["good"] == [None if m == 0 else t - b for t, b, m in counts]
    assert found["total"] == [None if m == 0 else t for t, b, m in counts]
    assert found["sli"] == [(t - b) / t if t else None for t, b, m in counts]
    budget = 1 - Fraction(target)
    spent = [sum(c[1] for c in counts[: n + 1]) for n in range(len(counts))]
    exact = [float(1 - Fraction(s) / (budget * total)) if total else None for s in spent]
    assert found["remaining_ratio"] == exact


class Rigged:
    """A site over a store and a shard that is polled by hand."""

    def __init__(self, source: MemorySource) -> None:
        self.store, self.reads = MemoryStore(), 0
        self.rig = Rig(self.store, watch(source)).start(START)
        estate = estate_of(API)
        self.site = picture.site(Snapshot(estate, from_minute(START)), StoredHistory(self, self.place))  # type: ignore[arg-type]
        self.show()

    def place(self, objective_id: str) -> Place | None:
        held = self.rig.held
        return Place(API, held.shard, 0, 0, held.sums.at, held.touched) if objective_id == API.id else None

    def show(self) -> None:
        (verdict,) = self.rig.verdicts()
        self.site.clock.at = made = from_minute(verdict.at)
        self.site.box.put(Snapshot(estate_of(API), made, {API.id: verdict}))

    def hours(self, shard: Shard, start: int, end: int) -> Iterator[Frame]:
        self.reads += 1
        return self.store.hours(shard, start, end)

    def frames(self, shard: Shard, start: int, end: int) -> Iterator[Frame]:
        self.reads += 1
        return self.store.frames(shard, start, end)

    def plain(self) -> bytes:
        """From a history that has nothing in memory."""
        (verdict,) = self.rig.verdicts()
        return hours.rendered(API, verdict, StoredHistory(self.store, self.place).hours(API.id))


def test_an_answer_from_memory_is_the_plainly_read_one_at_every_tick_and_late_minutes_show() -> None:
    source, late = MemorySource(lost={START - 77}), START + 90
    traffic(source, range(START - 4 * 1440, START + 200), total=97, bad=0)
    for ago in (1, 59, 61, 119, 130):
        traffic(source, [late - ago], total=97, bad=ago, seen_from=late)
    shown, changes = Rigged(source), 0
    for at in [*range(START + 1, START + 4), *range(late - 3, late + 4), START + 181]:
        before = shown.site.get(PATH)
        shown.rig.poll(at)
        shown.show()
        after = shown.site.get(PATH)
        assert after.content == shown.plain()
        assert after.json()["remaining_ratio"][-1] == shown.rig.verdicts()[0].remaining.__float__()  # type: ignore[union-attr]
        changes += before.headers["etag"] != after.headers["etag"]
    assert changes == 11


def test_within_a_tick_nothing_is_read_again() -> None:
    source = MemorySource()
    traffic(source, range(START - 4 * 1440, START + 5))
    shown = Rigged(source)
    first, reads = shown.site.get(PATH), shown.reads

    again = shown.site.get(PATH, if_none_match=first.headers["etag"])

    assert (again.status_code, shown.reads) == (304, reads)


def test_columns_tell_every_hour_of_the_window_and_null_where_nothing_was_measured() -> None:
    source = MemorySource()
    traffic(source, [*range(START - 4320, START - 300), *range(START - 180, START + 30)], total=50)
    shown = Rigged(source)
    shown.rig.poll(START + 30)
    shown.show()

    body = shown.site.get(PATH).json()

    columns = ("times", "good", "total", "sli", "remaining_ratio")
    assert {len(body[name]) for name in columns} == {73}
    assert parse_minute(body["times"][0]) == START - 4320
    assert (body["total"][0], body["total"][-1]) == (30 * 50, 30 * 50)
    gap = [n for n, total in enumerate(body["total"]) if total is None]
    assert [parse_minute(body["times"][n]) for n in gap] == [START - 300, START - 240]
    assert [body["sli"][n] for n in gap] == [None, None]
    assert set(body["remaining_ratio"]) == {1.0}
    assert (body["name"], body["step"], body["window"], body["at"]) == (API.id, "1h", "3d", body["at"])


def test_before_the_first_verdict_the_columns_are_empty(site: picture.Site) -> None:
    body = site.get("/api/v1/slos/batch.runs/history").json()
    assert (body["at"], body["times"], body["remaining_ratio"]) == (None, [], [])


def test_without_events_what_is_left_is_unknown() -> None:
    verdict = verdict_of(Counts(0, 0, 120), "0.99")
    columns = Columns(START - 120, 60, np.array([[0, 0], [0, 0], [60, 60]]))
    found = orjson.loads(hours.rendered(verdict.objective, verdict, columns))
    assert (found["total"], found["sli"], found["remaining_ratio"]) == ([0, 0], [None, None], [None, None])
    assert orjson.loads(hours.rendered(verdict.objective, None, NO_COLUMNS))["good"] == []


def test_an_unknown_objective_has_no_history(site: picture.Site) -> None:
    answer = site.get("/api/v1/slos/none/history")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


class Refusing(picture.Recorded):
    def is_at_hand(self, objective_id: str) -> bool:
        return objective_id == ""

    def hours(self, objective_id: str) -> Columns:
        raise StoreError(f"locked reading {objective_id}")


@pytest.mark.parametrize("name", ["api.availability", "web.latency"])
def test_a_store_that_refuses_the_history_is_a_503_problem(name: str) -> None:
    answer = picture.site(picture.shared()[0], Refusing({})).get(f"/api/v1/slos/{name}/history")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_it_is_described(site: picture.Site) -> None:
    described = site.get("/openapi.json").json()["paths"]["/api/v1/slos/{objective_id}/history"]["get"]
    assert set(described["responses"]) == {"200", "404", "422", "503"}
    assert replace(picture.shared()[0]).mark is not picture.shared()[0].mark
