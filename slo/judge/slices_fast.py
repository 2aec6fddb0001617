"""Whole chunks of a slices CSV at once, where they are as most programs write them: plain cells, one spelling of minutes.

Only what is recognised byte for byte is read. Of anything else nothing is said, good or bad: `slices_file` then reads the
chunk row by row, and judges it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slo.judge.series import MAX_COUNT
from slo.judge.slices_table import Block
from slo.units import FIRST_YEAR, LAST_YEAR, parse_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slo.judge.series import Ints

Bytes = NDArray[np.uint8]

MAX_NAME, MAX_MINUTE, MAX_DIGITS = 256, 40, 13
_PREFIX = len("2026-03-01T00:00")
_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15]
_MONTHS = np.arange((LAST_YEAR + 1 - FIRST_YEAR) * 12 + 1) + np.datetime64(f"{FIRST_YEAR}-01", "M")
_FIRST_DAY = _MONTHS.astype("M8[D]").astype(np.int64)
"""Days since 1970 of the first of every month from January of FIRST_YEAR on."""


def read(chunk: bytes, line: int, order: Sequence[int], code: Callable[[str], int]) -> Block | None:
    """The rows of whole lines, the first of which is `line`; None when any of them is not plainly right.

    `order` says in which column indicator, minute, good and total stand; `code` numbers an indicator.
    """
    if b'"' in chunk or b"\0" in chunk:
        return None
    if b"\r" in chunk:
        chunk = chunk.replace(b"\r\n", b"\n")
    cells = None if b"\r" in chunk else _Cells.of(chunk if chunk.endswith(b"\n") else chunk + b"\n")
    if cells is None:
        return None
    name, when, good, total = order
    counts = [cells.whole_numbers(n) for n in (good, total)]
    minutes, codes = cells.minutes(when), cells.codes(name, code)
    if counts[0] is None or counts[1] is None or minutes is None or codes is None or (counts[0] > counts[1]).any():
        return None
    return Block(np.arange(line, line + len(codes)), codes, minutes, counts[1], counts[1] - counts[0])


class _Cells:
    """Where the cells of four columns start and end in `text`, as Ints[row, column]."""

    def __init__(self, text: bytes, start: Ints, end: Ints) -> None:
        # No look behind the last cell leaves the text.
        self.text = np.frombuffer(text + bytes(MAX_NAME), np.uint8)
        self.start, self.end = start, end

    @classmethod
    def of(cls, text: bytes) -> _Cells | None:
        """None unless every line has four cells."""
        written = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero((written == ord(",")) | (written == ord("\n")))
        if len(ends) % 4 or (written[ends].reshape(-1, 4) != np.frombuffer(b",,,\n", np.uint8)).any():
            return None
        starts = np.concatenate(([0], ends[:-1] + 1))
        return cls(text, starts.reshape(-1, 4), ends.reshape(-1, 4))

    def whole_numbers(self, column: int) -> Ints | None:
        """Up to MAX_COUNT, of digits alone."""
        end = self.end[:, column]
        width = end - self.start[:, column]
        if width.min() < 1 or width.max() > MAX_DIGITS:
            return None
        value = np.zeros(len(end), np.int64)
        for place in range(int(width.max())):
            # A letter below 0 wraps round to above 9, too.
            digit = np.where(width > place, self.text[end - 1 - place] - ord("0"), 0)
            if digit.max() > 9:
                return None
            value += digit * np.int64(10**place)
        return None if value.max() > MAX_COUNT else value

    def minutes(self, column: int) -> Ints | None:
        """Of cells that are the first one but for their digits up to the minute: what follows shifts all of them alike."""
        start, end = self.start[:, column], self.end[:, column]
        width = int(end[0] - start[0])
        if not _PREFIX < width <= MAX_MINUTE or (end - start != width).any():
            return None
        written = self._look(start, width)
        first = written[0].tobytes()
        if (first[4], first[7], first[10] in b"T ", first[13]) != (ord("-"), ord("-"), True, ord(":")):
            return None
        by_place = np.ascontiguousarray(written.T)
        fixed = [n for n in range(width) if n not in _DIGITS]
        if (by_place[fixed] != by_place[fixed, :1]).any():
            return None
        minutes = _since_epoch(by_place[_DIGITS] - ord("0"))
        try:
            return None if minutes is None else minutes + (parse_minute(first.decode("ascii")) - minutes[0])
        except ValueError:
            return None

    def codes(self, column: int, code: Callable[[str], int]) -> Ints | None:
        start = self.start[:, column]
        width = self.end[:, column] - start
        longest = int(width.max())
        if width.min() < 1 or longest > MAX_NAME:
            return None
        written = np.where(np.arange(longest) < width[:, None], self._look(start, longest), 0).astype(np.uint8)
        names = written.view(f"S{longest}").ravel()
        runs = np.flatnonzero(np.concatenate(([True], names[1:] != names[:-1])))
        raw = names[runs].tolist()
        try:
            known = {name: name.decode().strip() for name in dict.fromkeys(raw)}
        except UnicodeDecodeError:
            return None
        if not all(known.values()):
            return None
        codes = {name: code(text) for name, text in known.items()}
        return np.repeat([codes[name] for name in raw], np.diff(runs, append=len(names)))

    def _look(self, start: Ints, width: int) -> Bytes:
        """The `width` bytes from each start on, as [row, width]."""
        windows = np.ndarray((len(self.text) - width + 1,), f"V{width}", self.text, strides=(1,))
        return windows[start].view(np.uint8).reshape(-1, width)


def _since_epoch(digits: Bytes) -> Ints | None:
    """Minutes since 1970 from the twelve digits YYYYMMDDHHMM, uint8[12, row]; None if one is no digit or no such time."""
    if digits.max() > 9:
        return None
    tens, ones = digits[::2].astype(np.int64), digits[1::2]
    century, in_century, month, day, hour, minute = tens * 10 + ones
    months = (century * 100 + in_century - FIRST_YEAR) * 12 + month - 1
    if (month < 1).any() or (month > 12).any() or months.min() < 0 or months.max() > len(_FIRST_DAY) - 2:
        return None
    first = _FIRST_DAY[months]
    if (day < 1).any() or (day > _FIRST_DAY[months + 1] - first).any() or hour.max() > 23 or minute.max() > 59:
        return None
    found: Ints = ((first + day - 1) * 24 + hour) * 60 + minute
    return found
