"""Names that components use for each other: given once, pointing somewhere, never in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.components import Declared

MAX_CIRCLES = 20
LONGEST_SHOWN = 8


def unique(declared: Sequence[Declared]) -> dict[str, Declared]:
    """By name; a name given twice is a problem of the second."""
    found: dict[str, Declared] = {}
    for one in declared:
        first = found.setdefault(one.component.name, one)
        if first is not one:
            name, line = one.component.name, first.place.line
            one.place.error("duplicate_name", f"component {name!r} is declared in line {line} already; names are unique")
    return found


def check_dependencies(components: Mapping[str, Declared]) -> None:
    for one in components.values():
        for item in one.dependencies:
            name = item.text()
            if name is not None and name not in components:
                message = f"no component is called {shown(name)}{item.hint(name, components)}"
                item.error("dangling_reference", message)
    for circle in circles({name: one.component.depends_on for name, one in components.items()}):
        names = circle if len(circle) <= LONGEST_SHOWN else [*circle[:LONGEST_SHOWN], "..."]
        drawn = " -> ".join([*names, circle[0]])
        closing = next(item for item in components[circle[-1]].dependencies if item.text() == circle[0])
        closing.error("dependency_cycle", f"components depend on each other: {drawn}; drop one link")


def circles(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """One circle per link that closes one, up to MAX_CIRCLES, depth first without recursion; names outside are skipped."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in graph:
        path: dict[str, int] = {}
        todo = [(start, 0)] if start not in done else []
        while todo and len(found) < MAX_CIRCLES:
            name, link = todo.pop()
            path.setdefault(name, len(path))
            if link == len(graph[name]):
                done.add(name)
                del path[name]
                continue
            todo.append((name, link + 1))
            target = graph[name][link]
            if target in path:
                found.append(list(path)[path[target] :])
            elif target in graph and target not in done:
                todo.append((target, 0))
    return found
