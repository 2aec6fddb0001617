"""The demo as a newcomer meets it: start, idle cost, time to page, a whole incident at speed 20. Takes about six minutes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from figures import Figure, of_samples, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SLOOP = Path(sys.executable).with_name("sloop")
STARTS = 3
IDLE_SECONDS = 40.0
TICK = 60.0
_HERTZ = os.sysconf("SC_CLK_TCK")


def main() -> None:
    starts = [first_page() for _ in range(STARTS)]
    figures = [of_samples("first page with 30 days of history", starts, "s", "<= 10")]
    report([*figures, *speed_1(), *speed_20()])


def first_page() -> float:
    """Seconds from the command to an overview on which every objective has a verdict."""
    before = time.monotonic()
    with demo("--speed", "20") as (address, _):
        assert b"api.availability" in read(f"{address}/")
        return time.monotonic() - before


def speed_1() -> list[Figure]:
    with demo("--fault", f"api-5xx@{IDLE_SECONDS + 15:g}") as (address, child):
        ready = time.monotonic()
        time.sleep(10)
        burnt, began = cpu_seconds(child.pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        idle = (cpu_seconds(child.pid) - burnt) / (time.monotonic() - began)
        fault = ready + IDLE_SECONDS + 15
        opened = wait_for(lambda: incidents(address, "triggered"), 300)
        paged_after = time.monotonic() - fault
        fired = datetime.fromisoformat(opened[0]["opened_at"]).timestamp()
        ticks = (time.time() - fired) / TICK
        memory = rss_mb(child.pid)
    return [
        Figure("idle CPU, all processes", round(idle * 100, 2), "%", "<= 10", f"over {IDLE_SECONDS:g} s"),
        Figure("RSS, all processes", round(memory, 1), "MB", "<= 400"),
        Figure("fault to page at speed 1", round(paged_after, 1), "s", "<= 180"),
        Figure("rule crossed to page, in ticks", round(ticks, 2), "", "<= 2"),
    ]


def speed_20() -> list[Figure]:
    began = time.monotonic()
    with demo("--speed", "20") as (address, _):
        wait_for(lambda: incidents(address, "resolved"), 300)
        took = time.monotonic() - began
        keys = sorted(i["dedup_key"] for i in incidents(address))
    assert keys == ["sloop/demo/api.availability/page"], f"the fault told more than its own objective: {keys}"
    return [Figure("opened and resolved at speed 20", round(took, 1), "s", "<= 300")]


@contextmanager
def demo(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running demo and its address, once every objective is judged."""
    child = subprocess.Popen([SLOOP, "demo", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        found = re.search(r"http://\S+?(?=/\s)", child.stdout.readline())
        assert found, "the demo did not print its address"
        yield found[0], child
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(30)


def incidents(address: str, status: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(read(f"{address}/demo/pagerduty/incidents"))
    return [i for i in found if status in (None, i["status"])]


def wait_for(look: Callable[[], list[dict[str, Any]]], seconds: float) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"nothing within {seconds:g} s")


def read(url: str) -> bytes:
    for _ in range(50):
        try:
            with urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except URLError:
            time.sleep(0.1)
    raise TimeoutError(url)


def family(pid: int) -> list[int]:
    """The process and its children."""
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [pid, *map(int, listing.stdout.split())]


def cpu_seconds(pid: int) -> float:
    return (
        sum(sum(map(int, Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) for p in family(pid)) / _HERTZ
    )


def rss_mb(pid: int) -> float:
    pages = sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in family(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
