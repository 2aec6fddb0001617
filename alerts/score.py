"""Pages held against what really happened.

A page is a breach of severity page that was told. It is about the minutes fired_at - long <= m < resolved_at, `long` being the
long window of its rule: those that made it fire and those while it was open. An incident explains a page when one of its
minutes is among them and it is about the same objective, or about none in particular.

- A page that no incident explains is false.
- An incident is detected by the first page that it explains, and missed without one. The time to detect runs from its start
  to when that page was told; 0 where it was open already.
- An incident of which no minute was judged, that is first - 1 <= m < last for T = first..last, counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.backtest import Played
    from alerts.breach import Breach
    from alerts.incidents import Incident
    from slo.estate.spec import Severity
    from slo.units import Minute

Outcome = Literal["detected", "missed", "not_judged"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`page` is the one that detected the incident, `minutes` the time to detect."""

    incident: Incident
    outcome: Outcome
    page: Breach | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """`findings` in the order of the incidents; `pages` and the `false` ones among them in that of being told."""

    findings: tuple[Finding, ...]
    pages: tuple[Breach, ...]
    false: tuple[Breach, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(finding.outcome == outcome for finding in self.findings)

    @property
    def precision(self) -> Fraction | None:
        """The share of the pages that an incident explains; None without a page."""
        return 1 - Fraction(len(self.false), len(self.pages)) if self.pages else None

    @property
    def recall(self) -> Fraction | None:
        """The share of the judged incidents that were detected; None without one."""
        judged = len(self.findings) - self.count("not_judged")
        return Fraction(self.count("detected"), judged) if judged else None

    @property
    def times(self) -> list[int]:
        """Minutes to detect, ascending."""
        return sorted(finding.minutes for finding in self.findings if finding.minutes is not None)

    @property
    def median_time(self) -> Fraction | None:
        """Of an even number of incidents the mean of the middle two."""
        return Fraction(median(map(Fraction, self.times))) if self.times else None

    @property
    def worst_time(self) -> int | None:
        return max(self.times, default=None)


def score(played: Sequence[Played], incidents: Iterable[Incident]) -> Score:
    pages = told(played, "page")
    known = tuple(incidents)
    false = tuple(page for page in pages if not any(explains(incident, page) for incident in known))
    return Score(tuple(_finding(played, pages, incident) for incident in known), pages, false)


def told(played: Iterable[Played], severity: Severity) -> tuple[Breach, ...]:
    """By the minute at which it was told, then by objective; what was muted until it resolved is not among them."""
    found = [(b.notified_at, b.objective, b) for one in played for b in one.breaches if b.severity == severity]
    return tuple(b for at, _, b in sorted(f for f in found if f[0] is not None))


def explains(incident: Incident, page: Breach) -> bool:
    began = incident.end > page.fired_at - page.rule.long
    return incident.is_about(page.objective) and began and (page.resolved_at is None or incident.start < page.resolved_at)


def _finding(played: Iterable[Played], pages: Iterable[Breach], incident: Incident) -> Finding:
    if not any(_judged(one, incident) for one in played):
        return Finding(incident, "not_judged")
    page = next((page for page in pages if explains(incident, page)), None)
    if page is None:
        return Finding(incident, "missed")
    return Finding(incident, "detected", page, max(0, told_at(page) - incident.start))


def told_at(page: Breach) -> Minute:
    assert page.notified_at is not None, "only pages that were told are held against incidents"
    return page.notified_at


def _judged(one: Played, incident: Incident) -> bool:
    return incident.is_about(one.objective.id) and incident.start < one.last and incident.end >= one.first
