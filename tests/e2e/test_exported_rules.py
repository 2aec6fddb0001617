"""The exported rules in a real Prometheus against `sloop backtest`, minute by minute.

promtool evaluates the whole group, alerts with it, on the minute, which is the instant of a scrape. The server has counters
that were scraped every 15 s, never on the minute, and what the recording rules make of them at the group's own second of the
minute. Nothing evaluates alerts in the past of a server, so there the condition is compared: at which minutes it holds.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest

from app.files import read_catalog
from app.ports import Span
from app.prometheus.source import PrometheusSource
from slo.estate.indicator import Unbound
from slo.judge.burn import budget_of, rules_of
from slo.judge.method import Counted
from slo.judge.replay import Replay
from slo.judge.sli import measure
from tests.support import ruled
from tests.support.prometheus import M0, fill, serving

if TYPE_CHECKING:
    from pathlib import Path

    from slo.estate.spec import Estate, Objective
    from slo.judge.series import Bools, Slices
    from tests.support.ruled import Alert, History

pytestmark = pytest.mark.needs("prometheus")

LAST = 1500
PAGE, TICKET = ("shop.availability", "page"), ("shop.availability", "ticket")
CAREFUL = ("shop.careful", "ticket")
BREACHES: list[tuple[Alert, int, int | None]] = [
    (TICKET, 401, 1218),
    # Of the 60,000 events of an hour 864 are just enough, the 863 of minute 400 are not.
    (PAGE, 481, 500),
    (PAGE, 561, 606),
    # One failure in an hour of 6 requests. The careful policy asks for 5 before it pages.
    (PAGE, 751, 775),
    (CAREFUL, 751, 775),
    # Minutes 844 to 899 were not measured, and held both open.
    (PAGE, 841, 915),
    (CAREFUL, 841, 915),
    (TICKET, 1270, None),
    (PAGE, 1420, 1470),
]
"""When each fires and resolves, by the back-test."""


def history() -> History:
    found: History = dict.fromkeys(range(LAST), (1000, 0))
    found |= {400: (1000, 863), 480: (1000, 864)}
    found |= dict.fromkeys((560, 561), (1000, 1000))
    found |= dict.fromkeys(range(640, 670), (0, 0))
    found |= {m: (int(m % 10 == 0), int(m == 750)) for m in range(680, 760)}
    found |= dict.fromkeys(range(840, 844), (1000, 1000))
    found |= dict.fromkeys(range(1240, 1440), (1000, 12))
    return {m: counts for m, counts in found.items() if not 844 <= m < 900}


def any_history(seed: int, minutes: int = 600) -> History:
    """Traffic from none to plenty, failures of any share, outages of the measurement, each for up to an hour."""
    chance = Random(seed)
    found: History = {}
    while len(found) < minutes:
        most, share = chance.choice((0, 1, 10, 1000)), chance.choice((0, 0, 0, 0.002, 0.02, 0.2, 1))
        start = max(found) + 1 + chance.choice((0, 0, 0, 2, 9, 40)) if found else 0
        for minute in range(start, start + chance.randint(1, 60)):
            total = chance.randint(0, most)
            found[minute] = (total, sum(chance.random() < share for _ in range(total)))
    return found


def backtested(estate: Estate, played: History) -> list[tuple[Alert, int, int | None]]:
    return [((b.objective, b.severity), b.fired_at, b.resolved_at) for b in ruled.played(estate, played)]


def firing(spans: list[tuple[Alert, int, int | None]], last: int) -> dict[int, set[Alert]]:
    """T from 0 on -> the alerts that fire at it."""
    found: dict[int, set[Alert]] = {at: set() for at in range(last + 1)}
    for alert, fired, resolved in spans:
        for at in range(fired, last + 1 if resolved is None else resolved):
            found[at].add(alert)
    return found


def readings(objective: Objective, slices: Slices, severity: str, last: int) -> tuple[Bools, Bools]:
    """At each T from 0 on: whether a rule of this severity fires, and whether one is blind."""
    rules = [rule for rule in rules_of(objective) if rule.severity == severity]
    past = Replay.of(Counted.of(slices, objective.budgeting, last), rules, 0, last)
    fires = np.any([past.firing(rule, budget_of(objective)) for rule in rules], axis=0)
    return fires, np.any([past.blind(rule) for rule in rules], axis=0)


def counted_anew(estate: Estate, played: History) -> list[tuple[Alert, int, int | None]]:
    """The back-test, if an outage of the measurement began the quiet minutes anew, as `keep_firing_for` does."""
    found: list[tuple[Alert, int, int | None]] = []
    last = max(played) + 1
    for objective in estate.objectives:
        for severity in dict.fromkeys(rule.severity for rule in objective.policy):
            fired, quiet = None, 0
            fires, blind = readings(objective, ruled.slices_of(played), severity, last)
            for at in range(last + 1):
                quiet = 0 if fires[at] or blind[at] else quiet + 1
                if fires[at] and fired is None:
                    fired = at
                elif fired is not None and quiet == 15:
                    found.append(((objective.id, severity), fired, at))
                    fired = None
            if fired is not None:
                found.append(((objective.id, severity), fired, None))
    return sorted(found, key=lambda span: (span[1], span[0]))


def test_promtool_fires_and_resolves_at_the_minutes_of_the_backtest(tmp_path: Path) -> None:
    estate = ruled.estate_of()
    ruled.write_rules(tmp_path, estate)
    assert backtested(estate, history()) == BREACHES
    ruled.run_unit_test(tmp_path, history(), firing(BREACHES, LAST))


@pytest.mark.parametrize("seed", [1, 4])
def test_promtool_does_so_in_any_history_but_for_the_quiet_minutes_before_an_outage(tmp_path: Path, seed: int) -> None:
    estate, played = ruled.estate_of(), any_history(seed)
    ruled.write_rules(tmp_path, estate)
    ours, theirs = backtested(estate, played), counted_anew(estate, played)
    assert [span[:2] for span in ours] == [span[:2] for span in theirs]
    late = [0 if end is None or ends is None else ends - end for (*_, end), (*_, ends) in zip(ours, theirs, strict=True)]
    assert all(0 <= minutes <= 14 for minutes in late)
    ruled.run_unit_test(tmp_path, played, firing(theirs, max(played) + 1))


def test_an_alert_resolves_later_by_the_quiet_minutes_that_came_before_an_outage_of_the_measurement(tmp_path: Path) -> None:
    estate = ruled.estate_of()
    ruled.write_rules(tmp_path, estate)
    played: History = {m: (1000, 1000 if m in (100, 101) else 0) for m in range(260) if not 135 <= m < 200}
    # T = 132 to 139 are quiet, the 5 minutes before T = 140 to 200 have nothing measured, and T = 201 to 207 are the other 7.
    assert [span for span in backtested(estate, played) if span[0] == PAGE] == [(PAGE, 101, 207)]
    assert [span for span in counted_anew(estate, played) if span[0] == PAGE] == [(PAGE, 101, 215)]
    ruled.run_unit_test(tmp_path, played, firing(counted_anew(estate, played), 260))


def held(estate: Estate, minutes: int) -> Estate:
    """With the first rule of the first objective only, and a hold on it, which no estate file can say."""
    (shop,) = estate.components
    first = shop.objectives[0]
    policy = (replace(first.policy[0], hold=minutes),)
    return replace(estate, components=(replace(shop, objectives=(replace(first, policy=policy),)),))


def test_what_fires_already_is_not_held_again(tmp_path: Path) -> None:
    estate = held(ruled.estate_of(), 5)
    ruled.write_rules(tmp_path, estate)
    # The second failure burns for 5 readings, T = 119 to 123, where a hold of 5 minutes needs 6.
    failing = {**dict.fromkeys(range(100, 110), 1000), 118: 300}
    played: History = {m: (1000, failing.get(m, 0)) for m in range(200)}
    assert backtested(estate, played) == [(PAGE, 106, 129)]
    fires, _ = readings(held(estate, 0).objectives[0], ruled.slices_of(played), "page", 200)
    assert np.flatnonzero(fires).tolist() == [*range(101, 115), *range(119, 124)]
    ruled.run_unit_test(tmp_path, played, firing([(PAGE, 106, 138)], 200))


def test_a_live_server_holds_the_condition_at_the_minutes_at_which_the_rules_fire(tmp_path: Path) -> None:
    estate = ruled.estate_of()
    group = ruled.write_rules(tmp_path, estate)
    fill(tmp_path, ruled.scraped(history(), M0))
    ruled.backfill(tmp_path, group, M0, M0 + LAST + 1)
    with serving(tmp_path, *ruled.FROM_MINUTE_TO_MINUTE) as url, httpx.Client(trust_env=False) as client:
        slices = read_slices(client, url, estate, LAST)
        assert rows(slices) == rows(ruled.slices_of(history()))
        second = ruled.second_of(client, url, M0)
        assert 0 < second < 60, "neither on the minute"
        assert second % 15 != ruled.SCRAPES[0], "nor at a scrape"
        for rule in (rule for rule in group["rules"] if "alert" in rule):
            objective = next(o for o in estate.objectives if o.id == rule["labels"]["objective"])
            fires, _ = readings(objective, slices, rule["labels"]["severity"], LAST)
            found = ruled.minutes_of(client, url, rule["expr"], (M0 + 1, M0 + LAST), second)
            assert [at - M0 for at in found] == np.flatnonzero(fires).tolist(), rule["labels"]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_live_server_records_what_the_service_reads_of_resets_births_and_failed_scrapes(tmp_path: Path, seed: int) -> None:
    estate = ruled.estate_of(ruled.ESTATE.replace('code="500"}\'}', 'code="500"}\', proof: \'up{job="shop"}\'}'))
    group = ruled.write_rules(tmp_path, estate)
    fill(tmp_path, ruled.restless(seed, 240, M0))
    ruled.backfill(tmp_path, group, M0, M0 + 241)
    with serving(tmp_path, *ruled.FROM_MINUTE_TO_MINUTE) as url, httpx.Client(trust_env=False) as client:
        total, bad = (ruled.recorded(client, url, f"sloop:sli_{part}:increase1m", M0 + 241) for part in ("total", "bad"))
        # What is recorded after T is the minute before it.
        told = [(at - 1 - M0, total[at], bad[at]) for at in total if M0 < at <= M0 + 240]
        read = rows(read_slices(client, url, estate, 240))
    assert told == read
    assert total.keys() == bad.keys()
    assert 0 < sum(events == 0 for _, events, _ in read) < len(read) < 240


def read_slices(client: httpx.Client, url: str, estate: Estate, last: int) -> Slices:
    """As the service reads them from this very server; minute 0 is M0."""
    indicator = read_catalog().measure(estate.component("shop"), estate.objectives[0], None)
    assert not isinstance(indicator, Unbound)
    span = Span(M0, M0 + last)
    found = measure(indicator, PrometheusSource(url, client=client).fetch(indicator.queries, span), span.start, span.end)
    assert found.quarantined == 0
    return replace(found.slices, minutes=found.slices.minutes - M0)


def rows(slices: Slices) -> list[tuple[int, int, int]]:
    return list(zip(slices.minutes.tolist(), slices.total.tolist(), slices.bad.tolist(), strict=True))
