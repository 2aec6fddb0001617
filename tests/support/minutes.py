"""Frames, messages and breaches for store tests, written so that the numbers that matter stand in the test."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from alerts.breach import Breach, Transition
from alerts.envelope import Message
from slo.judge.burn import Rule
from slo.judge.period import Window, start
from slo.judge.windows import BAD, MEASURED, TOTAL, Frame, Sums

START = 29_000_040
"""A whole hour: 29,000,040 = 60 x 483,334."""

Cell = tuple[int, int] | None
"""(total, bad) of one slot; None where it was not measured."""


def frame(minute: int, *cells: Cell) -> Frame:
    made = Frame.empty(minute, len(cells))
    for slot, cell in enumerate(cells):
        if cell is not None:
            made.counts[:, slot] = (*cell, 1)
    return made


def table(sums: Sums) -> list[object]:
    """Everything that two equal sums agree in."""
    return [sums.at, sums.windows, sums.counts.tolist(), sums.first.tolist(), sums.newest.tolist()]


def brute(frames: dict[int, Frame], at: int, wanted: tuple[Window, ...], slots: int) -> Sums:
    """Window sums by the definition, one cell after the other."""
    sums = Sums.empty(at, wanted, slots)
    for minute, held in frames.items():
        for slot in range(held.slots):
            cell = [int(held.counts[what, slot]) for what in (TOTAL, BAD, MEASURED)]
            for row, window in enumerate(wanted):
                if start(window, at) <= minute < at:
                    sums.counts[row, :, slot] += cell
            if cell[MEASURED]:
                sums.first[slot] = min(sums.first[slot], minute)
                sums.newest[slot] = max(sums.newest[slot], minute)
    return sums


def hour(frames: dict[int, Frame], begin: int, slots: int) -> list[list[int]]:
    """Counts of the hour that begins at `begin`."""
    counts = np.zeros((3, slots), np.int64)
    for minute, held in frames.items():
        if begin <= minute < begin + 60:
            counts[:, : held.slots] += held.counts
    return [[int(value) for value in row] for row in counts]


def breach(objective: str = "api.availability", fired_at: int = START) -> Breach:
    rule = Rule("page", 60, 5, Fraction(72, 5))
    return Breach(objective, "page", rule, fired_at, Fraction(1, 3), notified_at=fired_at)


def opened(told: Breach) -> Transition:
    return Transition("opened", told)


def message(key: str, transition: str, about: str | None = None) -> Message:
    return Message(key, transition, "ALARM", f"{key} burns", "{}", {"component": "api"}, about)
