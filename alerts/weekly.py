"""How often an estate's policies would have told somebody, per week of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from alerts.backtest import Terms, play
from alerts.score import told
from slo.units import format_minute, nearest_double

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.backtest import Played
    from slo.estate.spec import Estate, Severity
    from slo.judge.series import Slices
    from slo.units import Minute

WEEK = 7 * 1440


@dataclass(frozen=True, slots=True)
class Weekly:
    """Pages and tickets of one objective that were told at T = first..last, which is `weeks` long."""

    objective: str
    first: Minute
    last: Minute
    pages: int
    tickets: int

    @property
    def weeks(self) -> Fraction:
        return Fraction(self.last - self.first + 1, WEEK)

    @property
    def rates(self) -> tuple[Fraction, Fraction]:
        """Pages and tickets per week."""
        return self.pages / self.weeks, self.tickets / self.weeks


def weekly(estate: Estate, slices: Mapping[str, Slices]) -> tuple[Weekly, ...]:
    """Of every objective that was measured, in the order of the estate."""
    return tuple(_weekly(played) for played in play(estate, slices, Terms()))


def in_all(rows: tuple[Weekly, ...]) -> tuple[Fraction, Fraction]:
    """Pages and tickets per week of the whole estate."""
    pages, tickets = (sum((row.rates[n] for row in rows), Fraction(0)) for n in (0, 1))
    return pages, tickets


def document(rows: tuple[Weekly, ...]) -> dict[str, Any]:
    """`objectives` with their counts and range, and the two rates of all."""
    pages, tickets = in_all(rows)
    return {
        "objectives": [_row(row) for row in rows],
        "pages_per_week": nearest_double(pages),
        "tickets_per_week": nearest_double(tickets),
    }


def lines(rows: tuple[Weekly, ...]) -> Iterator[str]:
    """What was told, most pages first, and the sum; objectives that told nobody are only counted."""
    pages, tickets = in_all(rows)
    if not rows:
        yield "Back-test: nothing measured, so nothing to replay"
        return
    yield f"Back-test: {_rate(pages)} pages and {_rate(tickets)} tickets per week"
    loud = [row for row in rows if row.pages or row.tickets]
    for row in sorted(loud, key=lambda r: (-r.rates[0], -r.rates[1], r.objective)):
        rates = f"{_rate(row.rates[0])} pages, {_rate(row.rates[1])} tickets per week"
        yield f"  {row.objective}: {rates} ({nearest_double(row.weeks * 7):.1f} days measured)"
    if len(loud) < len(rows):
        yield f"  {len(rows) - len(loud)} objectives would have told nobody"


def _weekly(played: Played) -> Weekly:
    page, ticket = _count(played, "page"), _count(played, "ticket")
    return Weekly(played.objective.id, played.first, played.last, page, ticket)


def _count(played: Played, severity: Severity) -> int:
    return len(told([played], severity))


def _row(row: Weekly) -> dict[str, Any]:
    pages, tickets = row.rates
    return {
        "objective": row.objective,
        "from": format_minute(row.first),
        "to": format_minute(row.last),
        "pages": row.pages,
        "tickets": row.tickets,
        "pages_per_week": nearest_double(pages),
        "tickets_per_week": nearest_double(tickets),
    }


def _rate(rate: Fraction) -> str:
    return f"{nearest_double(rate):.1f}"
