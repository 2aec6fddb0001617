"""Which shard of its group an indicator is measured in: a group of many is split, and a slot never moves."""

from __future__ import annotations

import re
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from app.watch import is_derived

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 1000
"""Indicators of a shard. A tick of more would take long, and so would what it re-reads after a fence."""
_NUMBERED = re.compile(r"(?P<group>.+)/\d+")


class Seating:
    """An indicator stays with the shard that holds it; a new one goes to the first with room: group, group/2, group/3, ...

    It stays also when its group is another one by now: a key names what is measured, whoever is asked for it.

    `held` are the live slots of every stored shard, by its name. Those that the estate names no longer keep their place
    until the next start: who is seated must not depend on the order of the estate.
    """

    def __init__(self, held: Mapping[str, Mapping[str, int]]) -> None:
        self._home: dict[tuple[str, str], str] = {}
        self._elsewhere: dict[str, str] = {}
        self._taken: Counter[str] = Counter()
        for name, slots in held.items():
            numbered = _NUMBERED.fullmatch(name)
            group = numbered["group"] if numbered else name
            measured = [key for key in slots if not is_derived(key)]
            self._home |= {(group, key): name for key in measured}
            self._elsewhere |= dict.fromkeys(measured, name)
            self._taken[name] += len(measured)

    def shard(self, group: str, key: str) -> str:
        if (group, key) not in self._home and key in self._elsewhere:
            self._home[group, key] = self._elsewhere[key]
        if (group, key) not in self._home:
            names = (group if number == 1 else f"{group}/{number}" for number in count(1))
            self._home[group, key] = name = next(name for name in names if self._taken[name] < MOST)
            self._taken[name] += 1
        return self._home[group, key]
