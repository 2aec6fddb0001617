"""A real Prometheus of the test's own, on loopback, in a temporary folder: with samples put into it or scraping itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from app.prometheus.source import PrometheusSource
from slo.judge.answer import Series
from tests import programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from app.ports import Span
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer

M0 = 29_453_760
"""2026-01-01T00:00Z."""
_PATIENCE_SECONDS = 30
_SCRAPES_ITSELF = """\
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: prometheus, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""


@dataclass(slots=True)
class Samples:
    """Text for `promtool tsdb create-blocks-from openmetrics`; `kind` as OpenMetrics names metric types."""

    lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, name: str, labels: Mapping[str, str], values: Mapping[int, float], kind: str = "unknown") -> None:
        """`values`: epoch seconds -> value."""
        own = ",".join(f'{label}="{value}"' for label, value in labels.items())
        self.lines.setdefault((name, kind), []).extend(f"{name}{{{own}}} {v} {t}" for t, v in sorted(values.items()))

    def text(self) -> str:
        families = (f"# TYPE {name} {kind}\n" + "\n".join(lines) + "\n" for (name, kind), lines in self.lines.items())
        return "".join(families) + "# EOF\n"


@contextmanager
def holding(folder: Path, samples: Samples) -> Iterator[str]:
    """The address of a server that scrapes nothing and holds these samples."""
    fill(folder, samples)
    with serving(folder) as url:
        yield url


def fill(folder: Path, samples: Samples) -> None:
    """Into blocks of `folder/data`, before a server has it."""
    text = folder / "samples.om"
    text.write_text(samples.text())
    promtool = shutil.which("promtool")
    assert promtool is not None, "promtool comes with Debian's prometheus"
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", str(text), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[str]:
    """The address of a server that scrapes nothing and has the blocks of `folder/data`."""
    with _running(folder, "{{}}", *flags) as url:
        yield url


@contextmanager
def scraping_itself(folder: Path) -> Iterator[str]:
    """The address of a server that scrapes itself every second."""
    with _running(folder, _SCRAPES_ITSELF) as url:
        yield url


@contextmanager
def scraping(folder: Path, job: str, target: str) -> Iterator[str]:
    """The address of a server that scrapes `http://target/metrics` five times a second."""
    job_of = f"{{{{job_name: {job}, static_configs: [{{{{targets: ['{target}']}}}}]}}}}"
    config = f"global: {{{{scrape_interval: 200ms, scrape_timeout: 200ms}}}}\nscrape_configs: [{job_of}]\n"
    with _running(folder, config) as url:
        yield url


@contextmanager
def _running(folder: Path, config: str, *flags: str) -> Iterator[str]:
    binary = programs.find("prometheus")
    assert binary is not None, programs.how_to_get("prometheus")
    port = _free_port()
    (folder / "prometheus.yml").write_text(config.format(port=port))
    command = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=20y",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with httpx.Client(trust_env=False) as client:
        while True:
            try:
                if client.get(f"{url}/-/ready").is_success:
                    return
            except httpx.TransportError:
                pass
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def fetched(client: httpx.Client, url: str, query: Query, span: Span) -> Answer:
    return PrometheusSource(url, client=client).fetch([query], span)[query]


def minutes_of(answer: Answer) -> dict[int, float]:
    """Minute after M0 -> value."""
    assert isinstance(answer, Series), answer
    return {int(m) - M0: float(v) for m, v in zip(answer.minutes, answer.values, strict=True)}
