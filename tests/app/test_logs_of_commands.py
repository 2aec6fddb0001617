from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAYS = "import structlog; from app.logs import configure_command_logs as c; c(); structlog.get_logger().{level}('note')"


def said(level: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SAYS.format(level=level)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout, done.stderr


def test_what_a_command_logs_never_stands_among_its_data() -> None:
    out, err = said("warning")
    assert out == ""
    assert '"event": "note"' in err


def test_a_command_says_nothing_but_warnings() -> None:
    assert said("info") == ("", "")
