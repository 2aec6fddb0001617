"""Slices files, CSV or NDJSON: read strictly, written canonically. Bytes in, values out."""

from __future__ import annotations

import csv
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from slo.errors import SlicesError
from slo.judge import slices_fast
from slo.judge.series import MAX_COUNT
from slo.judge.slices_lines import Lines, whole_lines
from slo.judge.slices_table import Block, Table
from slo.units import format_minute, parse_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from slo.judge.series import Slices
    from slo.units import Minute

    Fast = Callable[[bytes, int, Sequence[int], Callable[[str], int]], Block | None]
    Row = tuple[int, str, str, Any, Any]

COLUMNS = ("indicator", "minute", "good", "total")
CHUNK = 1 << 20
"""Bytes read at once: enough rows for numpy, few enough for the processor's cache."""
_AT_ONCE = 10_000
"""Rows judged one by one that are held as Python values."""

# Many indicators share a minute's text, and parsing it costs the most.
_known_minute = lru_cache(maxsize=1 << 16)(parse_minute)


def parse(file: str, data: bytes | Iterable[bytes], *, chunk: int = CHUNK, fast: Fast = slices_fast.read) -> dict[str, Slices]:
    """Slices by indicator. SlicesError names file and line of the first bad row; the format goes by the suffix.

    A large file is better given in pieces: they may be cut anywhere, and are dropped one by one.
    """
    pieces = (data[n : n + chunk] for n in range(0, len(data), chunk)) if isinstance(data, bytes) else data
    ndjson = file.lower().endswith((".ndjson", ".jsonl"))
    lines = Lines(file, whole_lines(pieces), newline="\n" if ndjson else "")
    table = Table(file)
    try:
        if ndjson:
            _gather(table, _ndjson_rows(file, lines))
        else:
            _read_csv(table, lines, fast)
    except SlicesError:
        table.slices()  # raises when a minute is given twice further up: that is the first bad row
        raise
    return table.slices()


def render(slices: Mapping[str, Slices], *, ndjson: bool = False) -> Iterator[str]:
    """Lines of a slices file, by indicator, then minute: the same slices give the same bytes."""
    if not ndjson:
        yield ",".join(COLUMNS) + "\n"
    for indicator, series in sorted(slices.items()):
        for minute, total, bad in zip(series.minutes.tolist(), series.total.tolist(), series.bad.tolist(), strict=True):
            cells = (indicator, format_minute(minute), total - bad, total)
            yield (json.dumps(dict(zip(COLUMNS, cells, strict=True))) if ndjson else ",".join(map(str, cells))) + "\n"


def _read_csv(table: Table, lines: Lines, fast: Fast) -> None:
    """Chunk by chunk: at once where `fast` knows the shape of all its rows, else row by row."""
    rows = _CsvRows(table.file, lines)
    for chunk in lines.chunks:
        block = fast(chunk, rows.line + 1, rows.order, table.code) if rows.order else None
        if block is None:
            lines.put(chunk)
            _gather(table, rows)
        else:
            lines.skip(chunk)
            rows.leapt += len(block.line)
            table.add(block)
    if not rows.order:
        raise SlicesError(table.file, 1, f"empty; the first line names the columns: {','.join(COLUMNS)}")


