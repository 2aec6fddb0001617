"""A first estate out of what an account was found to hold: components, who calls whom, and targets with their reasons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slo.estate.annotate import annotate, comment
from slo.estate.found import calls_between, component, components_of, with_queue
from slo.estate.indicator import Unbound
from slo.estate.spec import Estate, Objective
from slo.estate.suggest import suggest
from slo.estate.write import write
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slo.catalog.catalog import Catalog
    from slo.catalog.kind import DefaultObjective
    from slo.estate.annotate import Path
    from slo.estate.found import Call, Found
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Account, Component
    from slo.judge.windows import Counts
    from slo.units import Minute

WINDOW = 30 * 1440
"""Of an objective for which the kind proposes no window."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An indicator that can be measured; `usual` is what its kind proposes for it."""

    component: str
    indicator: str
    measure: Indicator
    usual: DefaultObjective | None

    @property
    def id(self) -> str:
        return f"{self.component}.{self.indicator}"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found, before anything of it is measured. `unbound` says of each component what cannot be measured."""

    account: Account
    found: Mapping[str, Found]
    components: tuple[Component, ...]
    calls: Mapping[str, tuple[Call, ...]]
    candidates: tuple[Candidate, ...]
    unbound: Mapping[str, tuple[str, ...]]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Discovered:
    """`comments` are the reasons, by where they belong in the written estate."""

    estate: Estate
    comments: Mapping[Path, Sequence[str]] = field(default_factory=dict)
    foot: tuple[str, ...] = ()

    def text(self, catalog: Catalog) -> str:
        """The canonical text of the estate with the comments above what they are about."""
        return annotate(write(self.estate, catalog.default_policy).text, self.comments) + comment(self.foot)


def draft(found: Sequence[Found], edges: Iterable[tuple[str, str]], catalog: Catalog, account: Account) -> Draft:
    """`edges` of X-Ray's map: (caller, callee) by the names of its services."""
    named = with_queue(components_of(found))
    calls = calls_between(named, edges)
    components = tuple(component(name, one, calls) for name, one in named.items())
    candidates: list[Candidate] = []
    unbound: dict[str, tuple[str, ...]] = {}
    for one in components:
        measurable, reasons = _candidates(one, catalog, account)
        candidates += measurable
        unbound[one.name] = reasons
    by_caller = {name: calls.of(name) for name in named}
    return Draft(account, named, components, by_caller, tuple(candidates), unbound, tuple(calls.left))


def settle(
    drafted: Draft,
    name: str,
    measured: Mapping[str, Counts | str],
    catalog: Catalog,
    gaps: Sequence[str],
    span: tuple[Minute, Minute],
) -> Discovered:
    """`measured` by the id of each candidate: its sums over the `span` (start, end), or why there are none."""
    minutes = span[1] - span[0]
    comments: dict[Path, Sequence[str]] = {(): _head(drafted.account, *span)}
    components = []
    for number, one in enumerate(drafted.components):
        place: Path = ("components", number)
        objectives, reasons, without = _objectives(drafted, one, measured, catalog, minutes)
        for index, reason in enumerate(reasons):
            comments[*place, "objectives", index] = reason
        if one.depends_on:
            comments[*place, "depends_on"] = [f"{call.callee}: {call.reason}." for call in drafted.calls[one.name]]
        thing = drafted.found[one.name]
        comments[place] = [f"{thing.source} told of {thing.id}.", *thing.notes, *without]
        components.append(replace(one, objectives=objectives, no_objective=_no_objective(one, objectives, without, catalog)))
    estate = Estate(name, (drafted.account,), tuple(components))
    return Discovered(estate, comments, _foot(drafted, gaps))


def _candidates(one: Component, catalog: Catalog, account: Account) -> tuple[list[Candidate], tuple[str, ...]]:
    kind = catalog.kinds[one.kind]
    usual = {objective.indicator: objective for objective in kind.objectives}
    measurable, reasons = [], []
    for indicator in kind.indicators:
        bound = catalog.bind(one, indicator, account)
        if isinstance(bound, Unbound):
            reasons.append(f"{indicator} cannot be measured: {bound.text}.")
        else:
            measurable.append(Candidate(one.name, indicator, bound, usual.get(indicator)))
    return measurable, tuple(reasons)


def _objectives(
    drafted: Draft, one: Component, measured: Mapping[str, Counts | str], catalog: Catalog, minutes: int
) -> tuple[tuple[Objective, ...], list[tuple[str, ...]], list[str]]:
    """The objectives, the reasons of each, and sentences about indicators that none is suggested for."""
    objectives, reasons, without = [], [], list(drafted.unbound[one.name])
    for candidate in (c for c in drafted.candidates if c.component == one.name):
        suggested = suggest(measured[candidate.id], candidate.usual, minutes)
        if suggested.target is None:
            without.append(f"{candidate.indicator} is left out: {' '.join(suggested.reasons)}")
            continue
        window = candidate.usual.window if candidate.usual else WINDOW
        objective = Objective(
            candidate.id,
            one.name,
            candidate.indicator,
            suggested.target,
            window,
            catalog.default_policy,
            target_source=suggested.source,
        )
        objectives.append(objective)
        reasons.append(suggested.reasons)
    return tuple(objectives), reasons, without


def _no_objective(one: Component, objectives: Sequence[Objective], without: Sequence[str], catalog: Catalog) -> str | None:
    return None if objectives else catalog.kinds[one.kind].no_objective or " ".join(without)


def _head(account: Account, start: Minute, end: Minute) -> tuple[str, ...]:
    measured = f"{format_minute(start)} to {format_minute(end)}"
    return (
        f"Discovered in account {account.id}, region {account.region}. Targets are suggested from {measured}.",
        "Above each thing stands why it is here. Correct it, decide what is promised, and add owners, tiers and recovery.",
    )


def _foot(drafted: Draft, gaps: Sequence[str]) -> tuple[str, ...]:
    unread = [f"Not read: {gap}" for gap in gaps]
    left = [f"Not used: {sentence}." for sentence in drafted.left]
    return (*unread, *left)
