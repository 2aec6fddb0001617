from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from alerts.backtest import backtest
from slo.estate.export_prometheus import EVENTS, export
from slo.judge.series import Slices
from tests.support.estates import CATALOG, WHOLE, codes, loaded

if TYPE_CHECKING:
    from pathlib import Path

ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
policies:
  held: [{severity: page, factor: 2, long: 1h, short: 5m, min_bad: 3, min_total: 9}]
components:
  - name: api
    displayName: "API {{ of }} all"
    kind: prometheus
    runbook: https://example.com/r
    resource: {total: 'req_total{job="a"}', bad: 'bad_total{job="a"}', proof: 'up{job="a"}'}
    objectives:
      - {indicator: availability, target: 99.9%, window: 30d}
"""
FACTORS = {"sloop:sli_bad:increase1h", "sloop:sli_bad:increase5m"}


def groups(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(export(loaded(text), CATALOG).text)["groups"])


def alerts(text: str) -> list[dict[str, Any]]:
    return [rule for group in groups(text) for rule in group["rules"] if "alert" in rule]


def records(text: str) -> dict[str, str]:
    return {rule["record"]: rule["expr"] for group in groups(text) for rule in group["rules"] if "record" in rule}


def test_good_and_total_are_recorded_apart_and_every_window_is_a_sum_of_their_minutes() -> None:
    found = records(ESTATE)
    for window, span in (("5m", "4m30s"), ("1h", "59m30s"), ("3d", "71h59m30s"), ("30d", "719h59m30s")):
        for part in ("total", "bad"):
            assert found[f"sloop:sli_{part}:increase{window}"] == (
                f'sum_over_time(sloop:sli_{part}:increase1m{{indicator="api.availability"}}[{span}])'
            )
    assert not any(word in expression for expression in found.values() for word in ("rate(", "increase(", "avg"))


def test_burns_are_ratios_of_sums_over_an_exact_budget() -> None:
    found = records(ESTATE)
    bad, total = (f'sloop:sli_{part}:increase1h{{indicator="api.availability"}}' for part in ("bad", "total"))
    assert found["sloop:burn:ratio1h"] == f"{bad} / ({total} > 0) / 0.001"
    assert found["sloop:error_budget:remaining_ratio"].startswith("1 - sloop:sli_bad:increase30d")
    assert not re.search(r"\d\.\d{12}", export(loaded(ESTATE), CATALOG).text)


def test_rules_are_decided_in_whole_numbers_with_both_windows_and_joined_by_or() -> None:
    page, ticket = alerts(ESTATE)
    # 14.4 x 0.001 = 9 / 625 and 6 x 0.001 = 3 / 500
    for window in ("1h", "5m"):
        assert f'increase{window}{{indicator="api.availability"}} * 625 >= sloop:sli_total' in page["expr"]
    assert '* 500 >= sloop:sli_total:increase30m{indicator="api.availability"} * 3)' in page["expr"]
    assert "\nor\n" in page["expr"]
    assert "\nor\n" in ticket["expr"]
    assert page["labels"] == {"severity": "page", "objective": "api.availability"}
    assert ticket["labels"]["severity"] == "ticket"


def test_an_alert_says_the_verdict_and_resolves_after_the_quiet_minutes() -> None:
    page = alerts(ESTATE)[0]
    assert page["keep_firing_for"] == "14m"
    assert page["annotations"]["key"] == "sloop/prod/api.availability/page"
    assert page["annotations"]["runbook_url"] == "https://example.com/r"
    text = page["annotations"]["summary"]
    assert text.startswith(
        'API {{"{{"}} of }} all (api.availability) burns its budget at {{ with $value }}{{ . | humanize }}x{{ else }}'
    )
    assert "14.4x in 1h and 5m or 6x in 6h and 30m (99.9% over 30d)" in text
    written = export(loaded(ESTATE), CATALOG, quiet_minutes=30)
    assert "keep_firing_for: 29m" in written.text


def test_floors_of_low_traffic_stand_in_the_condition() -> None:
    [page] = alerts(ESTATE.replace("window: 30d}", "window: 30d, policy: held}"))
    assert '(sloop:sli_bad:increase1h{indicator="api.availability"} >= 3)' in page["expr"]
    assert '(sloop:sli_total:increase1h{indicator="api.availability"} >= 9)' in page["expr"]


def test_rules_that_hold_for_different_times_are_alerts_that_no_label_confuses() -> None:
    estate = loaded(ESTATE)
    (api,) = estate.components
    fast, slow = (replace(rule, hold=hold) for rule, hold in zip(api.objectives[0].policy, (0, 5), strict=False))
    mixed = replace(api, objectives=(replace(api.objectives[0], policy=(fast, slow)),))
    written = export(replace(estate, components=(mixed,)), CATALOG)
    first, second = (rule for rule in yaml.safe_load(written.text)["groups"][0]["rules"] if "alert" in rule)
    assert (first["labels"].get("hold"), second["labels"]["hold"]) == (None, "5m")
    assert ("for" in first, second["for"]) == (False, "5m")
    assert 'label="",hold=""}' in first["expr"]
    assert 'label="",hold="5m"}' in second["expr"]
    assert "hold" in codes(written.losses)


def test_what_fires_goes_on_firing_while_the_shortest_window_has_no_measured_minute() -> None:
    held = """\
