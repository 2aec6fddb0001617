"""What a dashboard is made of, whoever draws it: six kinds of panel, their queries, lines and sizes on a grid of 24 columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from slo.estate.indicator import MetricQuery

Colour = Literal["grey", "green", "yellow", "orange", "red", "blue"]
COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Promql:
    """`legend` may hold `{{label}}`."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One CloudWatch series; `id` is what a `Math` of the same panel calls it; a hidden one is there for that only."""

    id: str
    query: MetricQuery
    title: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Math:
    """CloudWatch metric math over the ids of the same panel, in the account and region of its metrics."""

    id: str
    expression: str
    title: str


Target = Promql | Metric | Math
"""A panel has either Promql targets or the two of CloudWatch, never both: one data source draws it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """From `value` upwards the colour holds; on a time series it is a line, which `label` explains."""

    value: float
    colour: Colour
    label: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel that asks for data. `unit` as in `slo.catalog.signal`; `base` is the colour below the lowest mark.

    `link` is where a click leads, as (title, address); `width` and `height` are cells.
    """

    title: str
    targets: tuple[Target, ...]
    unit: str = "none"
    about: str = ""
    base: Colour = "green"
    marks: tuple[Mark, ...] = ()
    link: tuple[str, str] | None = None
    width: int = 12
    height: int = 7


class Stat(Drawn):
    """The value of now, large; none when there is none now."""

    __slots__ = ()


class TimeSeries(Drawn):
    """Lines over time; every mark is a line across."""

    __slots__ = ()


class BarGauge(Drawn):
    """One bar per series at its value of now."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One query of a table, with unit and colours as of a panel."""

    title: str
    query: Promql
    unit: str = "none"
    base: Colour = "green"
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Table(Drawn):
    """One row per value of the label `key`, ordered by the first column; `targets` are the columns' queries.

    `link` is the title of the rows' own column, and the address before a row's key.
    """

    key: str = ""
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class StateTimeline(Drawn):
    """Coloured stretches: `states` give number -> (word, colour)."""

    states: tuple[tuple[int, str, Colour], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """Markdown; needs no data. `title` is empty: the text has its own headings."""

    markdown: str
    width: int = COLUMNS
    height: int = 3


Panel = Stat | TimeSeries | BarGauge | Table | StateTimeline | Text


def on_cloudwatch(panel: Panel) -> bool:
    """Whether CloudWatch itself can draw it: it knows nothing of Prometheus."""
    return isinstance(panel, Text) or not any(isinstance(target, Promql) for target in panel.targets)


_ESCAPED = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]()#<>|$"})


def plain(text: str) -> str:
    """Names and descriptions of people as text in markdown, on one line: no markup, no variable of Grafana."""
    return " ".join(text.split()).translate(_ESCAPED)
