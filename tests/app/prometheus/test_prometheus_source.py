"""PrometheusSource against a real Prometheus and against the simulator's stub of it."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from app.ports import Span
from app.prometheus.source import PrometheusSource
from app.simulator.clock import ManualClock
from app.simulator.model import DemoModel
from slo.errors import SourceError
from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, Proof
from slo.judge.answer import Failed
from slo.judge.sli import measure
from tests.support.prometheus import M0, Samples, fetched, holding, minutes_of, scraping_itself
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slo.judge.series import Slices

LOOKBACK = 5
DAYS = 8 * 1440 + 300
REAL = pytest.mark.needs("prometheus")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as made:
        yield made


def marks(values: Mapping[int, float]) -> dict[int, float]:
    """Minutes after M0 -> samples at those very marks."""
    return {(M0 + minute) * 60: value for minute, value in values.items()}


def scraped(rng: Random, minutes: int, *, reset: float) -> dict[int, float]:
    """A counter read every 15 s, 7 s past the quarter, that starts again from 0 now and then."""
    value = 0
    found: dict[int, float] = {}
    for second in range(-53, minutes * 60, 15):
        value = 0 if rng.random() < reset else value
        value += rng.randrange(40)
        found[M0 * 60 + second] = value
    return found


def stories() -> Samples:
    """Every story is a job of its own."""
    samples, rng = Samples(), Random(7)
    for instance in ("a", "b"):
        for code in ("200", "500"):
            labels = {"job": "busy", "instance": instance, "code": code}
            samples.add("hits_total", labels, scraped(rng, 180, reset=0.02), "unknown")
        samples.add("up", {"job": "busy", "instance": instance}, marks(dict.fromkeys(range(-1, 180), 1)))
    tell(samples, "reset", {"a": {0: 10, 1: 20, 2: 5, 3: 5}}, {"a": dict.fromkeys(range(4), 1)})
    tell(samples, "born", {"a": {3: 7, 4: 9}}, {"a": dict.fromkeys(range(5), 1)})
    tell(samples, "unborn", {"a": {3: 7, 4: 9}}, {"a": {3: 1, 4: 1}, "other": dict.fromkeys(range(5), 1)})
    tell(samples, "down", {"a": {3: 7, 4: 9}}, {"a": {0: 1, 1: 1, 2: 0, 3: 1, 4: 1}})
    tell(samples, "vanished", {"a": {0: 1, 1: 4}}, {"a": {0: 1, 1: 1}})
    tell(samples, "replaced", {"old": {0: 50, 1: 60}, "new": {2: 3, 3: 9}}, {"old": {0: 1, 1: 1}, "new": {2: 1, 3: 1}})
    tell(samples, "gap", {"a": {0: 10, 1: 13, 9: 90, 10: 94}}, {"a": {0: 1, 1: 1, 9: 1, 10: 1}})
    tell(samples, "odd", {"a": {0: 1, 1: math.nan, 2: 5, 3: 6}, "b": {0: 1, 1: math.inf, 2: math.inf, 3: 2}}, {})
    tell(samples, "idle", {}, {"a": {0: 1, 1: 1, 2: 0, 3: 0, 4: 1, 5: 1}, "b": {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 0}})
    tell(samples, "long", {"a": {m: 3 * m % 100_000 for m in range(DAYS)}}, {})
    return samples


def tell(samples: Samples, job: str, hits: Mapping[str, Mapping[int, float]], up: Mapping[str, Mapping[int, float]]) -> None:
    for name, instances in (("hits_total", hits), ("up", up)):
        for instance, values in instances.items():
            samples.add(name, {"job": job, "instance": instance}, marks(values))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with holding(tmp_path_factory.mktemp("prometheus"), stories()) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Place:
    """A server with counters of two codes and their proof, and the minutes in which they move."""

    url: str
    total: CounterQuery
    bad: CounterQuery
    alive: GaugeQuery
    span: Span


@pytest.fixture(scope="module", params=[pytest.param("real", marks=REAL), "stub"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "real":
        yield place_of(request.getfixturevalue("real"), "hits_total", "busy", Span(M0, M0 + 179))
        return
    with serving(Starlette(routes=DemoModel(3).routes(ManualClock((M0 + 180) * 60.0)))) as url:
        yield place_of(f"{url}/prometheus", "orders_requests_total", "orders", Span(M0, M0 + 179))


def place_of(url: str, name: str, job: str, span: Span) -> Place:
    up = f'up{{job="{job}"}}'
    total, bad = f'{name}{{job="{job}"}}', f'{name}{{job="{job}",code=~"5.."}}'
    return Place(url, CounterQuery(total, up), CounterQuery(bad, up), GaugeQuery(up), span)


def at_marks(client: httpx.Client, url: str, selector: str, span: Span) -> dict[str, dict[int, int]]:
    """Labels -> mark -> raw counter, each mark asked for on its own."""
    found: dict[str, dict[int, int]] = {}
    for mark in range(span.start, span.end + 1):
        answer = client.get(f"{url}/api/v1/query", params={"query": selector, "time": str(mark * 60)}).json()
        for result in answer["data"]["result"]:
            found.setdefault(json.dumps(result["metric"], sort_keys=True), {})[mark] = int(result["value"][1])
    return found


def by_hand(raw: dict[str, dict[int, int]], span: Span) -> dict[int, int]:
    """Events per minute, from the definition: after - before, or after where the counter fell."""
    sums: dict[int, int] = {}
    for values in raw.values():
        for minute in range(span.start, span.end):
            if minute in values and minute + 1 in values:
                before, after = values[minute], values[minute + 1]
                sums[minute] = sums.get(minute, 0) + (after - before if after >= before else after)
    return sums


def test_good_and_total_of_every_minute_are_differences_of_the_raw_counters_at_its_two_marks(
    place: Place, client: httpx.Client
) -> None:
    indicator = EventRatio((place.total,), bad=(place.bad,), proof=Proof(place.alive, Decimal(1)))
    answers = PrometheusSource(place.url, client=client).fetch(indicator.queries, place.span)
    found = measure(indicator, answers, place.span.start, place.span.end)
    total, bad = (by_hand(at_marks(client, place.url, q.selector, place.span), place.span) for q in (place.total, place.bad))
    assert (found.failure, found.quarantined) == (None, 0)
    assert found.slices.minutes.tolist() == list(range(place.span.start, place.span.end)) == sorted(total)
    assert found.slices.total.tolist() == list(total.values())
    assert found.slices.bad.tolist() == [bad[m] for m in total]
    assert found.slices.total.sum() > 1000


def test_a_selector_that_nothing_matches_is_an_empty_series(place: Place, client: httpx.Client) -> None:
    assert minutes_of(fetched(client, place.url, CounterQuery("nothing_total"), place.span)) == {}
    assert minutes_of(fetched(client, place.url, GaugeQuery("nothing"), place.span)) == {}


def test_a_bad_selector_fails_alone_and_says_where_and_why(place: Place, client: httpx.Client) -> None:
    broken = CounterQuery('hits_total{job=~"("}')
    answers = PrometheusSource(place.url, client=client).fetch([broken, place.total], place.span)
    failed = answers[broken]
    assert isinstance(failed, Failed)
    assert failed.message.startswith(f"Prometheus {place.url}/api/v1/query_range {broken.selector}: HTTP 400: ")
    assert "\n" not in failed.message
    assert len(minutes_of(answers[place.total])) == 179


def test_when_every_selector_is_bad_the_source_says_that_trying_again_is_no_use(place: Place, client: httpx.Client) -> None:
    with pytest.raises(SourceError, match="HTTP 400") as caught:
        fetched(client, place.url, GaugeQuery("hits_total{"), place.span)
    assert not caught.value.retryable


def test_more_minutes_than_one_answer_may_hold_are_read_in_several(place: Place, client: httpx.Client) -> None:
    wide = Span(place.span.start - 11_500, place.span.end)
    form = {"query": "up", "start": str(wide.start * 60), "end": str(wide.end * 60), "step": "60"}
    assert client.post(f"{place.url}/api/v1/query_range", data=form).status_code == 400
    narrow = minutes_of(fetched(client, place.url, place.total, place.span))
    found = minutes_of(fetched(client, place.url, place.total, wide))
    assert narrow.items() <= found.items()


def story(real: str, client: httpx.Client, job: str, *, alive: bool = True, last: int = 4) -> dict[int, float]:
    query = CounterQuery(f'hits_total{{job="{job}"}}', f'up{{job="{job}"}}' if alive else None)
    return minutes_of(fetched(client, real, query, Span(M0, M0 + last)))


@REAL
def test_f21_a_counter_that_fell_was_reset_and_counts_from_zero(real: str, client: httpx.Client) -> None:
    assert story(real, client, "reset", last=3) == {0: 10, 1: 5, 2: 0}


@REAL
def test_a_new_series_of_a_process_that_was_alive_counts_its_first_value(real: str, client: httpx.Client) -> None:
    assert story(real, client, "born") == {2: 7, 3: 2}


@REAL
@pytest.mark.parametrize(("job", "alive"), [("born", False), ("unborn", True), ("down", True)])
def test_without_proof_of_its_own_process_the_first_value_is_only_a_baseline(
    real: str, client: httpx.Client, job: str, alive: bool
) -> None:
    assert story(real, client, job, alive=alive) == {3: 2}


@REAL
def test_a_series_that_ends_without_a_stale_marker_reads_unchanged_for_5_minutes_and_is_missing_then(
    real: str, client: httpx.Client
) -> None:
    found = story(real, client, "vanished", last=20)
    assert found == {0: 3, **dict.fromkeys(range(1, 1 + LOOKBACK), 0.0)} or found == {
        0: 3,
        **dict.fromkeys(range(1, LOOKBACK), 0.0),
    }


@REAL
def test_f21_an_instance_that_is_replaced_hands_over_without_a_jump(real: str, client: httpx.Client) -> None:
    found = story(real, client, "replaced", last=3)
    assert found == {0: 10, 1: 0, 2: 6}  # minute 1: the old one reads unchanged, the new one has only a baseline


@REAL
def test_f21_the_first_minute_after_a_gap_is_missing_and_never_the_whole_counter(real: str, client: httpx.Client) -> None:
    found = story(real, client, "gap", last=10)
    assert {m: v for m, v in found.items() if v} == {0: 3, 9: 4}
    assert 8 not in found


@REAL
def test_f19_a_value_that_is_no_number_or_infinite_is_no_mark(real: str, client: httpx.Client) -> None:
    query = CounterQuery('hits_total{job="odd",instance="a"}')
    assert minutes_of(fetched(client, real, query, Span(M0, M0 + 3))) == {2: 1}
    both = CounterQuery('hits_total{job="odd"}')
    indicator = EventRatio((both,), bad=(both,))
    found = measure(indicator, PrometheusSource(real, client=client).fetch([both], Span(M0, M0 + 3)), M0, M0 + 3)
    assert (found.slices.minutes - M0).tolist() == [2]
    assert (found.slices.total.tolist(), found.quarantined) == ([1], 0)


@REAL
def test_proof_of_life_is_a_process_that_was_up_at_both_ends_of_the_minute(real: str, client: httpx.Client) -> None:
    found = minutes_of(fetched(client, real, GaugeQuery('up{job="idle"}'), Span(M0, M0 + 5)))
    assert found == {0: 1, 1: 0, 2: 0, 3: 1, 4: 1}


@REAL
def test_nothing_is_lost_or_doubled_where_one_answer_ends_and_the_next_begins(real: str, client: httpx.Client) -> None:
    found = story(real, client, "long", alive=False, last=DAYS - 1)
    assert list(found) == list(range(DAYS - 1))
    assert set(found.values()) == {3.0}


def slices_now(url: str, client: httpx.Client, indicator: EventRatio, span: Span) -> Slices:
    found = measure(indicator, PrometheusSource(url, client=client).fetch(indicator.queries, span), span.start, span.end)
    assert (found.failure, found.quarantined) == (None, 0)
    return found.slices


@REAL
def test_requests_to_a_living_prometheus_are_counted_exactly_in_the_minute_they_came(
    tmp_path: Any, client: httpx.Client
) -> None:
    own = 'prometheus_http_requests_total{handler="/api/v1/query"'
    up = 'up{job="prometheus"}'
    indicator = EventRatio(
        (CounterQuery(f"{own}}}", up),), bad=(CounterQuery(f'{own},code="400"}}', up),), proof=Proof(GaugeQuery(up), Decimal(1))
    )

    def ask(good: int, bad: int) -> None:
        statuses = [client.get(f"{url}/api/v1/query", params={"query": q}).status_code for q in [*["1"] * good, *["("] * bad]]
        assert statuses == [200] * good + [400] * bad

    with scraping_itself(tmp_path) as url:
        time.sleep(2.5)
        ask(2, 0)
        if time.time() % 60 > 56:
            sleep_until_mark()
        first = sleep_until_mark()
        ask(7, 3)  # no request was bad before: the counter of 400s is born in this minute
        assert sleep_until_mark() == first + 1
        found = slices_now(url, client, indicator, Span(first, first + 1))
        assert (found.minutes.tolist(), found.total.tolist(), found.bad.tolist()) == ([first], [10], [3])
        for query, expected in ((f"sum({own}}})", 10), (f"sum({own},code='400'}})", 3)):
            (raw,) = at_marks(client, url, query, Span(first, first + 1)).values()
            assert raw[first + 1] - raw.get(first, 0) == expected


def sleep_until_mark() -> int:
    """The minute that began 1.5 s ago: by then its mark has been scraped."""
    now = time.time()
    mark = int(now // 60) + 1
    time.sleep(mark * 60 + 1.5 - now)
    return mark


def test_the_whole_interval_is_one_span_and_nothing_is_none() -> None:
    source = PrometheusSource("http://127.0.0.1:1")
    assert source.spans(M0, M0 + 100_000, M0 + 200_000) == (Span(M0, M0 + 100_000),)
    assert source.spans(M0, M0, M0) == ()


def test_the_oracle_of_these_tests_counts_resets_as_the_definition_says() -> None:
    raw = {"a": dict(enumerate([1, 4, 2, 2])), "b": {1: 5, 2: 6}}
    assert by_hand(raw, Span(0, 3)) == {0: 3, 1: 3, 2: 0}
