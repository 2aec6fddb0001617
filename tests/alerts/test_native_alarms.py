from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alarm_model import composite_alarm, metric_alarm
from alerts.alarm_steps import Alarm, Standing, step
from alerts.backtest import Terms, play
from alerts.desired import wanted_alarms
from alerts.evaluate import compute, periods
from alerts.naming import heartbeat_key
from alerts.native import fed, forms
from alerts.native_differences import CAUSES, Kind
from alerts.native_document import native as document
from alerts.native_trial import NativeTrial, native_trial
from slo.judge.series import Slices
from slo.units import format_minute
from tests.support.estates import CATALOG, loaded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.native import Form
    from slo.estate.spec import Estate
    from slo.resource import Resource

ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: small}
accounts:
  main: {id: "111122223333", region: us-east-1}
policies:
  quick:
    - {severity: page, factor: 4, long: 10m, short: 3m}
    - {severity: page, factor: 2, long: 30m, short: 10m}
components:
  - name: edge
    kind: alb
    tier: 1
    resource: {load_balancer: app/demo/50dc6c495c0c9188, target_group: targetgroup/demo-web/73e2d6bc24d8a067}
    objectives:
      - {indicator: availability, target: 90%, window: 7d, policy: quick}
  - name: database
    kind: rds
    tier: 1
    resource: {instance: demo-pg}
    objectives:
      - {indicator: availability, target: 90%, window: 7d, policy: quick}
  - name: cdn
    kind: cloudfront
    tier: 1
    resource: {distribution: E2DEMO0EXAMPLE}
    objectives:
      - {indicator: availability, target: 90%, window: 7d, policy: quick}
  - name: backups
    kind: s3
    tier: 3
    resource: {bucket: demo, filter: EntireBucket}
    objectives:
      - {indicator: availability, target: 90%, window: 7d, policy: quick}
