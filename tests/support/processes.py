"""Real processes of ours: started on loopback, read line by line, ended by their own id and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(slots=True, eq=False)
class Program:
    """A child and what it has said so far, on stdout and stderr together."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def said(self, words: str, patience: float = 30.0) -> str:
        """The first line that holds these words; fails with everything it said when it ends or takes too long."""
        return wait(lambda: next((line for line in list(self.lines) if words in line), None), patience, lambda: self.text)

    def ended(self, patience: float = 30.0) -> int:
        """Its exit code, negative for a signal."""
        return self.process.wait(patience)


@contextmanager
def running(*command: str, environment: Mapping[str, str]) -> Iterator[Program]:
    """`command` after the interpreter; nothing of this process' SLOOP_* and AWS_* settings is handed down."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLOOP_", "AWS_", "OTEL_"))}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, **AWS, "PYTHONUNBUFFERED": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    program = Program(process)
    reader = Thread(target=_read, args=[program])
    reader.start()
    try:
        yield program
    finally:
        process.kill()
        process.wait(10)
        reader.join(10)
        assert process.stdout is not None
        process.stdout.close()


def sloop(*arguments: str) -> tuple[str, ...]:
    return ("-c", "from app.cli.main import main; main()", *arguments)


def wait(found: Callable[[], T | None], patience: float, why: Callable[[], str] = str) -> T:
    """The first answer that is something (not None, not False, not empty)."""
    deadline = time.monotonic() + patience
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {patience} s: {why()}"
        time.sleep(0.05)


def get(url: str) -> Any:
    """JSON of a loopback address; None while nobody answers."""
    try:
        return httpx.get(url, timeout=5, trust_env=False).raise_for_status().json()
    except httpx.HTTPError:
        return None


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def children(pid: int) -> list[int]:
    """The process' children, straight from the kernel."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def _read(program: Program) -> None:
    assert program.process.stdout is not None
    for line in program.process.stdout:
        program.lines.append(line)
