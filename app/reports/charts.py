"""A week as a strip of hours, drawn on the server: no script, no picture to load."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT, LABELS = 4, 18, 14
WORDS = {
    "good": "all good",
    "within": "bad events within the budget",
    "over": "bad events beyond the budget",
    "idle": "no events",
    "partly": "partly missing",
    "missing": "missing",
}
"""Of `slo.judge.compliance.hour`, in the order of the key."""


def week_strip(calendar: Sequence[str], label: str) -> Markup:
    """`calendar` names each judged hour; hours of one kind in a row are one rectangle, what is not judged stays blank."""
    cells, start = [], 0
    for kind, group in groupby(calendar):
        length = len(list(group))
        cells.append(f'<rect class="{escape(kind)}" x="{start * WIDTH}" y="0" width="{length * WIDTH}" height="{HEIGHT}"/>')
        start += length
    days = [
        f'<path class="day" d="M{day * 24 * WIDTH} 0V{HEIGHT + 4}"/>'
        f'<text x="{day * 24 * WIDTH + 3}" y="{HEIGHT + LABELS - 2}">{name}</text>'
        for day, name in enumerate(("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))
    ]
    said = ", ".join(f"{calendar.count(kind)} hours {words}" for kind, words in WORDS.items() if kind in calendar)
    return Markup(  # noqa: S704  # numbers, fixed words and escaped text only
        f'<svg class="strip" viewBox="0 0 {7 * 24 * WIDTH} {HEIGHT + LABELS}" role="img" '
        f'aria-label="{escape(label)}: {escape(said)}">{"".join(cells)}{"".join(days)}</svg>'
    )
