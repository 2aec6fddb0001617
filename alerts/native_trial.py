"""A back-test of the native alarms: every objective that has some, and what the others would have been without Sloop."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.native import forms, replayed
from alerts.native_differences import episodes
from slo.estate.native import survives, why_not, why_unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.backtest import Played
    from alerts.native import NativePlayed
    from alerts.native_differences import Cause, Episode
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate, Objective
    from slo.judge.series import Slices
    from slo.resource import Resource


@dataclass(frozen=True, slots=True)
class Compared:
    native: NativePlayed
    episodes: tuple[Episode, ...]

    @property
    def engine_pages(self) -> int:
        """Those that were told."""
        return _told(self.native.played)

    @property
    def native_pages(self) -> int:
        return sum(page.told_at is not None for page in self.native.pages)


@dataclass(frozen=True, slots=True)
class Alone:
    """An objective without native alarms: nobody pages for it while Sloop is dead; `pages` is how often Sloop would have."""

    objective: str
    why: str
    pages: int


@dataclass(frozen=True, slots=True)
class NativeTrial:
    compared: tuple[Compared, ...]
    alone: tuple[Alone, ...]

    @property
    def causes(self) -> Counter[Cause]:
        """How many differences each cause explains."""
        return Counter(d.cause for one in self.compared for e in one.episodes for d in e.differences)


def native_trial(
    estate: Estate,
    catalog: Catalog,
    resources: Iterable[Resource],
    played: Sequence[Played],
    slices: Mapping[str, Slices],
) -> NativeTrial:
    """`resources` are what the estate declares in AWS; `played` is what the engine did on these slices."""
    known = forms(estate, catalog, resources)
    compared = [
        _compared(replayed(estate, known[p.objective.id], p, slices), slices) for p in played if p.objective.id in known
    ]
    alone = [_alone(estate, catalog, p) for p in played if p.objective.id not in known]
    return NativeTrial(tuple(compared), tuple(alone))


def _compared(native: NativePlayed, slices: Mapping[str, Slices]) -> Compared:
    return Compared(native, episodes(native, slices))


def _alone(estate: Estate, catalog: Catalog, played: Played) -> Alone:
    return Alone(played.objective.id, _why(estate, catalog, played.objective), _told(played))


def _why(estate: Estate, catalog: Catalog, objective: Objective) -> str:
    component = estate.component(objective.component)
    if not survives(component, objective):
        return "it is not marked survives_sloop, and its component is not of tier 1"
    indicator = catalog.measure(component, objective, estate.account(component.account))
    return why_not(objective) or why_unmeasured(indicator) or "no alarm is declared for it"


def _told(played: Played) -> int:
    return sum(b.severity == "page" and b.notified_at is not None for b in played.breaches)
