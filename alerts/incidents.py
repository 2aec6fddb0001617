"""What really happened, from a file: CSV with the columns start, end and, where wanted, objective and name."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from slo.errors import IncidentsError
from slo.units import format_minute, parse_minute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from slo.units import Minute

NEEDED = ("start", "end")
COLUMNS = (*NEEDED, "objective", "name")


@dataclass(frozen=True, slots=True)
class Incident:
    """Minutes start <= m < end; `objective` None: whichever objective noticed."""

    start: Minute
    end: Minute
    objective: str | None = None
    name: str | None = None

    @property
    def title(self) -> str:
        return self.name or format_minute(self.start)

    def is_about(self, objective: str) -> bool:
        return self.objective in (None, objective)


def parse(file: str, data: bytes, objectives: Collection[str]) -> tuple[Incident, ...]:
    """By start, then end; `objectives` are the known ids. IncidentsError names file and line of the first bad row."""
    rows = _rows(file, data)
    line, header = next(rows, (1, []))
    for name in NEEDED:
        if name not in header:
            raise IncidentsError(file, line, f"column {name!r} is missing; the columns are start,end[,objective][,name]")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            told = f"column {name!r} is unknown or doubled; the columns are start,end[,objective][,name]"
            raise IncidentsError(file, line, told)
    found: dict[Incident, int] = {}
    for line, cells in rows:
        if len(cells) != len(header):
            raise IncidentsError(file, line, f"{len(cells)} cells; a row has {len(header)}: {','.join(header)}")
        incident = _incident(file, line, dict(zip(header, cells, strict=True)), objectives)
        if incident in found:
            raise IncidentsError(file, line, f"the incident of line {found[incident]} again; leave one of them out")
        found[incident] = line
    return tuple(sorted(found, key=lambda i: (i.start, i.end, i.objective or "", i.name or "")))


def _rows(file: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) without empty lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise IncidentsError(file, line, "not UTF-8; save the file as UTF-8") from None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        yield from ((reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells)
    except csv.Error as error:
        raise IncidentsError(file, reader.line_num, f"not CSV: {error}") from None


def _incident(file: str, line: int, cells: dict[str, str], objectives: Collection[str]) -> Incident:
    start, end = (_minute(file, line, name, cells[name]) for name in NEEDED)
    if start >= end:
        raise IncidentsError(file, line, f"end {cells['end']} is not after start {cells['start']}")
    objective = cells.get("objective") or None
    if objective is not None and objective not in objectives:
        told = f"objective {objective!r} is not in the estate; give an id that `sloop check` accepts, or leave the cell empty"
        raise IncidentsError(file, line, told)
    return Incident(start, end, objective, cells.get("name") or None)


def _minute(file: str, line: int, column: str, text: str) -> Minute:
    try:
        return parse_minute(text)
    except ValueError as error:
        raise IncidentsError(file, line, f"{column}: {error}") from None
