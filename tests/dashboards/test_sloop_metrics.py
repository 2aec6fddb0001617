from __future__ import annotations

from typing import get_args

from dashboards import sloop_metrics
from dashboards.sloop_metrics import ALL, STATES, burn, series
from slo.judge.verdict import State


def test_one_objective_is_named_and_many_are_a_pattern() -> None:
    assert series("sloop_burn_rate", "api.latency", window="1h") == (
        'sloop_burn_rate{job=~"$job",slo="api.latency",window="1h"}'
    )
    assert series("sloop_burn_rate", ALL) == 'sloop_burn_rate{job=~"$job",slo=~"$slo"}'
    assert series("sloop_snapshot_age_seconds") == 'sloop_snapshot_age_seconds{job=~"$job"}'


def test_every_state_of_an_objective_has_exactly_one_number() -> None:
    named = [name for _, _, _, names in STATES for name in names.split("|")]
    assert sorted(named) == sorted(get_args(State))
    assert [number for number, *_ in STATES] == list(range(len(STATES)))


def test_a_replica_that_tells_the_same_is_not_counted_twice() -> None:
    assert burn("api.latency", "1h").expression.startswith("max by (slo) (")


def test_a_legend_names_the_label_it_is_grouped_by() -> None:
    assert sloop_metrics.gauge("sloop_evaluation_lag_seconds", "source").legend == "{{source}}"
    assert sloop_metrics.rate("sloop_notifications_total", "severity, outcome").legend == "{{severity}} {{outcome}}"
