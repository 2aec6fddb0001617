"""Selectors that differ in the value of one label, asked for together: one answer serves the objectives of many."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.prometheus.counters import Labels

MOST_TOGETHER = 200
"""Selectors of one group: the query stays below 10 kB or so."""
_SELECTOR = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{(\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=)\s*"[^"\\]*"\s*(?:,(?!\s*\})|(?=\})))+\}')
_MATCHER = re.compile(r'([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"([^"\\]*)"')
_PLAIN = re.compile(r"[\w./:@ -]+", re.ASCII)
"""Values of which only the dot means something in a regular expression. An empty one also stands for no label at all."""


@dataclass(frozen=True, slots=True)
class Group:
    """`members` are selectors by the value of `label`; of a selector alone, the one member is that of every series."""

    query: str
    label: str
    members: Mapping[str, str]

    def member_of(self, labels: Labels) -> str | None:
        """The selector that this series of the answer belongs to; all its other matchers stand in the query."""
        return self.members.get(dict(labels).get(self.label, "") if self.label else "")


def alone(selector: str) -> Group:
    return Group(selector, "", {"": selector})


def grouped(selectors: Sequence[str]) -> list[Group]:
    """Every selector in exactly one group, as many as can be in the same."""
    candidates: dict[_Rest, dict[str, str]] = defaultdict(dict)
    for selector in selectors:
        for rest, value in _without_each_label(selector):
            candidates[rest].setdefault(value, selector)
    taken: set[str] = set()
    found: list[Group] = []
    for rest, members in sorted(candidates.items(), key=lambda item: -len(item[1])):
        free = [(value, selector) for value, selector in members.items() if selector not in taken]
        for first in range(0, len(free), MOST_TOGETHER):
            some = dict(free[first : first + MOST_TOGETHER])
            if len(some) > 1:
                found.append(Group(rest.query(some), rest.label, some))
                taken.update(some.values())
    return [*found, *(alone(selector) for selector in selectors if selector not in taken)]


class _Rest(NamedTuple):
    """A selector without its matcher of `label`; the others are sorted."""

    name: str
    label: str
    matchers: tuple[tuple[str, str, str], ...]

    def query(self, values: Iterable[str]) -> str:
        # A backslash is doubled: first PromQL's string takes one away, then the regular expression.
        either = "|".join(value.replace(".", r"\\.") for value in values)
        matchers = (*self.matchers, (self.label, "=~", either))
        written = ",".join(f'{label}{sign}"{value}"' for label, sign, value in matchers)
        return f"{self.name}{{{written}}}"


def _without_each_label(selector: str) -> list[tuple[_Rest, str]]:
    """Nothing of a selector that is not plain enough to be taken apart, or names a label twice."""
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        return []
    matchers = sorted(found.groups() for found in _MATCHER.finditer(selector))
    if len({label for label, _, _ in matchers}) < len(matchers):
        return []
    return [
        (_Rest(match[1], label, tuple((n, s, v) for n, s, v in matchers if n != label)), value)
        for label, sign, value in matchers
        if sign == "=" and label != "__name__" and _PLAIN.fullmatch(value)
    ]
