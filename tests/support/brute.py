"""Judging once more, straight from the contract's sentences: slow, obvious, exact. It shares no code with the engine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

DAY = 1440
DEFAULT = (
    ("page", Fraction(2, 100), 60, 5),
    ("page", Fraction(5, 100), 360, 30),
    ("ticket", Fraction(10, 100), DAY, 120),
    ("ticket", Fraction(10, 100), 3 * DAY, 360),
)

Rows = dict[int, tuple[int, int]]
"""minute -> (good, total)."""


def sums(rows: Rows, at: int, width: int) -> tuple[int, int, int]:
    """(bad, total, measured) over at - width <= minute < at."""
    held = [(good, total) for minute, (good, total) in rows.items() if at - width <= minute < at]
    return sum(t - g for g, t in held), sum(t for _, t in held), len(held)


def burn(rows: Rows, at: int, width: int, target: Fraction) -> Fraction | None:
    bad, total, _ = sums(rows, at, width)
    return Fraction(bad, total) / (1 - target) if total else None


def firing(rows: Rows, at: int, target: Fraction, window: int) -> list[tuple[str, int, int, Fraction]]:
    found = []
    for severity, share, long, short in DEFAULT:
        factor = max(Fraction(1), share * window / long)
        burns = burn(rows, at, long, target), burn(rows, at, short, target)
        if all(b is not None and b >= factor for b in burns):
            found.append((severity, long, short, factor))
    return found


def blind(rows: Rows, at: int) -> set[str]:
    """Severities with a rule whose short window has no measured minute."""
    return {severity for severity, _, _, short in DEFAULT if sums(rows, at, short)[2] == 0}


@dataclass
class Told:
    severity: str
    rule: tuple[int, int]
    fired_at: int
    resolved_at: int | None = None
    notified_at: int | None = None


def backtest(rows: Rows, target: Fraction, window: int, first: int, last: int) -> list[Told]:
    told: list[Told] = []
    live: dict[str, Told] = {}
    quiet: dict[str, int] = {}
    for at in range(first, last + 1):
        fires = firing(rows, at, target, window)
        for severity in ("page", "ticket"):
            mine = sorted((long, short) for s, long, short, _ in fires if s == severity)
            if mine and severity not in live:
                live[severity] = Told(severity, mine[0], at)
                told.append(live[severity])
            if mine:
                quiet[severity] = 0
            elif severity in live and severity not in blind(rows, at):
                quiet[severity] += 1
                if quiet[severity] == 15:
                    live.pop(severity).resolved_at = at
        if "page" in live and live["page"].notified_at is None:
            live["page"].notified_at = at
        if "ticket" in live and live["ticket"].notified_at is None and "page" not in live:
            live["ticket"].notified_at = at
    return sorted(told, key=lambda t: (t.fired_at, t.severity))
