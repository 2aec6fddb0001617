"""A first estate out of an account: read it, measure what it holds, suggest what it could promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slo.errors import SourceError
from slo.estate.discovered import draft, settle
from slo.estate.spec import Account
from slo.estate.suggest import MINUTES
from slo.judge import sli
from slo.judge.windows import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.ports import Source
    from slo.catalog.catalog import Catalog
    from slo.estate.discovered import Candidate, Discovered, Draft
    from slo.estate.found import Found
    from slo.units import Minute

SETTLED = 15
"""Minutes before now that are not read: the slowest metrics come so late."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """`edges` are (caller, callee) by the names that X-Ray knows; `gaps` are sentences about what could not be read."""

    account_id: str
    region: str
    found: tuple[Found, ...]
    edges: frozenset[tuple[str, str]] = frozenset()
    gaps: tuple[str, ...] = ()


class Discovery(Protocol):
    def read(self, start: Minute, end: Minute) -> Inventory:
        """What is there, and who called whom in start <= minute < end. A refused call is a gap and stops nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Discoverer:
    """`source` reads in an account called `account`; `minutes` is how far back from `now` it measures."""

    discovery: Discovery
    source: Source
    catalog: Catalog
    account: str
    minutes: int = MINUTES

    def discover(self, name: str, now: Minute) -> tuple[Discovered, tuple[str, ...]]:
        """The estate of this name, and what could not be read."""
        end = now - SETTLED
        inventory = self.discovery.read(end - self.minutes, end)
        account = Account(self.account, inventory.account_id, inventory.region)
        drafted = draft(inventory.found, sorted(inventory.edges), self.catalog, account)
        measured = dict(self._measured(drafted, end, now))
        span = (end - self.minutes, end)
        return settle(drafted, name, measured, self.catalog, inventory.gaps, span), inventory.gaps

    def _measured(self, drafted: Draft, end: Minute, now: Minute) -> Iterator[tuple[str, Counts | str]]:
        """A component at a time: its indicators share queries, and 14 days of a whole account would fill the memory."""
        for component in drafted.components:
            candidates = [c for c in drafted.candidates if c.component == component.name]
            if candidates:
                yield from self._counted(candidates, end, now).items()

    def _counted(self, candidates: list[Candidate], end: Minute, now: Minute) -> Mapping[str, Counts | str]:
        sums: dict[str, Counts | str] = {c.id: Counts(0, 0, 0) for c in candidates}
        queries = tuple(dict.fromkeys(q for c in candidates for q in c.measure.queries))
        for span in self.source.spans(end - self.minutes, end, now):
            try:
                answers = self.source.fetch(queries, span)
            except SourceError as error:
                return dict.fromkeys(sums, str(error))
            for one in candidates:
                measured = sli.measure(one.measure, answers, span.start, span.end, period=span.period)
                before, slices = sums[one.id], measured.slices.between(end - self.minutes, end)
                if measured.failure is not None or isinstance(before, str):
                    sums[one.id] = measured.failure or before
                    continue
                total, bad = int(slices.total.sum()), int(slices.bad.sum())
                sums[one.id] = Counts(before.total + total, before.bad + bad, before.measured + len(slices))
        return sums
