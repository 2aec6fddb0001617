"""Whose a thing of AWS is: the component of an estate that goes by one of its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from slo.estate.spec import Component, Estate

_NO_NAMES = frozenset({"filter", "storage_class", "replica_region", "backup_region", "replication_rule", "cidr"})
"""Fields of `resource` that name no thing of an account."""


def component_of(
    estate: Estate,
    names: Iterable[str],
    kinds: Collection[str] = (),
    *,
    account: str | None = None,
    region: str | None = None,
) -> str | None:
    """By ARNs or names, the most telling first; one that two components go by says nothing.

    `kinds` are those that it may be of, `account` and `region` are where it is, as AWS says it; what is left out is not asked.
    """
    there = [c for c in estate.components if (not kinds or c.kind in kinds) and _is_in(estate, c, account)]
    for name in names:
        wanted = set(_spellings(name))
        found = [c for c in there if wanted & known_as(c)]
        near = [c for c in found if len(found) == 1 or _region(estate, c) == region]
        if len(near) == 1:
            return near[0].name
    return None


def known_as(component: Component) -> frozenset[str]:
    """The names of its resources; a service goes by its cluster and name too."""
    names: set[str] = set()
    for field, value in component.resource.items():
        if field not in _NO_NAMES:
            names.update((value,) if isinstance(value, str) else value)
    cluster, service = component.resource.get("cluster"), component.resource.get("service")
    if cluster and service:
        # Many services share a cluster, which is therefore the name of none.
        names = names - {str(cluster)} | {f"{cluster}/{service}"}
    return frozenset(names)


def _spellings(name: str) -> Iterator[str]:
    """Of an ARN what comes after the account: `db:prod-pg` and `prod-pg`, `service/demo/api`, `demo/api` and `api`."""
    last = name.split(":", 5)[5] if name.startswith("arn:") and name.count(":") >= 5 else name
    yield last
    for mark in (":", "/"):
        while mark in last:
            last = last.partition(mark)[2]
            yield last


def _is_in(estate: Estate, component: Component, account: str | None) -> bool:
    known = estate.account(component.account)
    return account is None or known is None or known.id == account


def _region(estate: Estate, component: Component) -> str | None:
    known = estate.account(component.account)
    return None if known is None else known.region
