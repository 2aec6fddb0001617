"""Who calls whom, and which call fails: X-Ray's map beside what the estate declares. Sampled: it tells where, not how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from slo.estate.found import Found, known_as

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from slo.estate.spec import Component, Estate
    from slo.units import Minute

RECENT = 30
WHOLE = 360
"""Minutes; X-Ray answers no longer range at once."""
_SHARED = frozenset({"cluster"})
"""Keys of a resource whose value many components have: it names none of them."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The sampled calls of one service to another, by X-Ray's names; None where X-Ray counted none, as of queues."""

    caller: str
    callee: str
    calls: int | None = None
    faults: int = 0


class Tracer(Protocol):
    def flows(self, account: str | None, region: str, start: Minute, end: Minute) -> Sequence[Flow]:
        """Each pair once, in start <= minute < end. SourceError when it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Sampled:
    """`faults` are answers of 500 to 599 and calls that ended without one."""

    calls: int = 0
    faults: int = 0

    def __add__(self, other: Sampled) -> Sampled:
        return Sampled(self.calls + other.calls, self.faults + other.faults)


@dataclass(frozen=True, slots=True)
class TracedCall:
    """`callers` and `callees` are the components that go by X-Ray's names `caller` and `callee`: the one meant, and those

    of kind xray that watch it. `recent` are the last RECENT minutes, `whole` the last WHOLE; None where nothing is counted.
    """

    caller: str
    callee: str
    callers: tuple[str, ...]
    callees: tuple[str, ...]
    recent: Sampled
    whole: Sampled | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`component` was seen to call `depends_on`, which it does not declare."""

    component: str
    depends_on: str
    reason: str


@dataclass(frozen=True, slots=True)
class TraceMap:
    """As of `read_at`, None before the first answer; `error` is that of the newest look. What fails most comes first."""

    read_at: datetime | None = None
    calls: tuple[TracedCall, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    error: str | None = None

    def of(self, component: str) -> tuple[TracedCall, ...]:
        return tuple(call for call in self.calls if component in call.callers or component in call.callees)


def trace_map(estate: Estate, recent: Iterable[Flow], whole: Iterable[Flow], read_at: datetime) -> TraceMap:
    """From the flows of the last RECENT and of the last WHOLE minutes."""
    meant, watching = known_as(_named(estate)), _watching(estate)

    def components(name: str) -> tuple[str, ...]:
        own = meant(name)
        return (*((own,) if own else ()), *watching.get(name, ()))

    counted = _counted(recent)
    calls = [
        TracedCall(caller, callee, components(caller), components(callee), counted.get((caller, callee)) or Sampled(), sampled)
        for (caller, callee), sampled in _counted(whole).items()
    ]
    calls.sort(key=lambda c: (-c.recent.faults, -(c.whole or Sampled()).faults, c.caller, c.callee))
    return TraceMap(read_at, tuple(calls), tuple(_suggested(estate, calls, meant)))


def watched_places(estate: Estate, *, every: bool) -> tuple[tuple[str | None, str], ...]:
    """(account, region) of each component of kind xray, or of every account."""
    watching = (estate.account(c.account) for c in estate.components if c.kind == "xray")
    wanted = estate.accounts if every else [account for account in watching if account is not None]
    return tuple(dict.fromkeys((account.name, account.region) for account in wanted))


def _counted(flows: Iterable[Flow]) -> dict[tuple[str, str], Sampled | None]:
    """Summed over the places that were read."""
    found: dict[tuple[str, str], Sampled | None] = {}
    for flow in flows:
        before = found.setdefault((flow.caller, flow.callee), None)
        if flow.calls is not None:
            found[flow.caller, flow.callee] = (before or Sampled()) + Sampled(flow.calls, flow.faults)
    return found


def _named(estate: Estate) -> dict[str, Found]:
    """A component of kind xray watches a service and is none."""
    return {
        c.name: Found(c.kind, c.name, "", c.resource, aliases=tuple(_aliases(c))) for c in estate.components if c.kind != "xray"
    }


def _aliases(component: Component) -> Iterator[str]:
    for key, value in component.resource.items():
        if isinstance(value, str) and key not in _SHARED:
            yield value


def _watching(estate: Estate) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for component in estate.components:
        service = component.resource.get("service")
        if component.kind == "xray" and isinstance(service, str):
            found.setdefault(service, []).append(component.name)
    return found


def _suggested(estate: Estate, calls: Iterable[TracedCall], meant: Callable[[str], str | None]) -> Iterator[Suggestion]:
    """None that would close a circle: the estate refuses it."""
    told: set[tuple[str, str]] = set()
    for call in calls:
        caller, callee = meant(call.caller), meant(call.callee)
        if caller is None or callee is None or caller == callee or (caller, callee) in told:
            continue
        if callee in estate.component(caller).depends_on or caller in _reached(estate, callee):
            continue
        told.add((caller, callee))
        yield Suggestion(caller, callee, f"X-Ray saw {call.caller} call {call.callee}")


def _reached(estate: Estate, name: str) -> set[str]:
    """What it depends on, directly or not, and itself."""
    depends_on = {component.name: component.depends_on for component in estate.components}
    reached, todo = set[str](), [name]
    while todo:
        one = todo.pop()
        if one not in reached:
            reached.add(one)
            todo += depends_on.get(one, ())
    return reached
