"""Where panels stand: row under row, left to right, 24 columns wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.panels import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dashboards.panels import Panel


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; an empty heading draws none."""

    heading: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel, or a heading as text, at cell (x, y)."""

    panel: Panel | str
    x: int
    y: int
    width: int
    height: int


def place(rows: Iterable[Row]) -> Iterator[Placed]:
    """Rows without panels are left out; panels that do not fit beside each other go below, under the tallest."""
    y = 0
    for row in rows:
        if not row.panels:
            continue
        if row.heading:
            yield Placed(row.heading, 0, y, COLUMNS, 1)
            y += 1
        x = tallest = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            yield Placed(panel, x, y, panel.width, panel.height)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
