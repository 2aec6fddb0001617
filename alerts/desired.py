"""Everything that an estate wants to exist in CloudWatch and SNS, and why some components want nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.burn_alarms import fast_burn
from alerts.burn_metric import burn_metric_alarms
from alerts.heartbeat import heartbeat_alarm
from alerts.mutes import mute_rules
from alerts.suppression import Placed, with_suppression
from alerts.topics import Channel, Pager, topic_arn, topics
from alerts.undelivered import undelivered_alarm
from slo.errors import ProvisionError
from slo.estate.indicator import EventRatio, MetricQuery, RateRatio, TimeSlice, Unbound
from slo.estate.native import fast_rule, form, survives, why_not, why_unmeasured
from slo.resource import Place, Resource, partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Component, Estate

GLOBAL_REGION = "us-east-1"
"""Where CloudFront and what stands before it is measured, whatever the account's region."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`without` are (component, why it has no alarms); `places` is where to look for what is no longer wanted.

    `notes` are (objective that shall survive Sloop, why CloudWatch cannot tell its burn): Sloop alone pages for it.
    """

    resources: tuple[Resource, ...]
    places: tuple[Place, ...]
    without: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def wanted_alarms(estate: Estate, catalog: Catalog, pager: Pager | None = None, second: Pager | None = None) -> Wanted:
    """Topics, subscriptions, alarms and mute rules, in a fixed order. ProvisionError when two would have one name.

    The second topic is heard by the pager itself unless `second` says otherwise.
    """
    defaults, without = _defaults(estate, catalog)
    made = list(with_suppression(estate, defaults))
    native = [r for component in estate.components for r in _fast_burns(estate, catalog, component)]
    made += [*native, *(r for component in estate.components for r in _burn_metrics(estate, component))]
    made += list(_second_path(estate, native, made))
    _check_names(made)
    places = _places(estate, made)
    around = [r for place in places for r in topics(estate.name, place, _channels(place, made, estate), pager, second or pager)]
    notes = tuple(_notes(estate, catalog))
    muted = mute_rules(estate, made)
    return Wanted((*around, *made, *muted), places, tuple(without), notes)


def _defaults(estate: Estate, catalog: Catalog) -> tuple[dict[str, list[Placed]], list[tuple[str, str]]]:
    """The default alarms by component, and the components that have none, with the reason."""
    found: dict[str, list[Placed]] = {}
    without: list[tuple[str, str]] = []
    for component in estate.components:
        alarms = catalog.alarms(component, estate.account(component.account))
        if isinstance(alarms, Unbound):
            without.append((component.name, alarms.text))
        else:
            found[component.name] = [Placed(a, _place_of(estate, component.name, a.queries.values())) for a in alarms]
    return found, without


def _fast_burns(estate: Estate, catalog: Catalog, component: Component) -> Iterator[Resource]:
    """Of the objectives that shall survive Sloop, where CloudWatch can count them."""
    for objective in component.objectives:
        indicator = catalog.measure(component, objective, estate.account(component.account))
        rule = fast_rule(objective) if survives(component, objective) and form(indicator) else None
        if rule is not None and isinstance(indicator, EventRatio | RateRatio | TimeSlice):
            queries = [q for q in indicator.queries if isinstance(q, MetricQuery)][:1]
            yield from fast_burn(estate, component, objective, indicator, rule, _place_of(estate, component.name, queries))


def _notes(estate: Estate, catalog: Catalog) -> Iterator[tuple[str, str]]:
    for component in estate.components:
        account = estate.account(component.account)
        for objective in (o for o in component.objectives if survives(component, o)):
            why = why_not(objective) or why_unmeasured(catalog.measure(component, objective, account))
            if why is not None:
                yield objective.id, why


def _second_path(estate: Estate, native: Sequence[Resource], made: Sequence[Resource]) -> Iterator[Resource]:
    """A heartbeat beside every native burn alarm, which asks for it, and where Sloop's own pages go out.

    A look at the dead letters in every place that has topics.
    """
    if not estate.components or not estate.accounts:
        return
    first = _place(estate, estate.accounts[0].name, estate.accounts[0].region)
    beating = {first, *(_place(estate, r.account, r.region) for r in native)}
    telling = {first, *(_place(estate, r.account, r.region) for r in made)}
    yield from (heartbeat_alarm(estate, place) for place in sorted(beating))
    yield from (undelivered_alarm(estate, place) for place in sorted(telling))


def _burn_metrics(estate: Estate, component: Component) -> Iterator[Resource]:
    """In the component's own region: what Sloop publishes it may publish anywhere."""
    account = estate.account(component.account)
    for objective in component.objectives if account else ():
        assert account is not None, "asked just before"
        yield from burn_metric_alarms(estate, component, objective, _place(estate, account.name, account.region))


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
    """Looked at even if nothing is wanted there any more: every account's own region, and where its CloudFront is measured."""
    own = {_place(estate, a.name, region) for a in estate.accounts for region in _usual_regions(a.region)}
    return tuple(sorted(own | {_place(estate, r.account, r.region) for r in made}))


def _usual_regions(region: str) -> tuple[str, ...]:
    return (region, GLOBAL_REGION) if partition(region) == partition(GLOBAL_REGION) else (region,)


def _channels(place: Place, made: Sequence[Resource], estate: Estate) -> tuple[Channel, ...]:
    """The pages topic of the first account is there for Sloop itself, with or without alarms."""
    here = [r for r in made if (r.account, r.region) == (place.account, place.region)]
    first = estate.accounts[0]
    told = {action for r in here for action in r.spec["AlarmActions"]}
    main = (place.account, place.region) == (first.name, first.region)
    pages: tuple[Channel, ...] = ("page",) if here or main else ()
    others: tuple[Channel, ...] = ("ticket", "second")
    return pages + tuple(c for c in others if topic_arn(estate.name, c, place) in told)


def _check_names(made: Sequence[Resource]) -> None:
    twice = [name for name, count in Counter((r.account, r.region, r.name) for r in made).items() if count > 1]
    if twice:
        raise ProvisionError(f"two alarms would be called {twice[0][2]}; rename the component, objective or alarm behind one")
