"""Names that components use for each other: given once, pointing somewhere, never in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from slo.catalog.kind import Kind
    from slo.estate.components import Declared
    from slo.estate.places import Place

MAX_CIRCLES = 20
LONGEST_SHOWN = 8


def named(place: Place, noun: str, known: Collection[str], code: str = "dangling_reference") -> str | None:
    """The text of this field, which is one of the known names."""
    text = place.text()
    if text is None or text in known:
        return text
    place.error(code, f"no {noun} is called {shown(text)}{place.hint(text, known)}")
    return None


def unique(declared: Sequence[Declared]) -> dict[str, Declared]:
    """By name; a name given twice is a problem of the second."""
    found: dict[str, Declared] = {}
    for one in declared:
        first = found.setdefault(one.component.name, one)
        if first is not one:
            name, line = one.component.name, first.place.line
            one.place.error("duplicate_name", f"component {name!r} is declared in line {line} already; names are unique")
    return found


def check_dependencies(components: Mapping[str, Declared], services: Collection[str] = ()) -> None:
    """`services` are components that only OpenSLO documents declare: they depend on nothing."""
    known = {**components, **dict.fromkeys(services)}
    for one in components.values():
        for item in one.dependencies:
            named(item, "component", known)
    for circle in circles({name: one.component.depends_on for name, one in components.items()}):
        names = circle if len(circle) <= LONGEST_SHOWN else [*circle[:LONGEST_SHOWN], "..."]
        drawn = " -> ".join([*names, circle[0]])
        closing = next(item for item in components[circle[-1]].dependencies if item.text() == circle[0])
        closing.error("dependency_cycle", f"components depend on each other: {drawn}; drop one link")


def check_parts(components: Mapping[str, Declared], kinds: Mapping[str, Kind]) -> dict[str, dict[str, Place]]:
    """The parts of composites that exist, by component, then indicator, each with the first place that names it."""
    known = {name: _indicators(one, kinds) for name, one in components.items()}
    ids = {f"{name}.{indicator}" for name, indicators in known.items() for indicator in indicators}
    found: dict[str, dict[str, Place]] = {}
    for item in (item for one in components.values() for item in one.parts):
        component, _, indicator = (item.text() or "").partition(".")
        if indicator in known.get(component, {}):
            found.setdefault(component, {}).setdefault(indicator, item)
        elif item.text() is not None:
            named(item, "indicator", ids)
    return found


def _indicators(one: Declared, kinds: Mapping[str, Kind]) -> dict[str, None]:
    """What it declares, what its kind has, and what its objectives say that it has."""
    kind = kinds.get(one.component.kind)
    used = (o.indicator for o in one.component.objectives if o.composite is None)
    return dict.fromkeys((*one.component.indicators, *(kind.indicators if kind else ()), *used))


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