(
  0 * max by (component, indicator) (ALERTS{alertname="SloopBudgetBurn",alertstate="firing",\
severity="page",objective="api.availability"} offset 1m)
  unless sloop:sli_total:increase5m{indicator="api.availability"}
)
"""
    assert alerts(ESTATE)[0]["expr"].endswith(f"\nor\n{held}")


def test_two_objectives_on_one_indicator_share_its_counts() -> None:
    two = ESTATE.replace(
        "window: 30d}", "window: 30d, name: a}\n      - {indicator: availability, name: b, target: 90%, window: 7d}"
    )
    [group] = groups(two)
    names = [rule["record"] for rule in group["rules"] if rule.get("record") == "sloop:sli_total:increase1h"]
    assert len(names) == 1
    assert {rule["labels"]["objective"] for rule in alerts(two)} == {"api.a", "api.b"}


def test_what_prometheus_cannot_say_is_listed() -> None:
    written = export(loaded(WHOLE), CATALOG)
    assert codes(written.losses) == {
        *("blind", "ticket_during_page", "composite", "method", "not_counters", "confidence", "calendar", "recovery"),
    }
    assert {loss.path for loss in written.losses if loss.code == "not_counters"} == {"objectives.web.depth"}
    assert [group["name"] for group in groups(WHOLE)] == [
        "sloop-whole-web.availability",
        "sloop-whole-web.speed",
        "sloop-whole-web.plain",
    ]


def test_an_estate_without_objectives_has_no_rules_and_loses_nothing() -> None:
    text = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: e}\ncomponents: []\n"
    assert export(loaded(text), CATALOG).losses == ()
    assert groups(text) == []


def test_each_query_is_counted_by_itself_and_absent_ones_fall_out_of_the_sum() -> None:
    rules = [
        rule for group in groups(WHOLE) if "speed" in group["name"] for rule in group["rules"] if rule.get("record") == EVENTS
    ]
    assert [(rule["labels"]["count"], rule["labels"]["query"]) for rule in rules] == [
        ("total", "1"),
        ("total", "2"),
        ("good", "1"),
        ("total", "proof"),
    ]
    born = ["on (job, instance)" in rule["expr"] for rule in rules]
    assert born == [True, False, False, False]


MINUTES = 460
OUTAGE = range(300, 302)
RESET = 200


def _series() -> tuple[list[int], list[int], list[tuple[int, int, int]]]:
    """The two counters at every minute mark, which begin anew at RESET, and the slices that they mean."""
    total, bad, slices = [0], [0], []
    for minute in range(MINUTES):
        failed = 100 if minute in OUTAGE else 0
        slices.append((minute, 100, failed))
        before = (0, 0) if minute == RESET else (total[-1], bad[-1])
        total.append(before[0] + 100)
        bad.append(before[1] + failed)
    return total, bad, slices


@pytest.mark.needs("prometheus")
def test_the_rules_fire_and_resolve_at_the_minutes_of_the_backtest(tmp_path: Path) -> None:
    text = ESTATE.replace("policies:", "policies:\n  one: [{severity: page, budget: 2%, long: 1h, short: 5m}]")
    estate = loaded(text.replace("window: 30d}", "window: 30d, policy: one}"))
    total, bad, slices = _series()
    [page] = [row for row in backtest(estate, {"api.availability": Slices.of(slices)}) if row.severity == "page"]
    fired, resolved = page.fired_at, page.resolved_at
    assert resolved is not None
    assert (fired, resolved) == (301, 321)
    firing = 'count(ALERTS{alertstate="firing"}) or vector(0)'
    cases = [(fired - 1, 0), (fired, 1), (resolved - 1, 1), (resolved, 0)]
    sums = [
        (at, f"sloop:sli_{part}:increase1h * 1 + 0", value) for at, part, value in ((230, "total", 6000), (330, "bad", 200))
    ]
    tests = [{"expr": firing, "eval_time": f"{at}m", "exp_samples": [{"value": value}]} for at, value in cases]
    tests += [
        {"expr": f"sum({expr})", "eval_time": f"{at}m", "exp_samples": [{"labels": "{}", "value": value}]}
        for at, expr, value in sums
    ]
    inputs = [
        {"series": f'{name}{{job="a"}}', "values": " ".join(map(str, values))}
        for name, values in (("req_total", total), ("bad_total", bad))
    ]
    (tmp_path / "rules.yaml").write_text(export(estate, CATALOG).text)
    suite: dict[str, Any] = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m"}
    suite |= {"tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": tests}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(suite))
    checked = subprocess.run(
        ["promtool", "check", "rules", "rules.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