class _CsvRows:
    """Each iteration gives the rows of the lines that are pending. `order` is empty until the header has been read."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.file, self.lines = file, lines
        self.reader = csv.reader(lines, strict=True)
        self.order: list[int] = []
        self.leapt = 0

    @property
    def line(self) -> int:
        return self.reader.line_num + self.leapt

    def __iter__(self) -> Iterator[Row]:
        try:
            while self.lines.pending:
                cells = next(self.reader)
                if cells and self.order:
                    yield self._row(cells)
                elif cells:
                    self.order = _column_order(self.file, self.line, [c.strip() for c in cells])
        except csv.Error as error:
            raise SlicesError(self.file, self.line, f"not CSV: {error}") from None

    def _row(self, cells: list[str]) -> Row:
        if len(cells) != len(COLUMNS):
            told = f"{len(cells)} cells; a row has {len(COLUMNS)}: {','.join(COLUMNS)}"
            raise SlicesError(self.file, self.line, told)
        indicator, minute, good, total = (cells[n].strip() for n in self.order)
        return self.line, indicator, minute, good, total


def _column_order(file: str, line: int, header: list[str]) -> list[int]:
    for name in COLUMNS:
        if name not in header:
            raise SlicesError(file, line, f"column {name!r} is missing; the columns are {','.join(COLUMNS)}")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise SlicesError(file, line, f"column {name!r} is unknown or doubled; the columns are {','.join(COLUMNS)}")
    return [header.index(name) for name in COLUMNS]


def _ndjson_rows(file: str, lines: Iterable[str]) -> Iterator[Row]:
    for line, content in enumerate(lines, start=1):
        if content.strip():
            yield line, *_ndjson_cells(file, line, content.removesuffix("\n"))


def _ndjson_cells(file: str, line: int, content: str) -> tuple[str, str, Any, Any]:
    try:
        pairs = json.loads(content, object_pairs_hook=list, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
    except (ValueError, RecursionError) as error:
        raise SlicesError(file, line, f"not JSON: {str(error) or 'nested too deep'}") from None
    if not (isinstance(pairs, list) and all(isinstance(p, tuple) for p in pairs)):
        raise SlicesError(file, line, f"not an object with {', '.join(COLUMNS)}")
    row = dict(pairs)
    for name in COLUMNS:
        if name not in row:
            raise SlicesError(file, line, f"{name!r} is missing; a row has {', '.join(COLUMNS)}")
    if len(pairs) != len(COLUMNS):
        extra = sorted({str(k) for k, _ in pairs} - set(COLUMNS))
        wrong = f"unknown field {extra[0]!r}" if extra else "a field is doubled"
        raise SlicesError(file, line, f"{wrong}; a row has {', '.join(COLUMNS)}")
    for name in ("indicator", "minute"):
        if not isinstance(row[name], str) or isinstance(row[name], _Number):
            raise SlicesError(file, line, f"{name!r} is not text")
    for name in ("good", "total"):
        if isinstance(row[name], str) and not isinstance(row[name], _Number):
            raise SlicesError(file, line, f"{name} {row[name]!r} is text; write a whole number without quotes")
    return row["indicator"], row["minute"], row["good"], row["total"]


class _Number(str):
    """A JSON number as its text, told apart from a JSON string."""

    __slots__ = ()


def _gather(table: Table, rows: Iterable[Row]) -> None:
    """What stands before a bad row is gathered too."""
    good: list[tuple[int, int, int, int, int]] = []
    try:
        for row in rows:
            good.append(_judged(table, row))
            if len(good) == _AT_ONCE:
                table.add(Block.of(good))
                good.clear()
    finally:
        table.add(Block.of(good))


def _judged(table: Table, row: Row) -> tuple[int, int, int, int, int]:
    """(line, code, minute, total, bad)."""
    line, indicator, when, good_text, total_text = row
    if not indicator:
        raise SlicesError(table.file, line, "the indicator is empty")
    minute = _minute(table.file, line, when)
    good, total = _count(table.file, line, "good", good_text), _count(table.file, line, "total", total_text)
    if good > total:
        raise SlicesError(table.file, line, f"good {good} is more than total {total}")
    return line, table.code(indicator), minute, total, total - good


def _minute(file: str, line: int, text: str) -> Minute:
    try:
        return _known_minute(text)
    except ValueError as error:
        raise SlicesError(file, line, str(error)) from None


def _count(file: str, line: int, name: str, text: object) -> int:
    """A whole number from its text alone: 1.0, 1e3, NaN, +1 and true are refused, not rounded."""
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        raise SlicesError(file, line, f"{name} {text!r} is not a whole number from 0 to 10^12")
    value = int(text) if len(text) <= 13 else MAX_COUNT + 1
    if value > MAX_COUNT:
        raise SlicesError(file, line, f"{name} {text} is above 10^12")
    return value
