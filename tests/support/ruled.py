"""Exported rules in Debian's Prometheus: counters that tell a history, promtool's own evaluation, and backfilling."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from alerts.backtest import backtest
from app.files import read_catalog
from slo.estate.export_prometheus import export
from slo.estate.load import load
from slo.judge.series import Slices
from tests.support.prometheus import Samples, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx

    from alerts.breach import Breach
    from slo.estate.spec import Estate

History = dict[int, tuple[int, int]]
"""Minute -> (total, bad). What is not measured lacks at least two minutes on end: a mark that is missing costs two."""
Alert = tuple[str, str]
"""Objective and severity."""

ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
policies:
  careful:
    - {severity: page, factor: 10, long: 1h, short: 5m, min_bad: 5, min_total: 100}
    - {severity: ticket, budget: 2%, long: 7h, short: 30m}
components:
  - name: shop
    kind: prometheus
    resource: {total: 'requests_total{job="shop"}', bad: 'requests_total{job="shop",code="500"}'}
    objectives:
      - {indicator: availability, name: availability, target: 99.9%, window: 30d}
      - {indicator: availability, name: careful, target: 99%, window: 7d, policy: careful}
"""
_SERIES = {code: f'requests_total{{job="shop",instance="a",code="{code}"}}' for code in ("200", "500")}
SCRAPES = (7, 22, 37, 52)
"""Seconds of a minute: none is on the minute."""
_NAME = re.compile(r"sloop:\w+:\w+")


def estate_of(text: str = ESTATE) -> Estate:
    loaded = load((("estate.yaml", text.encode()),), read_catalog())
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def played(estate: Estate, history: History) -> list[Breach]:
    """What `sloop backtest` says of it."""
    return backtest(estate, {"shop.availability": slices_of(history)})


def slices_of(history: History) -> Slices:
    return Slices.of((minute, total, bad) for minute, (total, bad) in history.items())


def write_rules(folder: Path, estate: Estate) -> dict[str, Any]:
    """`rules.yaml` as `sloop export prometheus` writes it, checked by promtool; its only group."""
    (folder / "rules.yaml").write_text(export(estate, read_catalog()).text)
    promtool(folder, "check", "rules", "rules.yaml")
    (group,) = yaml.safe_load((folder / "rules.yaml").read_text())["groups"]
    assert isinstance(group, dict)
    return group


def promtool(folder: Path, *arguments: str) -> str:
    binary = shutil.which("promtool")
    assert binary is not None, "promtool comes with Debian's prometheus"
    done = subprocess.run([binary, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"promtool {arguments}:\n{(done.stdout + done.stderr)[:4000]}"
    return done.stdout


def run_unit_test(folder: Path, history: History, firing: Mapping[int, set[Alert]]) -> None:
    """`promtool test rules` on one scrape a minute: at each minute exactly these alerts fire."""
    expression = 'max by (objective, severity) (ALERTS{alertstate="firing"})'
    expected = [
        {
            "expr": expression,
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": f'{{objective="{o}",severity="{s}"}}', "value": 1} for o, s in sorted(alerts)],
        }
        for minute, alerts in firing.items()
    ]
    series = [{"series": _SERIES[code], "values": " ".join(values)} for code, values in _tokens(history).items()]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": expected}
    # JSON is YAML, and is written fifty times as fast.
    (folder / "test.yaml").write_text(json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}))
    promtool(folder, "test", "rules", "test.yaml")


def _tokens(history: History) -> dict[str, list[str]]:
    """Values at the marks from 0 on; `stale` as a scrape that failed writes it, `_` for nothing."""
    found: dict[str, list[str]] = {code: [] for code in _SERIES}
    counted, there = {"200": 0, "500": 0}, False
    for mark in range(max(history) + 2):
        total, bad = history.get(mark - 1, (0, 0))
        counted = {"200": counted["200"] + total - bad, "500": counted["500"] + bad}
        before, there = there, mark in history or mark - 1 in history
        for code, tokens in found.items():
            tokens.append(str(counted[code]) if there else "stale" if before else "_")
    return found


def scraped(history: History, origin: int) -> Samples:
    """The same counters, scraped every 15 s, whose minute 0 is the minute `origin`. Events come bit by bit."""
    values: dict[str, dict[int, float]] = {code: {} for code in _SERIES}
    counted = {"200": 0, "500": 0}
    for minute in range(-1, max(history) + 2):
        total, bad = history.get(minute, (0, 0))
        if minute in history or minute + 1 in history:
            for n, second in enumerate(SCRAPES, 1):
                for code, events in (("200", total - bad), ("500", bad)):
                    values[code][(origin + minute) * 60 + second] = counted[code] + events * n // len(SCRAPES)
        counted = {"200": counted["200"] + total - bad, "500": counted["500"] + bad}
    samples = Samples()
    for code, held in values.items():
        samples.add("requests_total", {"job": "shop", "instance": "a", "code": code}, held, kind="counter")
    return samples


