"""Slices files, CSV or NDJSON: read strictly, written canonically. Bytes in, values out."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from slo.errors import SlicesError
from slo.judge.series import MAX_COUNT, Slices
from slo.units import format_minute, parse_minute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slo.units import Minute

COLUMNS = ("indicator", "minute", "good", "total")


def parse(file: str, data: bytes) -> dict[str, Slices]:
    """Slices by indicator. SlicesError names file and line of the first bad row; the format goes by the suffix."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SlicesError(file, line, "not UTF-8; save the file as UTF-8") from None
    rows = _ndjson_rows(file, text) if file.lower().endswith((".ndjson", ".jsonl")) else _csv_rows(file, text)
    return _collect(file, rows)


def render(slices: Mapping[str, Slices], *, ndjson: bool = False) -> Iterator[str]:
    """Lines of a slices file, by indicator, then minute: the same slices give the same bytes."""
    if not ndjson:
        yield ",".join(COLUMNS) + "\n"
    for indicator, series in sorted(slices.items()):
        for minute, total, bad in zip(series.minutes.tolist(), series.total.tolist(), series.bad.tolist(), strict=True):
            cells = (indicator, format_minute(minute), total - bad, total)
            yield (json.dumps(dict(zip(COLUMNS, cells, strict=True))) if ndjson else ",".join(map(str, cells))) + "\n"


def _csv_rows(file: str, text: str) -> Iterator[tuple[int, str, str, Any, Any]]:
    """(line, indicator, minute, good, total) with the cells as text."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    order: list[int] | None = None
    try:
        for cells in reader:
            if not cells:
                continue
            if order is None:
                order = _column_order(file, reader.line_num, [c.strip() for c in cells])
                continue
            if len(cells) != len(COLUMNS):
                raise SlicesError(file, reader.line_num, f"{len(cells)} cells; a row has {len(COLUMNS)}: {','.join(COLUMNS)}")
            indicator, minute, good, total = (cells[n].strip() for n in order)
            yield reader.line_num, indicator, minute, good, total
    except csv.Error as error:
        raise SlicesError(file, reader.line_num, f"not CSV: {error}") from None
    if order is None:
        raise SlicesError(file, 1, f"empty; the first line names the columns: {','.join(COLUMNS)}")


def _column_order(file: str, line: int, header: list[str]) -> list[int]:
    for name in COLUMNS:
        if name not in header:
            raise SlicesError(file, line, f"column {name!r} is missing; the columns are {','.join(COLUMNS)}")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise SlicesError(file, line, f"column {name!r} is unknown or doubled; the columns are {','.join(COLUMNS)}")
    return [header.index(name) for name in COLUMNS]


def _ndjson_rows(file: str, text: str) -> Iterator[tuple[int, str, str, Any, Any]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        yield line, *_ndjson_cells(file, line, content)


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


def _collect(file: str, rows: Iterator[tuple[int, str, str, Any, Any]]) -> dict[str, Slices]:
    found: dict[str, dict[Minute, tuple[int, int]]] = {}
    minutes: dict[str, Minute] = {}  # many indicators share a minute's text, and parsing it costs the most
    for line, indicator, when, good_text, total_text in rows:
        if not indicator:
            raise SlicesError(file, line, "the indicator is empty")
        minute = minutes.get(when)
        if minute is None:
            minute = minutes[when] = _minute(file, line, when)
        good, total = _count(file, line, "good", good_text), _count(file, line, "total", total_text)
        if good > total:
            raise SlicesError(file, line, f"good {good} is more than total {total}")
        mine = found.setdefault(indicator, {})
        if minute in mine:
            raise SlicesError(file, line, f"minute {when} of {indicator} is given twice")
        mine[minute] = (total, total - good)
    return {indicator: _arrays(table) for indicator, table in found.items()}


def _arrays(table: Mapping[Minute, tuple[int, int]]) -> Slices:
    minutes = np.fromiter(table, np.int64, len(table))
    counts = np.array(list(table.values()), np.int64).reshape(-1, 2)
    order = np.argsort(minutes)
    return Slices(minutes[order], counts[order, 0], counts[order, 1], np.zeros(len(table), bool))


def _minute(file: str, line: int, text: str) -> Minute:
    try:
        return parse_minute(text)
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
