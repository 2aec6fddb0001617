"""A drift with who did it, as far as CloudTrail tells: as lines, as JSON, and for a comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.cli.plan_markdown import comment
from app.cli.plan_text import drift_line
from app.ports import Author, Untold
from slo.plan_file import drift_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import Trail
    from slo.plan import Drift


@dataclass(frozen=True, slots=True)
class Told:
    """`by` is None where nobody did anything: an endpoint that never confirmed."""

    drift: Drift
    by: Author | Untold | None


def traced(drifted: Sequence[Drift], trail: Trail) -> tuple[Told, ...]:
    return tuple(Told(d, None if d.kind == "unconfirmed" else trail.who_changed(d.resource)) for d in drifted)


def lines(told: Sequence[Told]) -> Iterator[str]:
    yield from (drift_line(one.drift, _who(one)) for one in told)
    yield from _untold(told)


def document(estate: str, told: Sequence[Told]) -> dict[str, Any]:
    """As `drift_document`; each with `changed_by` {who, at, call}, or null and in `not_told` the reason."""
    found = drift_document(estate, tuple(one.drift for one in told))
    rows = [row | _author(one) for row, one in zip(found["drifted"], told, strict=True)]
    return {**found, "drifted": rows}


def markdown(estate: str, told: Sequence[Told]) -> str:
    head = [f"### Sloop drift: estate {estate}", "", f"**{len(told)} drifted**" if told else "Nobody else changed anything."]
    return comment(head, [f"! {drift_line(one.drift, _who(one))}" for one in told], tuple(_untold(told)))


def _who(told: Told) -> str:
    by = told.by
    return f"; {by.event} by {by.who}, {by.when:%Y-%m-%d %H:%M:%S}Z" if isinstance(by, Author) else ""


def _untold(told: Sequence[Told]) -> Iterator[str]:
    """Each reason once."""
    for reason in sorted({one.by.text for one in told if isinstance(one.by, Untold)}):
        names = [one.drift.resource.name for one in told if one.by == Untold(reason)]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield f"who is not known of {names[0]}{more}: {reason}"


def _author(told: Told) -> dict[str, Any]:
    by = told.by
    if isinstance(by, Author):
        return {"changed_by": {"who": by.who, "at": by.when.isoformat(), "call": by.event}, "not_told": None}
    return {"changed_by": None, "not_told": by.text if by is not None else None}
