"""A real Prometheus with the rules that Sloth generates, on counters and recorded ratios of 30 days.

As generous to it as can be: one series per counter, a sample a minute (Sloop's own resolution; 15 and 30 s are usual),
blocks of 54 h as after compaction, and no compaction while it is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

TARGET, BUDGET = 0.999, 0.001
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
ALERTS = {"page": (("5m", "1h", 14.4), ("30m", "6h", 6)), "ticket": (("2h", "1d", 3), ("6h", "3d", 1))}
EVERY_SECONDS = 10
"""Between evaluations: every one costs the same, so a shorter wait is only a shorter benchmark."""
RULES = 17
"""Of one objective: 8 ratios, 7 facts of it, 2 alerts."""
BLOCK_MINUTES = 54 * 60
COUNTER_MINUTES = 3 * 1440 + 10
PATIENCE_SECONDS = 60
_HERTZ = os.sysconf("SC_CLK_TCK")


def selector(name: str, window: str = "") -> str:
    own = f'sloth_id="shop-{name}",sloth_service="shop",sloth_slo="{name}"'
    return f'{{{own},sloth_window="{window}"}}' if window else f"{{{own}}}"


def error_ratio(name: str, window: str) -> str:
    errors, total = (f'sum(rate(http_{part}_total{{slo="{name}"}}[{window}]))' for part in ("errors", "requests"))
    return f"({errors})\n/\n({total})"


def period_ratio(name: str) -> str:
    """Its optimised form: the mean of the recorded ratios of 5 minutes."""
    recorded = f"slo:sli_error:ratio_rate5m{selector(name)}[30d]"
    return f"sum_over_time({recorded})\n/ ignoring (sloth_window)\ncount_over_time({recorded})"


def groups(name: str) -> list[dict[str, Any]]:
    """Sloth's three groups of one objective, by slo-math.md 2.4."""
    labels = {"sloth_id": f"shop-{name}", "sloth_service": "shop", "sloth_slo": name}
    ratios = {**{w: error_ratio(name, w) for w in WINDOWS}, "30d": period_ratio(name)}
    on = f"/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio{selector(name)}"
    facts = {
        "slo:objective:ratio": f"vector({TARGET})",
        "slo:error_budget:ratio": f"vector(1-{TARGET})",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"slo:sli_error:ratio_rate5m{selector(name)}\n{on}",
        "slo:period_burn_rate:ratio": f"slo:sli_error:ratio_rate30d{selector(name)}\n{on}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{selector(name)}",
        "sloth_slo_info": "vector(1)",
    }
    recordings = [
        {"record": f"slo:sli_error:ratio_rate{w}", "expr": e, "labels": {**labels, "sloth_window": w}}
        for w, e in ratios.items()
    ]
    meta = [{"record": record, "expr": e, "labels": labels} for record, e in facts.items()]
    alerts = [{"alert": "Burn", "expr": alert(name, s), "labels": {"sloth_severity": s}} for s in ALERTS]
    parts = {"sli-recordings": recordings, "meta-recordings": meta, "alerts": alerts}
    return [{"name": f"sloth-slo-{part}-shop-{name}", "rules": rules} for part, rules in parts.items()]


def alert(name: str, severity: str) -> str:
    def burns(window: str, factor: float) -> str:
        return f"max(slo:sli_error:ratio_rate{window}{selector(name)} > ({factor} * {BUDGET})) without (sloth_window)"

    return "\nor\n".join(f"({burns(a, factor)}\nand\n{burns(b, factor)})" for a, b, factor in ALERTS[severity])


@dataclass(frozen=True, slots=True)
class Counted:
    """Events of consecutive minutes from `start` on."""

    start: int
    total: NDArray[np.int64]
    bad: NDArray[np.int64]

    @property
    def end(self) -> int:
        return self.start + len(self.total)

    def recorded(self) -> NDArray[np.float64]:
        """What the 5m rule would have recorded at each minute's end: bad / total of the 5 minutes before."""
        bad, total = (np.convolve(part, np.ones(5, np.int64))[: len(part)] for part in (self.bad, self.total))
        return bad / total


