"""Programs of Debian's that some tests start for real."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PACKAGES = {"prometheus": "prometheus", "postgres": "postgresql", "chromium": "chromium"}
MUST_RUN = "SLOOP_TESTS_MUST_RUN"


def find(name: str) -> str | None:
    """The path of `prometheus`, `postgres` or `chromium`; Debian keeps the PostgreSQL servers off the PATH: the newest one."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(versions[-1]) if versions else shutil.which(name)


def how_to_get(name: str) -> str:
    return f"needs {name}: run `make programs`, or `apt-get install {PACKAGES[name]}`"


def must_run() -> bool:
    """CI sets it: a missing program is a failure there, not a skip."""
    return bool(os.environ.get(MUST_RUN))
