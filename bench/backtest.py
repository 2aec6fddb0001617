"""What people wait for offline: a back-test of 30 days, reading its slices, checking a large estate, refusing a bomb.

Commands run as whole processes; their memory is the peak that the kernel counted for them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from figures import of_samples, report

from alerts.backtest import backtest
from app.files import read_pieces
from slo.estate.spec import Component, Estate, Objective, RuleSpec
from slo.judge import slices_file
from slo.judge.series import Slices
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable

SLOOP = Path(sys.executable).with_name("sloop")
RUNS = 5
INDICATORS, MINUTES = 100, 43_200
START = to_minute(datetime(2026, 5, 1, tzinfo=UTC))
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.10"), 1440, 120),
    RuleSpec("ticket", Decimal("0.10"), 4320, 360),
)
FILES, OBJECTIVES = 200, 1000
SERVICE = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: shop}\nspec: {}\n"
INCIDENTS = ((9_000, 40, 0.05), (20_000, 600, 0.008), (33_000, 12, 0.6))
"""(first minute, minutes, share of errors): a page of an hour, one of six hours with its ticket, a short sharp one."""

# A process counts as its own peak what its parent held when it forked: a small one stands in between.
LAUNCHER = """
import json, resource, subprocess, sys, time
before = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
took = time.monotonic() - before
print(json.dumps([took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, code]))
"""


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        slices = {f"c{n}.availability": measured(n) for n in range(INDICATORS)}
        file, estate = folder / "may.csv", folder / "estate.yaml"
        with file.open("w") as stream:
            stream.writelines(slices_file.render(slices))
        estate.write_text(estate_text(range(INDICATORS)))
        engine = [cpu(lambda: backtest(estate_of(), slices)) for _ in range(RUNS)]
        reading = [cpu(lambda: slices_file.parse(file.name, read_pieces(file, slices_file.CHUNK))) for _ in range(RUNS)]
        whole = [command("backtest", str(estate), "--slices", str(file), "--json") for _ in range(RUNS)]
        large = large_estate(folder / "large")
        checks = [command("check", str(large)) for _ in range(RUNS)]
        bombs = [command("check", str(b), expected=1) for b in bombs_in(folder) for _ in range(RUNS)]
        flat = written(folder / "flat.yaml", f"a: [{'x,' * 499_000}]\n")
        flats = [command("check", str(flat), expected=1) for _ in range(RUNS)]
    size = f"{INDICATORS} objectives x {MINUTES:,} minutes"
    report(
        [
            of_samples(f"back-test of {size}, CPU", engine, "s", "<= 1"),
            of_samples(f"reading the slices CSV of {size}, CPU", reading, "s", "<= 6"),
            of_samples(f"sloop backtest of {size}, wall", [wall for wall, _ in whole], "s", "-"),
            of_samples(f"sloop backtest of {size}, peak memory", [peak for _, peak in whole], "MB", "<= 600"),
            of_samples(f"sloop check of {OBJECTIVES:,} objectives in {FILES} files", [w for w, _ in checks], "s", "<= 3"),
            of_samples("YAML bombs of 1 MB refused", [wall for wall, _ in bombs], "s", "< 1"),
            of_samples("YAML bombs of 1 MB refused, peak memory", [peak for _, peak in bombs], "MB", "<= 200"),
            of_samples("YAML list of 499,000 items, no estate, refused", [wall for wall, _ in flats], "s", "-"),
        ]
    )


def cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def command(*arguments: str, expected: int = 0) -> tuple[float, float]:
    """(seconds, peak resident megabytes) of one command as a whole process."""
    done = subprocess.run([sys.executable, "-c", LAUNCHER, SLOOP, *arguments], capture_output=True, text=True, check=True)
    took, peak, code = json.loads(done.stdout)
    assert code == expected, f"sloop {' '.join(arguments)}: {code}"
    return took, peak / 1024


def measured(number: int) -> Slices:
    """30 days, a fifth of the budget burnt; every fifth indicator has the incidents."""
    random = np.random.default_rng(number)
    errors = np.full(MINUTES, 0.0002)
    for first, length, share in INCIDENTS if number % 5 == 0 else ():
        errors[first : first + length] = share
    total = random.integers(1_000, 10_000, MINUTES)
    return Slices(np.arange(START, START + MINUTES), total, random.binomial(total, errors), np.zeros(MINUTES, bool))


def estate_of() -> Estate:
    objectives = [
        Objective(f"c{n}.availability", f"c{n}", "availability", Decimal("0.999"), MINUTES, POLICY) for n in range(INDICATORS)
    ]
    return Estate("bench", components=tuple(Component(o.component, "ecs", objectives=(o,)) for o in objectives))


def estate_text(numbers: range) -> str:
    components = "".join(
        f"  - name: c{n}\n    kind: ecs\n    resource: {{load_balancer: app/demo/50dc6c495c0c9188, "
        f"target_group: targetgroup/c{n}/73e2d6bc24d8a067, cluster: demo, service: c{n}}}\n"
        "    objectives:\n      - {indicator: availability, target: 99.9%, window: 30d}\n"
        for n in numbers
    )
    return (
        "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: bench}\n"
        'accounts: {main: {id: "111122223333", region: us-east-1}}\n'
        f"components:\n{components}"
    )


def large_estate(folder: Path) -> Path:
    """Half of the objectives in one estate file, the other half in OpenSLO files beside it."""
    folder.mkdir()
    half = range(OBJECTIVES // 2)
    (folder / "estate.yaml").write_text(estate_text(half))
    for n in range(FILES - 1):
        documents = [SERVICE if n == 0 else "", *(openslo_text(f"slo-{k}") for k in half[n :: FILES - 1])]
        (folder / f"slos{n:03}.yaml").write_text("---\n".join(filter(None, documents)))
    return folder


def openslo_text(name: str) -> str:
    query = "{metricSource: {type: Prometheus, spec: {query: 'sum(rate(requests_total{code=\"%s\"}[1m]))'}}}"
    return f"""apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}, displayName: Requests of {name}}}
spec:
  service: shop
  description: most requests are answered
  budgetingMethod: Occurrences
  indicator:
    metadata: {{name: {name}-requests}}
    spec:
      ratioMetric:
        counter: true
        good: {query % "2.."}
        total: {query % ".."}
  timeWindow: [{{duration: 30d, isRolling: true}}]
  objectives: [{{target: 0.999}}]
"""


def bombs_in(folder: Path) -> list[Path]:
    """Aliases that stand for 10^9 nodes, first of all and last of all, and nesting without end; each filled up to 1 MB."""
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    texts = {
        "laughs": laughs + "".join(f"b{n}: *a9\n" for n in range(80_000)),
        "late_laughs": "# filler\n" * 110_000 + laughs,
        "deep": "[" * 999_000,
    }
    return [written(folder / f"{name}.yaml", text) for name, text in texts.items()]


def written(file: Path, text: str) -> Path:
    assert 900_000 < len(text) <= 1_000_000, f"{file.name}: {len(text):,}"
    file.write_text(text)
    return file


if __name__ == "__main__":
    main()
