from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from alerts.backtest import Terms
from alerts.incidents import Incident
from alerts.trial import DECLARED, attempt, compare, effect
from alerts.trial_document import extras
from slo.estate.spec import RuleSpec
from slo.judge.series import Slices
from slo.units import format_minute
from tests.support.objectives import estate_of, objective

START = 29_000_000
FAST = RuleSpec("page", None, 10, 2, factor=Decimal(10))
QUIET = replace(FAST, min_bad=20)
API = replace(objective(target="0.99"), policy=(QUIET,))
ESTATE = estate_of(API)
LOUD, SMALL = Incident(START + 100, START + 110, None, "loud"), Incident(START + 300, START + 305, None, "small")


def slices() -> dict[str, Slices]:
    """10 events a minute; all bad in the loud incident, one of them in two minutes of the small one."""
    bad = {START + n: 10 for n in range(100, 110)} | {START + n: 6 for n in range(300, 302)}
    rows = [(START + n, 10, bad.get(START + n, 0)) for n in range(500)]
    return {API.indicator_id: Slices.of(rows)}


def test_policies_are_tried_side_by_side_on_every_objective() -> None:
    lazy = (replace(FAST, factor=Decimal(90)),)
    trials = compare(
        ESTATE, slices(), Terms(), {"plain": (FAST,), "lazy": lazy, "tickets": (replace(FAST, severity="ticket"),)}
    )
    assert [(t.name, len(t.pages), len(t.tickets), t.score) for t in trials] == [
        ("plain", 2, 0, None),
        ("lazy", 1, 0, None),
        ("tickets", 0, 2, None),
    ]
    assert [t.spent_first for t in trials] == [Fraction(10, 1010) * 100, Fraction(90, 1090) * 100, None]


def test_demands_for_enough_traffic_avoid_pages_and_lose_detections() -> None:
    incidents = (LOUD, SMALL)
    trial = attempt(DECLARED, ESTATE, slices(), Terms(), incidents)
    found = effect(trial, ESTATE, slices(), incidents)
    assert found is not None
    assert (len(found.trial.pages), len(found.without.pages)) == (1, 2)
    assert [page.fired_at - START for page in found.avoided] == [302]
    assert found.lost == (SMALL,)


def test_without_incidents_nobody_knows_what_was_lost() -> None:
    found = effect(attempt(DECLARED, ESTATE, slices(), Terms()), ESTATE, slices())
    assert found is not None
    assert found.lost is None
    assert "detections_lost" not in extras(None, [], [found])["low_traffic"][0]


def test_a_page_that_only_opens_later_is_not_avoided() -> None:
    late = replace(
        ESTATE, components=(replace(ESTATE.components[0], objectives=(replace(API, policy=(replace(FAST, min_bad=50),)),)),)
    )
    found = effect(attempt(DECLARED, late, slices(), Terms(end=START + 200)), late, slices())
    assert found is not None
    assert [page.fired_at - START for page in (*found.trial.pages, *found.without.pages)] == [105, 101]
    assert found.avoided == ()


def test_rules_that_ask_for_burn_rates_alone_have_no_such_effect() -> None:
    plain = compare(ESTATE, slices(), Terms(), {"plain": (FAST,)})[0]
    assert effect(plain, ESTATE, slices()) is None


def test_nothing_stands_beside_the_pages_unless_it_was_asked_for() -> None:
    assert extras(None, [], []) == {}


def test_what_was_asked_for_stands_beside_the_pages() -> None:
    incidents = (LOUD, SMALL, Incident(START + 9000, START + 9001))
    trials = compare(ESTATE, slices(), Terms(), {"quiet": (QUIET,)}, incidents)
    found = effect(trials[0], ESTATE, slices(), incidents)
    assert found is not None
    told = extras(trials[0].score, trials, [found])
    assert [(i["name"], i["outcome"], i["minutes_to_detect"]) for i in told["incidents"]["items"]] == [
        ("loud", "detected", 2),
        ("small", "missed", None),
        (None, "not_judged", None),
    ]
    assert told["incidents"]["items"][0]["page"]["rule"] == {"long": "10m", "short": "2m", "factor": 10.0}
    assert told["incidents"]["totals"] == {
        "pages": 1,
        "detected": 1,
        "missed": 1,
        "false": 0,
        "median_minutes_to_detect": 2.0,
        "not_judged": 1,
        "precision": 1.0,
        "recall": 0.5,
        "worst_minutes_to_detect": 2,
    }
    assert told["policies"][0]["policy"] == "quiet"
    assert told["low_traffic"][0]["detections_lost"] == [{"name": "small", "start": format_minute(START + 300)}]
