"""What was found in an account, as components: named, and told which of them calls which."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slo.estate.labels import label_of
from slo.estate.spec import Component

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_LEAST_WORD = 3
"""Shorter names say nothing in the text of others."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing of an account. `id` is what AWS calls it, `name` its tag Name if it has one, `resource` is as its kind wants.

    `source` is the IAM action that told of it, `aliases` are hosts and addresses by which others know it, `says` are texts
    in which it names others: its origins, the values of its environment. `notes` are for the reader of the estate.
    """

    kind: str
    id: str
    source: str
    resource: Mapping[str, str | tuple[str, ...]]
    name: str | None = None
    aliases: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A dependency and why it is believed."""

    caller: str
    callee: str
    reason: str


@dataclass(slots=True)
class Calls:
    """`kept` are in the order in which they were found; `left` are sentences about those that no component stands for."""

    kept: list[Call] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def add(self, caller: str, callee: str, reason: str) -> None:
        """Once, with every reason; never of itself, and none that closes a circle: an estate has no circles."""
        known = [n for n, c in enumerate(self.kept) if (c.caller, c.callee) == (caller, callee)]
        if known:
            self.kept[known[0]] = replace(self.kept[known[0]], reason=f"{self.kept[known[0]].reason}; {reason}")
        elif caller == callee:
            return
        elif caller in self._reached_from(callee):
            self.left.append(f"{reason}; {caller} -> {callee} would close a circle and is left out")
        else:
            self.kept.append(Call(caller, callee, reason))

    def of(self, caller: str) -> tuple[Call, ...]:
        return tuple(call for call in self.kept if call.caller == caller)

    def _reached_from(self, name: str) -> set[str]:
        reached, todo = set[str](), [name]
        while todo:
            one = todo.pop()
            if one not in reached:
                reached.add(one)
                todo += [call.callee for call in self.kept if call.caller == one]
        return reached


def components_of(found: Sequence[Found]) -> dict[str, Found]:
    """By a name that is a label and given once: from the tag Name, else from the id."""
    named: dict[str, Found] = {}
    # Who has a tag is asked first, so that an id never takes the name that somebody chose.
    for one in sorted(found, key=lambda f: f.name is None):
        named[label_of(one.name or one.id, named) or label_of(f"{one.kind}-{one.id}", named) or one.kind] = one
    order = {id(one): n for n, one in enumerate(found)}
    return dict(sorted(named.items(), key=lambda item: order[id(item[1])]))


def calls_between(named: Mapping[str, Found], edges: Iterable[tuple[str, str]]) -> Calls:
    """From target groups, from what each says of others, and from X-Ray's map, `edges` of it as (caller, callee)."""
    calls = Calls()
    for name, one in named.items():
        for other, text in _balanced(named, one):
            calls.add(name, other, text)
    for name, one in named.items():
        for other in _said(named, name, one):
            calls.add(name, other, f"{name} is configured with an address of {named[other].id}")
    meant = known_as(named)
    for caller, callee in sorted(edges):
        ends = [meant(end) for end in (caller, callee)]
        if ends[0] and ends[1]:
            calls.add(ends[0], ends[1], f"X-Ray saw {caller} call {callee}")
        else:
            strangers = " and ".join(repr(e) for e, name in zip((caller, callee), ends, strict=True) if not name)
            calls.left.append(f"X-Ray saw {caller} call {callee}: no single component goes by {strangers}")
    return calls


def known_as(named: Mapping[str, Found]) -> Callable[[str], str | None]:
    """Of a name that X-Ray uses, the one component that goes by it."""
    known = _known(named)
    return lambda name: known.get(_word(name))


def with_queue(named: Mapping[str, Found]) -> dict[str, Found]:
    """A service behind no load balancer that names just one queue is taken for its worker."""
    done = dict(named)
    for name, one in named.items():
        queues = [o for o in _said(named, name, one) if named[o].kind == "sqs"]
        if one.kind == "ecs" and "target_group" not in one.resource and len(queues) == 1:
            queue = named[queues[0]].id
            note = f"{queue} is taken for the queue that it works: it has no load balancer and names no other queue."
            done[name] = replace(one, resource={**one.resource, "queue": queue}, notes=(*one.notes, note))
    return done


def component(name: str, one: Found, calls: Calls) -> Component:
    """In the default account, which is the only one."""
    depends_on = tuple(call.callee for call in calls.of(name))
    return Component(name, one.kind, resource=one.resource, depends_on=depends_on)


def _balanced(named: Mapping[str, Found], balancer: Found) -> Iterator[tuple[str, str]]:
    if balancer.kind != "alb":
        return
    for name, one in named.items():
        if one.kind == "ecs" and one.resource.get("load_balancer") == balancer.resource["load_balancer"]:
            yield name, f"{one.resource['target_group']} of {name} is behind {balancer.id}"


def _said(named: Mapping[str, Found], name: str, one: Found) -> Iterator[str]:
    """Who is named there by an alias. An id alone is none: `prod` is a database, and a word in everybody's settings."""
    for other, thing in named.items():
        if other != name and any(_names(text, alias) for alias in thing.aliases for text in one.says):
            yield other


def _names(text: str, alias: str) -> bool:
    """As a whole: `demo-jobs` is not named by `demo-jobs-dlq`, nor `media` by `media.example.com`."""
    whole = rf"(?<![\w.-]){re.escape(alias)}(?!\.?[\w-])"
    return len(alias) >= _LEAST_WORD and re.search(whole, text, re.IGNORECASE) is not None


def _known(named: Mapping[str, Found]) -> dict[str, str]:
    """Names by which X-Ray may know a component; one that two go by is nobody's."""
    owners: dict[str, set[str]] = {}
    for name, one in named.items():
        for word in (name, one.id, one.name or name, *one.aliases):
            owners.setdefault(_word(word), set()).add(name)
    exact = {_word(name): name for name in named}
    return {word: next(iter(names)) for word, names in owners.items() if len(names) == 1} | exact


def _word(text: str) -> str:
    """Of `database@host`, an address or an ARN what says which: the host, or the last part of a path."""
    last = text.rstrip("/").rpartition("/")[2].rpartition("@")[2]
    return (last.rpartition(":")[2] if text.startswith("arn:") else last.partition(":")[0]).lower().rstrip(".")
