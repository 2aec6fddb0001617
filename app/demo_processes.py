"""The demo's child processes. They end with the demo, even when it is killed."""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from app.clock import WallClock
from slo.errors import SettingsError

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

START_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


def start_simulator(stack: ExitStack, seed: int, speed: float, origin: float) -> str:
    """Its address, once it listens; estate time runs from `origin` (epoch seconds). It ends when its standard input does."""
    command = [sys.executable, "-m", "app.simulator", "--port", "0", "--model", "demo", "--exit-with-stdin"]
    command += ["--seed", str(seed), "--speed", str(speed), "--origin-wall", repr(origin), "--origin-estate", repr(origin)]
    # A session of its own: Ctrl-C at the terminal is for the demo, which then ends its children in order.
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603
    stack.callback(_end, child)
    assert child.stdout is not None
    line = child.stdout.readline()
    if "http://" not in line:
        raise SettingsError("the simulator did not start; its error is above")
    return line.strip().rsplit(" ", 1)[-1]


def start_prometheus(stack: ExitStack, folder: Path, simulator: str) -> str | None:
    """The address of a real Prometheus that scrapes the model; None where the binary is missing."""
    binary = shutil.which("prometheus")
    if binary is None:
        return None
    config = folder / "prometheus.yml"
    config.write_text(_scrape_config(simulator.removeprefix("http://")))
    port = _free_port()
    child = subprocess.Popen(  # noqa: S603  # the binary found on PATH, arguments of our own
        [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509  # no thread runs yet, and it only makes one system call
    )
    stack.callback(_end, child)
    _wait_for(f"http://127.0.0.1:{port}/-/ready", child)
    return f"http://127.0.0.1:{port}"


def _scrape_config(target: str) -> str:
    return f"""\
global: {{scrape_interval: 5s}}
scrape_configs:
  - job_name: orders
    metrics_path: /model/metrics
    static_configs: [{{targets: ["{target}"]}}]
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    clock = WallClock()
    deadline = clock.monotonic() + START_SECONDS
    while child.poll() is None and clock.monotonic() < deadline:
        try:
            with urlopen(url, timeout=1):  # noqa: S310  # our own loopback address
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise SettingsError(f"Prometheus did not answer at {url}; its error is above")


def _end_with_parent() -> None:
    """Between fork and exec: the kernel ends the child when the demo is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(child: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)
