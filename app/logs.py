"""Logs go to stderr: stdout is for data."""

from __future__ import annotations

import logging
import os
import sys
from typing import TextIO, cast

import structlog


class _Stderr:
    """The standard error of the moment: a test, or a program around this one, may put another in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logs(level: str) -> None:
    """One line per event on stderr: readable on a terminal, JSON elsewhere."""
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
            if terminal
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
    )


def configure_command_logs() -> None:
    """Of a command that serves nothing: warnings only, unless somebody configured them already."""
    if not structlog.is_configured():
        configure_logs("warning")