def backfill(folder: Path, counted: Mapping[str, Counted], remaining: Mapping[str, float]) -> None:
    """Blocks with the counters, the 30 days of recorded ratios, and the newest recorded budgets of everybody."""
    promtool, file = shutil.which("promtool"), folder / "samples.om"
    assert promtool is not None, "promtool comes with Debian's prometheus"
    first, end = (getattr(next(iter(counted.values())), edge) for edge in ("start", "end"))
    command = [promtool, "tsdb", "create-blocks-from", "--max-block-duration=54h", "-q", "openmetrics"]
    for begin in range(first // BLOCK_MINUTES * BLOCK_MINUTES, end + 1, BLOCK_MINUTES):
        with file.open("w") as stream:
            for lines in families(counted, remaining, begin, begin + BLOCK_MINUTES, end):
                stream.write(lines)
            stream.write("# EOF\n")
        done = subprocess.run([*command, str(file), str(folder / "data")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def families(counted: Mapping[str, Counted], remaining: Mapping[str, float], begin: int, stop: int, end: int) -> Iterator[str]:
    """The samples of begin <= minute < stop as OpenMetrics; a sample at minute m tells what came before m."""
    for part in ("total", "bad"):
        name = {"total": "requests", "bad": "errors"}[part]
        yield f"# TYPE http_{name} counter\n"
        for slo, one in counted.items():
            sums = getattr(one, part).cumsum()
            since = max(begin, one.end - COUNTER_MINUTES)
            yield from _lines(f'http_{name}_total{{slo="{slo}"}}', sums, one.start + 1, since, stop)
    yield "# TYPE slo:sli_error:ratio_rate5m gauge\n"
    for slo, one in counted.items():
        yield from _lines(f"slo:sli_error:ratio_rate5m{selector(slo, '5m')}", one.recorded(), one.start + 1, begin, stop)
    yield "# TYPE slo:period_error_budget_remaining:ratio gauge\n"
    for slo, left in remaining.items():
        values = np.full(10, left)
        series = f"slo:period_error_budget_remaining:ratio{selector(slo)}"
        yield from _lines(series, values, end - len(values) + 1, begin, stop)


def _lines(series: str, values: NDArray[Any], at: int, begin: int, stop: int) -> Iterator[str]:
    """`values` stand at minutes at, at + 1, ..."""
    first, last = max(begin, at), min(stop, at + len(values))
    if first < last:
        pairs = zip(values[first - at : last - at].tolist(), range(first * 60, last * 60, 60), strict=True)
        yield "".join([f"{series} {value} {second}\n" for value, second in pairs])


@dataclass(frozen=True, slots=True)
class Prometheus:
    address: str
    pid: int

    def cpu(self) -> float:
        return cpu_seconds(self.pid)

    def ask(self, path: str, **form: str) -> Any:
        with urlopen(f"{self.address}/api/v1/{path}?{urlencode(form)}", timeout=60) as answer:
            return json.loads(answer.read())["data"]["result"]

    def value(self, query: str, minute: int) -> float:
        """Of the only series that answers."""
        (found,) = self.ask("query", query=query, time=str(minute * 60))
        return float(found["value"][1])

    def meter(self, name: str) -> float:
        """The sum of one of its own counters over its rule groups."""
        with urlopen(f"{self.address}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name}{{"))


@contextmanager
def prometheus(folder: Path, names: list[str]) -> Iterator[Prometheus]:
    """Evaluates the rules of these objectives; of none, it only answers."""
    binary = shutil.which("prometheus")
    assert binary is not None, "needs prometheus: run `make programs`"
    rules, port = folder / "rules.json", _free_port()
    rules.write_text(json.dumps({"groups": [group for name in names for group in groups(name)]}))
    config = {"global": {"evaluation_interval": f"{EVERY_SECONDS}s"}, "rule_files": [str(rules)]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    command = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=1y",
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
        yield Prometheus(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def cpu_seconds(pid: int) -> float:
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / _HERTZ


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(log.read_text())
