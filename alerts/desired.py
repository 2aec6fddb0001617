"""Everything that an estate wants to exist in CloudWatch and SNS, and why some components want nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.alarms import default_alarm
from alerts.burn_alarms import fast_burn, fast_rule, is_native, why_not
from alerts.topics import Pager, topics
from slo.errors import ProvisionError
from slo.estate.indicator import EventRatio, MetricQuery, Unbound
from slo.resource import Place, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Component, Estate, Severity


@dataclass(frozen=True, slots=True)
class Wanted:
    """`without` are (component, why it has no alarms); `places` is where to look for what is no longer wanted.

    `notes` are (objective, why CloudWatch cannot tell its burn): Sloop alone pages for it.
    """

    resources: tuple[Resource, ...]
    places: tuple[Place, ...]
    without: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def wanted_alarms(estate: Estate, catalog: Catalog, pager: Pager | None = None) -> Wanted:
    """Topics, the pager's subscription and alarms, in a fixed order. ProvisionError when two would have one name."""
    made: list[Resource] = []
    without: list[tuple[str, str]] = []
    for component in estate.components:
        found = _defaults(estate, catalog, component)
        if isinstance(found, Unbound):
            without.append((component.name, found.text))
        else:
            made += found
        made += _fast_burns(estate, catalog, component)
    _check_names(made)
    places = _places(estate, made)
    around = [r for place in places for r in topics(estate.name, place, _severities(place, made, estate), pager)]
    notes = tuple((o.id, why) for o in estate.objectives if (why := why_not(o)) is not None)
    return Wanted((*around, *made), places, tuple(without), notes)


def _defaults(estate: Estate, catalog: Catalog, component: Component) -> list[Resource] | Unbound:
    alarms = catalog.alarms(component, estate.account(component.account))
    if isinstance(alarms, Unbound):
        return alarms
    return [default_alarm(estate, component, a, _place_of(estate, component.name, a.queries.values())) for a in alarms]


def _fast_burns(estate: Estate, catalog: Catalog, component: Component) -> Iterator[Resource]:
    for objective in component.objectives:
        indicator = catalog.measure(component, objective, estate.account(component.account))
        rule = fast_rule(objective)
        if rule is not None and isinstance(indicator, EventRatio) and is_native(indicator):
            queries = [q for q in indicator.total if isinstance(q, MetricQuery)]
            yield from fast_burn(estate, component, objective, indicator, rule, _place_of(estate, component.name, queries))


def _place_of(estate: Estate, component: str, queries: Iterable[MetricQuery]) -> Place:
    """An alarm lives where its metrics are; CloudWatch cannot look across regions."""
    found = {(q.account, q.region) for q in queries}
    if len(found) != 1:
        raise ProvisionError(f"component {component}: an alarm reads metrics of several regions or accounts; split it")
    ((name, region),) = found
    return _place(estate, name, region)


def _place(estate: Estate, name: str | None, region: str) -> Place:
    account = estate.account(name)
    assert account is not None, "a query is bound in an account"
    return Place(account.name, region, account.id, account.role_arn)


def _places(estate: Estate, made: Sequence[Resource]) -> tuple[Place, ...]:
    """Every account's own region is looked at, even if nothing is wanted there any more."""
    own = {_place(estate, a.name, a.region) for a in estate.accounts}
    return tuple(sorted(own | {_place(estate, r.account, r.region) for r in made}))


def _severities(place: Place, made: Sequence[Resource], estate: Estate) -> tuple[Severity, ...]:
    """The pages topic of the first account is there for Sloop itself, with or without alarms."""
    here = [r for r in made if (r.account, r.region) == (place.account, place.region)]
    first = estate.accounts[0]
    actions = {action.rsplit("-", 1)[-1] for r in here for action in r.spec["AlarmActions"]}
    main = (place.account, place.region) == (first.name, first.region)
    severities: list[Severity] = ["page"] if here or main else []
    return (*severities, "ticket") if "tickets" in actions else tuple(severities)


def _check_names(made: Sequence[Resource]) -> None:
    twice = [name for name, count in Counter((r.account, r.region, r.name) for r in made).items() if count > 1]
    if twice:
        raise ProvisionError(f"two alarms would be called {twice[0][2]}; rename the component, objective or alarm behind one")
