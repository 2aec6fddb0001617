"""A catalogue file is judged as strictly as an estate, its signals, alarms and panels too."""

from __future__ import annotations

import pytest

from slo.catalog.parse import parse_kind
from slo.errors import SpecError

FAN = """\
kind: fan
title: Fan
layer: compute
resource:
  fan: {role: identity, required: true, about: its id}
  blades: {role: related, form: list, about: its blades}
indicators: {}
objectives: []
no_objective: it only turns
signals:
  - namespace: AWS/Fan
    dimensions: {FanId: "{fan}"}
    metrics:
      speed: {title: Speed, unit: count, metric: Speed, stat: Average}
      noise: {title: Noise, unit: percent, metric: Noise, stat: Maximum}
  - namespace: AWS/Fan
    dimensions: {Blade: "{blades}"}
    each: blades
    metrics:
      wear: {title: Wear, unit: percent, metric: Wear, stat: Maximum}
alarms:
  slow:
    signal: speed
    comparison: "<"
    threshold: 5
    period: 60
    datapoints: 3
    periods: 5
    missing: breaching
    severity: page
    reason: it gets hot
    source: ours
panels:
  - {title: Turning, signals: [speed]}
pitfalls: []
"""


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        parse_kind(text.encode(), "fan.yaml")
    return [(p.code, p.path) for p in caught.value.problems]


def test_the_file_itself_is_in_order() -> None:
    kind = parse_kind(FAN.encode())
    assert [signal.name for signal in kind.signals] == ["speed", "noise", "wear"]
    assert [(alarm.name, alarm.threshold, alarm.datapoints, alarm.periods) for alarm in kind.alarms] == [("slow", "5", 3, 5)]
    assert kind.no_objective == "it only turns"


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("unit: count", "unit: rpm", "unknown_value", "signals[0].metrics.speed.unit"),
        ("stat: Average}", "stat: Average, color: red}", "unknown_field", "signals[0].metrics.speed.color"),
        (", stat: Average}", "}", "missing_field", "signals[0].metrics.speed.stat"),
        ("{fan}", "{fam}", "unknown_resource", "signals[0].metrics.speed"),
        ("      noise:", "      Noise:", "bad_name", "signals[0].metrics.Noise"),
        ("      noise:", f"      {'n' * 41}:", "too_long", f"signals[0].metrics.{'n' * 41}"),
        ("      wear:", "      speed:", "duplicate_name", "signals[1].metrics.speed"),
        ("    each: blades\n", "", "bad_resource", "signals[1].metrics.wear"),
        ("each: blades", "each: fan", "unknown_value", "signals[1].each"),
        ("    dimensions: {FanId", "    dimension: {FanId", "unknown_field", "signals[0].dimension"),
        ("signal: speed", "signal: sped", "unknown_value", "alarms.slow.signal"),
        ("signal: speed", "signals: {m1: speed, m2: noise}", "missing_field", "alarms.slow"),
        ("signal: speed", "signals: {m1: speed, m2: wear}\n    expression: m1 + m2", "mixed_lists", "alarms.slow"),
        ("    signal: speed\n", "", "missing_field", "alarms.slow"),
        ('comparison: "<"', 'comparison: "=="', "unknown_value", "alarms.slow.comparison"),
        ("threshold: 5", "threshold: few", "wrong_type", "alarms.slow.threshold"),
        ("threshold: 5", 'threshold: "{fewest}"', "unknown_resource", "alarms.slow"),
        ("datapoints: 3", "datapoints: 6", "bad_window", "alarms.slow"),
        ("period: 60", "period: 90", "bad_window", "alarms.slow"),
        ("period: 60", "period: 172800", "bad_window", "alarms.slow"),
        ("missing: breaching", "missing: bad", "unknown_value", "alarms.slow.missing"),
        ("severity: page", "severity: shout", "unknown_value", "alarms.slow.severity"),
        ("    reason: it gets hot\n", "", "missing_field", "alarms.slow.reason"),
        ("    source: ours\n", "", "missing_field", "alarms.slow.source"),
        ("  slow:", "  Slow:", "bad_name", "alarms.Slow"),
        ("signals: [speed]", "signals: [speed, noise]", "mixed_units", "panels[0]"),
        ("signals: [speed]", "signals: [pitch]", "unknown_value", "panels[0].signals[0]"),
        ("{title: Turning, ", "{", "missing_field", "panels[0].title"),
    ],
)
def test_a_bad_part_is_named(old: str, new: str, code: str, path: str) -> None:
    assert old in FAN
    assert (code, path) in problems(FAN.replace(old, new, 1))


def test_periods_of_an_hour_and_more_may_span_a_week() -> None:
    [alarm] = parse_kind(FAN.replace("period: 60", "period: 86400").encode()).alarms
    assert (alarm.period, alarm.periods) == (86400, 5)