def restless(seed: int, minutes: int, origin: int) -> Samples:
    """Two instances that start, stop and are scraped in vain; a counter is born with its first event."""
    chance, samples = Random(seed), Samples()
    for instance in ("a", "b"):
        counters: dict[str, int] = {}
        held: dict[str, dict[int, float]] = {"200": {}, "500": {}}
        up: dict[int, float] = {}
        busy, reached, running = True, True, True
        for at in range(origin * 60 + 7, (origin + minutes + 1) * 60, 15):
            if chance.random() < 0.02:
                busy, reached, running = (chance.random() < p for p in (0.7, 0.8, 0.8))
                counters = counters if chance.random() < 0.5 else {}
            for code, most in (("200", 40), ("500", 2)):
                events = chance.randint(0, most) if busy and running else 0
                if code in counters or events:
                    counters[code] = counters.get(code, 0) + events
            if reached:
                up[at] = float(running)
                if running:
                    for code, value in counters.items():
                        held[code][at] = value
        samples.add("up", {"job": "shop", "instance": instance}, up)
        for code, values in held.items():
            samples.add("requests_total", {"job": "shop", "instance": instance, "code": code}, values, kind="counter")
    return samples


def backfill(folder: Path, group: dict[str, Any], start: int, end: int) -> None:
    """What the recording rules that the alerts ask for would have recorded at minutes start..end, into `data`.

    promtool evaluates them at the group's own second of the minute. Rules that read others need the others there first.
    """
    wanted = _needed(group)
    for level in _levels(wanted):
        (folder / "pass.yaml").write_text(json.dumps({"groups": [group | {"rules": level}]}))
        span = f"--start={start * 60}", f"--end={end * 60}"
        with serving(folder, *FROM_MINUTE_TO_MINUTE) as url:
            promtool(folder, "tsdb", "create-blocks-from", "rules", f"--url={url}", *span, "-q", "pass.yaml")


FROM_MINUTE_TO_MINUTE = (
    "--query.lookback-delta=59s",
    "--storage.tsdb.min-block-duration=2h",
    "--storage.tsdb.max-block-duration=2h",
)
"""Blocks have no staleness markers, so what is older than a minute must not be seen; and nothing is to be compacted."""


def _needed(group: dict[str, Any]) -> list[dict[str, Any]]:
    recorded = [rule for rule in group["rules"] if "record" in rule]
    names = {name for rule in group["rules"] if "alert" in rule for name in _NAME.findall(rule["expr"])}
    for rule in reversed(recorded):
        if rule["record"] in names:
            names |= set(_NAME.findall(rule["expr"]))
    return [rule for rule in recorded if rule["record"] in names]


def _levels(rules: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    level: dict[str, int] = {}
    for rule in rules:
        own = 1 + max((level[name] for name in _NAME.findall(rule["expr"])), default=0)
        level[rule["record"]] = max(level.get(rule["record"], 0), own)
    for n in sorted(set(level.values())):
        yield [rule for rule in rules if level[rule["record"]] == n]


def second_of(client: httpx.Client, url: str, origin: int) -> float:
    """The second of the minute at which the backfilled rules were evaluated."""
    query = {"query": 'sloop:sli_total:increase1m{indicator!=""}[10m]', "time": str((origin + 10) * 60 + 59)}
    (series,) = _asked(client, f"{url}/api/v1/query", query)
    (second,) = {round(float(when) % 60, 3) for when, _ in series["values"]}
    return second


def minutes_of(client: httpx.Client, url: str, expression: str, minutes: tuple[int, int], second: float) -> list[int]:
    """At which minutes (first, last), each at this second of it, the expression has a value."""
    first, last = minutes
    span = {"start": f"{first * 60 + second:.3f}", "end": f"{last * 60 + second:.3f}", "step": "60"}
    found = _asked(client, f"{url}/api/v1/query_range", {"query": expression, **span})
    return sorted({int(when // 60) for series in found for when, _ in series["values"]})


def recorded(client: httpx.Client, url: str, name: str, last: int) -> dict[int, int]:
    """The minute at which it was recorded -> the value; of one series, in at most a day."""
    (series,) = _asked(client, f"{url}/api/v1/query", {"query": f"{name}[1d]", "time": str(last * 60 + 59)})
    return {int(when // 60): int(value) for when, value in series["values"]}


def _asked(client: httpx.Client, url: str, form: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.post(url, data=form)
    assert answer.is_success, answer.text
    result = answer.json()["data"]["result"]
    assert isinstance(result, list)
    return result