"""
START = 29_922_481
ALL = ("edge.availability", "database.availability", "cdn.availability", "backups.availability")


@cache
def declared(more: str = "", target: str = "90%") -> tuple[Estate, tuple[Resource, ...]]:
    estate = loaded(ESTATE.replace("90%", target) + more)
    return estate, wanted_alarms(estate, CATALOG).resources


def tried(slices: Mapping[str, Slices], more: str = "", terms: Terms | None = None, target: str = "90%") -> NativeTrial:
    estate, resources = declared(more, target)
    return native_trial(estate, CATALOG, resources, play(estate, slices, terms or Terms()), slices)


def rows(*runs: tuple[int, int | None]) -> Slices:
    """Of (minutes, bad of 10); None: not measured. Whole measured minutes of ten requests."""
    bad = [b for length, b in runs for _ in range(length)]
    return Slices.of((START + n, 10, b) for n, b in enumerate(bad) if b is not None)


def causes(trial: NativeTrial) -> list[tuple[str, str]]:
    return [(d.kind, d.cause) for one in trial.compared for e in one.episodes for d in e.differences]


calm = st.tuples(st.integers(1, 40), st.none() | st.integers(0, 10))
stretches = st.lists(calm, min_size=1, max_size=12)


def judged(stretch: Sequence[tuple[int, int | None]], *, slice_of_time: bool) -> Slices:
    if not slice_of_time:
        return rows(*stretch)
    values = [b for length, b in stretch for _ in range(length)]
    return Slices.of((START + n, 1, int(b > 4)) for n, b in enumerate(values) if b is not None)


@given(stretches, st.sampled_from(ALL[:3]))
@settings(deadline=None)
def test_every_difference_has_a_known_cause(stretch: list[tuple[int, int | None]], objective: str) -> None:
    found = tried({objective: judged(stretch, slice_of_time=objective.startswith("database"))})
    told = Counter(cause for _, cause in causes(found))
    assert told["unexplained"] == 0
    assert objective.startswith("cdn") or told["mean_of_percentages"] == 0


@given(
    st.lists(st.integers(1, 400).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total // 2))), min_size=12),
    st.sampled_from(["90%", "97.5%", "99%", "99.9%", "99.93%"]),
)
@settings(deadline=None, max_examples=50)
def test_doubles_and_whole_numbers_agree_whatever_the_target(counts: list[tuple[int, int]], target: str) -> None:
    slices = Slices.of((START + n, total, bad) for n, (total, bad) in enumerate(counts))
    assert "unexplained" not in tried({"edge.availability": slices}, target=target).causes


@given(stretches, st.sampled_from(ALL[:3]))
@settings(deadline=None, max_examples=25)
def test_the_whole_range_at_once_is_the_steps_of_cloudwatch_one_by_one(
    stretch: list[tuple[int, int | None]], objective: str
) -> None:
    slices = judged(stretch, slice_of_time=objective.startswith("database"))
    found = tried({objective: slices})
    estate, resources = declared()
    form = forms(estate, CATALOG, resources)[objective]
    for one in found.compared:
        played = one.native.played
        assert one.native.alarm.tolist() == stepped(form, slices, heartbeat(resources, estate), played.first, played.last)


def heartbeat(resources: Sequence[Resource], estate: Estate) -> Resource:
    return next(r for r in resources if r.name == heartbeat_key(estate.name))


def stepped(form: Form, slices: Slices, beat: Resource, first: int, last: int) -> list[bool]:
    """Of the composite at each T, by the step that the simulator takes; the heartbeat has never been published."""
    feeds = {window.name: fed(metric_alarm(window), form.indicator, slices) for window in form.windows}
    models = {name: alarm for name, (alarm, _) in feeds.items()}
    alive = metric_alarm(beat)
    alarms = {name: Alarm(model) for name, model in {**models, beat.name: alive}.items()}
    alarms[form.above.name] = Alarm(composite_alarm(form.above))
    standings: Mapping[str, Standing] = {}
    states = []
    for at in range(first, last + 1):
        readings: dict[str, list[float | None]] = {beat.name: [None] * len(periods(alive, at))}
        for name, (alarm, inputs) in feeds.items():
            starts = np.array(periods(alarm, at))
            series = {id_: counts.datapoints(starts, alarm.period) for id_, counts in inputs.items()}
            watched = compute(alarm, alarm.returned, series, len(starts))
            readings[name] = [None if v != v else float(v) for v in watched]  # noqa: PLR0124 - only NaN differs from itself
        standings = step(alarms, standings, readings, at * 60).standings
        states.append(standings[form.above.name].state == "ALARM")
    return states


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        # 20 bad minutes: the 30m/10m rule holds on after the fast one, and Sloop then waits for its quiet minutes.
        (((40, 0), (20, 10), (60, 0)), [("ends_earlier", "rule_not_native")]),
        # 4 of 10 minutes are enough for the fast rule, and less than the 6 of 30 that the slow one asks for.
        (((40, 0), (4, 10), (60, 0)), [("ends_earlier", "resolves_at_once")]),
        # 2 x 10 % of 30 minutes at 30 % errors is the slow rule alone: 4 x 10 % is never reached.
        (((40, 0), (30, 3), (60, 0)), [("engine_only", "rule_not_native")]),
        # It comes back within the quiet minutes: one page of Sloop, two of CloudWatch.
        (((40, 0), (4, 10), (3, 0), (2, 10), (60, 0)), [("again", "resolves_at_once"), ("ends_earlier", "rule_not_native")]),
        # The second bad minute of the second time is 6 of 30: the slow rule fires before the fast one does again.
        (((40, 0), (4, 10), (9, 0), (4, 10), (60, 0)), [("again", "rule_not_native"), ("ends_earlier", "rule_not_native")]),
        # The measurement stops while it is open.
        (((40, 0), (4, 10), (20, None), (60, 0)), [("ends_earlier", "held_no_data")]),
        (((40, 0),), []),
    ],
)
def test_a_difference_is_named_by_what_made_it(
    runs: tuple[tuple[int, int | None], ...], expected: list[tuple[str, str]]
) -> None:
    assert causes(tried({"edge.availability": rows(*runs)})) == expected


def test_m_of_n_counts_minutes_that_were_not_measured_as_good() -> None:
    # 2 bad of 5 measured ones among 10 are 40 % for Sloop; CloudWatch wants 4 of 10 whatever was measured.
    bad = {START + n: int(n in (37, 39)) for n in (*range(30), 35, 36, 37, 38, 39, *range(40, 90))}
    found = tried({"database.availability": Slices.of((m, 1, b) for m, b in bad.items())})
    assert causes(found) == [("engine_only", "fixed_denominator")]


def test_old_minutes_take_the_place_of_missing_ones() -> None:
    # 2 bad of 8 measured ones in 10 minutes for Sloop. CloudWatch reads 12: its newest 10 hold the two before the gap as well.
    stretch: list[tuple[int, int | None]] = [(40, 0), (2, 9), (2, None), (6, 0), (2, 9), (60, 0)]
    assert causes(tried({"database.availability": judged(stretch, slice_of_time=True)})) == [("native_only", "old_datapoints")]


def test_flap_control_holds_open_what_cloudwatch_has_ended() -> None:
    found = tried({"edge.availability": rows((40, 0), (4, 10), (90, 0))}, terms=Terms(flap_transitions=2))
    assert causes(found) == [("ends_earlier", "flap_control")]


def test_a_page_that_is_open_on_both_sides_at_the_end_is_no_difference() -> None:
    found = tried({"edge.availability": rows((40, 0), (10, 10))})
    assert causes(found) == []
    assert [p.ok_at for one in found.compared for p in one.native.pages] == [None]


def test_every_cause_is_explained_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs/backtest.md").read_text(encoding="utf-8")
    assert [cause for cause, meaning in CAUSES.items() if f"| `{cause}` | {meaning} |" not in text] == []
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in text] == []


def test_a_muted_native_page_is_told_when_the_mute_ends_if_it_is_in_alarm_still() -> None:
    mute = (
        "exclusions:\n  - {kind: mute, objective: edge.availability, reason: work, "
        f"from: {format_minute(START + 40)!r}, to: {format_minute(START + 50)!r}}}\n"
    )
    found = tried({"edge.availability": rows((40, 0), (20, 10), (60, 0))}, mute)
    ((page,),) = [one.native.pages for one in found.compared]
    assert (page.alarm_at, page.told_at) == (START + 44, START + 50)
    short = tried({"edge.availability": rows((40, 0), (4, 10), (60, 0))}, mute)
    ((gone,),) = [one.native.pages for one in short.compared]
    assert gone.told_at is None
    assert short.compared[0].native_pages == 0
    assert ("not_told", "muted") in causes(short)


def test_objectives_that_only_sloop_pages_for_are_named_with_the_pages_that_would_be_lost() -> None:
    found = tried({"backups.availability": rows((40, 0), (20, 10), (60, 0))})
    assert [(one.objective, one.pages) for one in found.alone] == [("backups.availability", 1)]
    assert "survives_sloop" in found.alone[0].why


def test_the_document_counts_what_it_lists() -> None:
    found = document(tried({name: rows((40, 0), (4, 10), (60, 0)) for name in (ALL[0], ALL[3])}))
    (objective,) = found["objectives"]
    assert found["totals"] == {"engine_pages": 1, "native_pages": 1, "pages_lost": 1, "differences": {"resolves_at_once": 1}}
    (episode,) = objective["episodes"]
    assert episode["engine"][0]["fired_at"] == episode["native"][0]["alarm_at"] == format_minute(START + 44)
    assert episode["differences"][0]["at"] == episode["native"][0]["ok_at"]
