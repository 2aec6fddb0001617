"""What is to be known of sources though they answer: warnings, impossible and damaged minutes, what is missing, the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.snapshot import Snapshot, SourceStatus
    from slo.units import Minute

TOLERATED_SKEW = 2.0
MOST = 5
"""Minutes, warnings or objectives that are named of a source."""


@dataclass(frozen=True, slots=True)
class Remark:
    """`do` is what to do about it; `objectives` are linked after the text, each as (id, what is said of it)."""

    source: str
    what: str
    text: str
    do: str = ""
    objectives: tuple[tuple[str, str], ...] = ()


def remarks(snapshot: Snapshot) -> tuple[Remark, ...]:
    """Of the clock first, then by source."""
    of_sources = (remark for s in sorted(snapshot.sources, key=lambda s: s.name) for remark in _of_source(s, snapshot))
    return (*_of_clock(snapshot), *of_sources)


def _of_clock(snapshot: Snapshot) -> Iterator[Remark]:
    skew = snapshot.skew
    if skew is not None and abs(skew) > TOLERATED_SKEW:
        away = f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'}"
        do = "Set it (NTP): minutes are judged too early or too late by as much, and AWS refuses what is signed 5 min off."
        yield Remark("AWS", "clock", f"This machine's clock is {away} AWS's.", do)


def _of_source(source: SourceStatus, snapshot: Snapshot) -> Iterator[Remark]:
    for text in source.remarks[:MOST]:
        yield Remark(source.name, "warning", text, "Its answer was used as it is.")
    if len(source.remarks) > MOST:
        yield Remark(source.name, "warning", f"and {len(source.remarks) - MOST} more warnings")
    if source.damaged:
        which = _minutes(source.damaged, snapshot)
        do = "The rows were put aside and are missing until the source tells them again; look at the disk, or restore a backup."
        yield Remark(source.name, "damaged", f"Rows of {which} could not be read.", do)
    if source.quarantined:
        which = numbers.plural(source.quarantined, "minute")
        said = f"{which} of the last whole poll cannot be: more bad than total, or no count."
        yield Remark(source.name, "impossible", said, "They count as missing; compare the queries of good, bad and total.")
    if source.gaps:
        shown = tuple((objective, f"{missing} of 60 min") for objective, missing in source.gaps[:MOST])
        more = len(source.gaps) - MOST
        text = "Not measured in the last hour:"
        yield Remark(source.name, "missing", text, f"and {more} more" if more > 0 else "", shown)


def _minutes(minutes: Sequence[Minute], snapshot: Snapshot) -> str:
    named = ", ".join(numbers.minute_of(minute, snapshot.made_at) for minute in minutes[:MOST])
    more = len(minutes) - MOST
    return f"{named} and {more:,} more" if more > 0 else named
