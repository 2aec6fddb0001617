"""Sloop beside a real Prometheus with Sloth's rules: what a verdict, a chart and all budgets cost; and the whole minute.

Both get the same counts, and their answers are compared before anything is timed. CPU of servers is that of their
processes, read from /proc; one client asks both over a connection that stays open, and reads bytes. About three minutes.
"""

from __future__ import annotations

import json
import math
import operator
import re
import time
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import beside
import sloth
import tick
import whole_minute
from figures import Figure, of_samples, report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BESIDE = 50
"""Objectives with rules in Prometheus, each of which costs the same; Sloop has all 1,000."""
EVALUATIONS = 5
BATCHES, BATCH_SECONDS = 5, 0.6
COMPARED = 5
_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge}


class Cost(NamedTuple):
    """Milliseconds a request: CPU of the server by batches, and what the client waited for each."""

    cpu: list[float]
    wall: list[float]


class Server(NamedTuple):
    client: HTTPConnection
    pid: int

    def read(self, path: str, **form: str) -> bytes:
        self.client.request("GET", f"{path}?{urlencode(form)}" if form else path)
        answer = self.client.getresponse()
        body = answer.read()
        assert answer.status == 200, f"{path}: {answer.status} {body[:300]!r}"
        return body


def main() -> None:
    end = int(time.time() // 60)
    with TemporaryDirectory() as name, beside.service(end) as service:
        folder, counts = Path(name), {slo_of(n): beside.counted(n, end) for n in range(BESIDE)}
        sloth.backfill(folder, counts, {slo_of(n): 0.5 for n in range(beside.OBJECTIVES)})
        address, pid = service.ready()
        ours = Server(HTTPConnection(address), pid)
        with sloth.prometheus(folder, list(counts)) as rules:
            found = agreement(rules, ours, counts, end)
            theirs = evaluations(rules)
        with sloth.prometheus(folder, []) as answering:
            prometheus = Server(HTTPConnection(answering.address.removeprefix("http://")), answering.pid)
            found += charts(prometheus, ours, service.new_snapshot, end)
            found += budgets(prometheus, ours, service.new_snapshot, end)
            prometheus.client.close()
        ours.client.close()
    found = [*verdicts(theirs), *found, *whole_minute.figures()]
    report(found)
    tell_shortfalls(found)


def slo_of(number: int) -> str:
    return f"slo{number}"


def agreement(rules: sloth.Prometheus, ours: Server, counts: Mapping[str, sloth.Counted], end: int) -> list[Figure]:
    """Burns of an hour are the same; budgets are not, because Sloth's is a mean of ratios that no traffic weighs."""
    apart = []
    for number in range(COMPARED):
        slo, one = slo_of(number), counts[slo_of(number)]
        item = json.loads(ours.read(f"/api/v1/slos/{beside.name_of(number)}"))
        burn = rules.value(sloth.error_ratio(slo, "1h"), end) / sloth.BUDGET
        left = 1 - rules.value(sloth.period_ratio(slo), end) / sloth.BUDGET
        exact, mine = 1 - one.bad.sum() / one.total.sum() / sloth.BUDGET, item["budget"]["remaining_ratio"]
        assert math.isclose(burn, item["burn"]["1h"], rel_tol=1e-9), f"{slo}: burn(1h) {burn} and {item['burn']['1h']}"
        assert math.isclose(mine, exact, rel_tol=1e-9), f"{slo}: budget left {mine}, counted {exact}"
        assert math.isclose(left, 1 - one.recorded().mean() / sloth.BUDGET, rel_tol=1e-6), f"{slo}: {left} is no mean of ratios"
        print(f"{slo}: burn(1h) {burn:.6f} = {item['burn']['1h']:.6f}; budget left {mine:.4%}, by Sloth's rules {left:.4%}")
        apart.append((left - mine) * 100)
    return [of_samples("Sloth's budget left minus the exact one (traffic and errors high at noon)", apart, "%", "-")]


def evaluations(rules: sloth.Prometheus) -> list[float]:
    """CPU milliseconds of one evaluation of one objective, over one evaluation interval each."""
    done, every = "prometheus_rule_evaluations_total", sloth.RULES * BESIDE
    deadline = time.monotonic() + sloth.PATIENCE_SECONDS
    while rules.meter(done) < every:
        assert time.monotonic() < deadline, "Prometheus did not evaluate its rules once"
        time.sleep(0.5)
    found = []
    for _ in range(EVALUATIONS):
        before, burnt = rules.meter(done), rules.cpu()
        time.sleep(sloth.EVERY_SECONDS)
        found.append((rules.cpu() - burnt) * 1e3 * sloth.RULES / (rules.meter(done) - before))
    for wrong in ("prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total"):
        assert rules.meter(wrong) == 0, f"{wrong}: not every rule was evaluated every time; lower BESIDE"
    return found


def verdicts(theirs: Sequence[float]) -> list[Figure]:
    """Of Sloop a tick of 1,000 objectives, from counts to the commit."""
    cpu, _ = tick.run(1)
    ours = [each / tick.SLOTS for each in cpu]
    return [
        of_samples("evaluation of one objective, Prometheus: CPU", list(theirs), "ms", "-"),
        of_samples("evaluation of one objective, Sloop: CPU", [each * 1e3 for each in ours], "us", "-"),
        of_samples("evaluation of one objective: times less CPU", [each / median(ours) for each in theirs], "x", ">= 5000"),
    ]


def charts(prometheus: Server, ours: Server, new_snapshot: Callable[[], None], end: int) -> list[Figure]:
    """The budget over 30 days by hours, as numbers and as the page draws it; every objective is asked for in turn.

    From the recorded series that is 30 days of samples a point.
    """
    span = {"start": str((end - beside.MINUTES + 60) * 60), "end": str(end * 60), "step": "3600"}

    def range_of(expression: Callable[[str], str]) -> Callable[[int], object]:
        return lambda n: prometheus.read("/api/v1/query_range", query=expression(slo_of(n % BESIDE)), **span)

    answer = json.loads(prometheus.read("/api/v1/query_range", query=budget_of("slo0"), **span))
    assert len(answer["data"]["result"][0]["values"]) == beside.MINUTES // 60
    budget, ratio = cost(prometheus.pid, range_of(budget_of)), cost(prometheus.pid, range_of(ratio_of))

    def points_of(number: int) -> bytes:
        return ours.read(f"/api/v1/slos/{beside.name_of(number % beside.OBJECTIVES)}/history")

    def page_of(number: int) -> bytes:
        return ours.read(f"/slos/{beside.name_of(number % beside.OBJECTIVES)}")

    assert beside.MINUTES // 60 <= len(json.loads(points_of(0))["remaining_ratio"]) <= beside.MINUTES // 60 + 1
    points, page = cost(ours.pid, points_of), cost(ours.pid, page_of)
    points_first, first = cost(ours.pid, points_of, new_snapshot), cost(ours.pid, page_of, new_snapshot)
    again = cost(ours.pid, lambda _: ours.read(f"/slos/{beside.name_of(0)}"))
    return [
        *lines("30-day hourly chart, Sloop, its points", points),
        wall("30-day hourly chart, Sloop, first points after a tick", points_first),
        times("30-day hourly chart, points, budget left: times less CPU", budget.cpu, points.cpu, ">= 50"),
        times("30-day hourly chart, points, ratios of the hours: times less CPU", ratio.cpu, points.cpu, "-"),
        *lines("30-day hourly chart, Prometheus, budget left", budget),
        *lines("30-day hourly chart, Prometheus, ratios of the hours", ratio),
        wall("30-day hourly chart, Sloop, first page after a tick", first),
        *lines("30-day hourly chart, Sloop, its page", page),
        *lines("30-day hourly chart, Sloop, asked again in its tick", again),
        times("30-day hourly chart, page, budget left: times less CPU", budget.cpu, page.cpu, "-"),
        times("30-day hourly chart, asked again in its tick: times less CPU", budget.cpu, again.cpu, "-"),
    ]


def budget_of(slo: str) -> str:
    return f"1 - ({sloth.period_ratio(slo)}) / {sloth.BUDGET}"


def ratio_of(slo: str) -> str:
    return f"avg_over_time(slo:sli_error:ratio_rate5m{sloth.selector(slo)}[1h])"


def budgets(prometheus: Server, ours: Server, new_snapshot: Callable[[], None], end: int) -> list[Figure]:
    """1,000 of each. Nothing is computed in Prometheus, which recorded them; Sloop's worker rendered what it judged."""
    query = {"query": "slo:period_error_budget_remaining:ratio", "time": str(end * 60)}
    assert len(json.loads(prometheus.read("/api/v1/query", **query))["data"]["result"]) == beside.OBJECTIVES
    after = json.loads(ours.read("/api/v1/slos", limit="500"))["next"]

    def both_pages(_: int) -> None:
        ours.read("/api/v1/slos", limit="500")
        ours.read("/api/v1/slos", limit="500", cursor=after)

    theirs = cost(prometheus.pid, lambda _: prometheus.read("/api/v1/query", **query))
    first, again = cost(ours.pid, both_pages, new_snapshot), cost(ours.pid, both_pages)
    goal = f"< {median(theirs.wall):.3f}"
    return [
        *lines("all 1,000 budgets, Prometheus", theirs),
        wall("all 1,000 budgets, Sloop, first after a tick", first, goal),
        *lines("all 1,000 budgets, Sloop, asked again in its tick", again, goal),
    ]


def cost(pid: int, ask: Callable[[int], object], before: Callable[[], None] = lambda: None) -> Cost:
    """`ask` gets a number that was not there before; what comes `before` it is not waited for, but its CPU is in `cpu`."""
    numbers, found = count(), Cost([], [])
    ask(next(numbers))
    for _ in range(BATCHES):
        burnt, asked, began = sloth.cpu_seconds(pid), len(found.wall), time.monotonic()
        while time.monotonic() - began < BATCH_SECONDS:
            before()
            at = time.perf_counter()
            ask(next(numbers))
            found.wall.append((time.perf_counter() - at) * 1e3)
        found.cpu.append((sloth.cpu_seconds(pid) - burnt) * 1e3 / (len(found.wall) - asked))
    return found


def lines(name: str, one: Cost, goal: str = "-") -> list[Figure]:
    return [of_samples(f"{name}: CPU", one.cpu, "ms", "-"), wall(name, one, goal)]


def wall(name: str, one: Cost, goal: str = "-") -> Figure:
    """Where the server did more than answer."""
    return of_samples(f"{name}: wall", one.wall, "ms", goal)


def times(name: str, theirs: Sequence[float], ours: Sequence[float], goal: str) -> Figure:
    return of_samples(name, [a / b for a, b in zip(theirs, ours, strict=True)], "x", goal)


def tell_shortfalls(figures: Sequence[Figure]) -> None:
    for figure in figures:
        goal = re.fullmatch(r"(<=|<|>=) ([\d.]+)", figure.goal)
        if goal and not _COMPARE[goal[1]](figure.value, float(goal[2])):
            factor = max(figure.value / float(goal[2]), float(goal[2]) / figure.value)
            print(f"not reached: {figure.name}: {figure.value:g} {figure.unit}, goal {figure.goal}: {factor:.2f} times off")


if __name__ == "__main__":
    main()
