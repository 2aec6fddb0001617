"""Where the problems of one file are collected, and how a user's own text is shown in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from slo.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PROBLEMS = 1000
MAX_MESSAGE = 400
MAX_PATH = 200


class Log:
    """Keeps the first MAX_PROBLEMS errors and as many warnings of one file, each once, and says so when there were more."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []
        self.told: set[Problem] = set()
        self.counts = {"error": 0, "warning": 0}

    def add(self, line: int, path: str, code: str, message: str, severity: Literal["error", "warning"] = "error") -> None:
        problem = Problem(self.file, line, cut(path, MAX_PATH), severity, code, cut(message, MAX_MESSAGE))
        if problem in self.told or self.is_full(severity):
            return
        self.counts[severity] += 1
        if self.is_full(severity):
            more = f"more than {MAX_PROBLEMS} {severity}s; deal with these first, the rest is not listed"
            problem = Problem(self.file, line, "", severity, "too_many_problems", more)
        self.told.add(problem)
        self.found.append(problem)

    def is_full(self, severity: Literal["error", "warning"]) -> bool:
        return self.counts[severity] > MAX_PROBLEMS

    @property
    def failed(self) -> bool:
        return self.counts["error"] > 0


class Refused(Exception):
    """The rest of this file cannot be read; becomes one problem."""

    def __init__(self, line: int, path: str, code: str, message: str) -> None:
        self.line, self.path, self.code, self.message = line, path, code, message
        super().__init__(message)


def shown(text: str) -> str:
    """Quoted, on one line, cut to what a reader needs."""
    return repr(cut(text, 60))


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."


def choices(options: Iterable[str]) -> str:
    """The first 20, sorted."""
    some = sorted(option for option, _ in zip(options, range(21), strict=False))
    return ", ".join([*some[:20], *(["..."] if len(some) > 20 else [])]) or "none"
