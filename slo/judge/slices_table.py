"""Rows of a slices file, gathered column by column in the order of the file, then cut into the slices of each indicator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.errors import SlicesError, one_line
from slo.judge.series import Slices
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.series import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows as parallel arrays; `code` is what `Table.code` gave for the indicator, `line` is where the row stands."""

    line: Ints
    code: Ints
    minute: Ints
    total: Ints
    bad: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, int]]) -> Block:
        """From (line, code, minute, total, bad)."""
        return cls(*np.array(rows, np.int64).reshape(-1, 5).T.copy())


class Table:
    """Blocks come in the order of the file. `slices` may be asked for once: it frees the columns as it goes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.codes: dict[str, int] = {}
        self._columns: dict[str, list[Ints]] = {"line": [], "code": [], "minute": [], "total": [], "bad": []}

    def code(self, indicator: str) -> int:
        return self.codes.setdefault(indicator, len(self.codes))

    def add(self, block: Block) -> None:
        for name, column in self._columns.items():
            values = getattr(block, name)
            column.append(values.astype(np.int32) if name == "code" else values)

    def slices(self) -> dict[str, Slices]:
        """By indicator, in the order of their first rows. SlicesError at the first row that gives a minute again."""
        code, minute = self._taken("code"), self._taken("minute")
        # Sorting 16 bits is a radix sort, and most files have the minutes of an indicator in order already.
        order = np.argsort(code.astype(np.min_scalar_type(len(self.codes))), kind="stable")
        code, minute = code[order], minute[order]
        if (minute[1:] < minute[:-1])[code[1:] == code[:-1]].any():
            rest = np.lexsort((minute, code))
            order, code, minute = order[rest], code[rest], minute[rest]
        # Both sorts are stable: of equal minutes the one that stands first in the file comes first.
        again = np.flatnonzero((code[1:] == code[:-1]) & (minute[1:] == minute[:-1])) + 1
        line = self._taken("line")[order[again]]
        if len(again):
            first = int(again[line.argmin()])
            name = one_line(list(self.codes)[code[first]])
            told = f"minute {format_minute(int(minute[first]))} of {name} is given twice"
            raise SlicesError(self.file, int(line.min()), told)
        total, bad = self._taken("total")[order], self._taken("bad")[order]
        return _cut(list(self.codes), code, Slices(minute, total, bad, np.zeros(len(code), bool)))

    def _taken(self, name: str) -> Ints:
        column = self._columns.pop(name)
        return np.concatenate(column) if column else np.zeros(0, np.int64)


def _cut(names: Sequence[str], code: Ints, whole: Slices) -> dict[str, Slices]:
    """Of a name that has no row nothing is said: a chunk may have been given up after its names were read."""
    ends = np.searchsorted(code, np.arange(len(names), dtype=code.dtype), side="right").tolist()
    parts = zip(names, [0, *ends], ends, strict=False)
    return {
        name: Slices(whole.minutes[a:b], whole.total[a:b], whole.bad[a:b], whole.coarse[a:b]) for name, a, b in parts if a < b
    }
