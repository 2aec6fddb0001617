"""A shard on given series, run by hand: what arrived, when it was polled, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerts.envelope import Message
from alerts.naming import breach_id
from app import pipeline
from app.memory.source import MemorySource
from app.telling import Told
from app.watch import Pace, Watch, slot_key
from slo.errors import SourceError
from slo.estate.indicator import EventRatio, MetricQuery, Proof
from slo.judge.evaluate import evaluate
from slo.judge.verdict import Circumstances
from slo.judge.windows import slices_of
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from alerts.breach import Breach, Transition
    from alerts.envelope import State
    from app.ports import Span, Store
    from app.telling import Judged
    from slo.estate.indicator import Query
    from slo.estate.spec import Exclusion, Objective
    from slo.judge.answer import Answer
    from slo.judge.series import Slices
    from slo.judge.verdict import Verdict

DAY = 1440
START = 29_000_040
"""A whole hour: the first T of these tests."""
API = objective("api", target="0.99", window=3 * DAY)


WEB = objective("web", target="0.99", window=3 * DAY)


def query(component: str, metric: str) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Test", metric, (("Component", component),), "Sum")


def indicator(component: str) -> EventRatio:
    proof = Proof(query(component, "Up"))
    return EventRatio(total=(query(component, "Requests"),), bad=(query(component, "Errors"),), proof=proof)


def watch(
    source: MemorySource, *objectives: Objective, pace: Pace | None = None, exclusions: Sequence[Exclusion] = ()
) -> Watch:
    """Of `API` when no objective is named."""
    named = objectives or (API,)
    estate = estate_of(*named)
    indicators = {slot_key(o.indicator_id, indicator(o.component)): indicator(o.component) for o in named}
    pairs = tuple((o, slot_key(o.indicator_id, indicator(o.component))) for o in named)
    excluding = type(estate)(estate.name, estate.accounts, estate.components, tuple(exclusions))
    return Watch("test", excluding, source, pace or Pace(settle=0), indicators, pairs)


def traffic(
    source: MemorySource,
    minutes: Iterable[int],
    *,
    total: int = 100,
    bad: int = 0,
    component: str = "api",
    seen_from: int = 0,
) -> None:
    for minute in minutes:
        source.report(query(component, "Requests"), minute, total, seen_from=seen_from)
        source.report(query(component, "Errors"), minute, bad, seen_from=seen_from)


@dataclass(slots=True)
class Rig:
    """One process after another: `restart` forgets everything that is not stored."""

    store: Store
    watch: Watch
    told: list[Transition] = field(default_factory=list)
    _held: pipeline.Held | None = None

    def start(self, at: int) -> Rig:
        """Loaded and judged for the first time at T = `at`."""
        self._held = pipeline.load(self.store, self.watch, at)
        if self._held.fresh or self._held.sums.at < at:
            self.poll(at)
        return self

    restart = start

    @property
    def held(self) -> pipeline.Held:
        assert self._held is not None
        return self._held

    def poll(self, upto: int) -> None:
        pipeline.poll(self.store, self.watch, self.held, upto, self._tell)

    def polls(self, first: int, last: int, step: int = 1) -> None:
        """T = first, first + step, ... and last."""
        for upto in sorted({*range(first, last, step), last}):
            self.poll(upto)

    def verdicts(self, known: Callable[[Objective, str], Circumstances] = lambda _o, _k: Circumstances()) -> list[Verdict]:
        return list(pipeline.verdicts(self.store, self.watch, self.held, known))

    def slices(self) -> dict[str, Slices]:
        """What is stored, as `sloop slices` would write it."""
        frames = tuple(self.store.frames(self.held.shard, 0, self.held.sums.at))
        return {o.indicator_id: slices_of(frames, self.held.shard.slots[key]) for o, key in self.watch.objectives}

    def evaluated(self) -> list[Verdict]:
        return evaluate(self.watch.estate, self.slices(), self.held.sums.at)

    def breaches(self) -> list[Breach]:
        return [row.breach for row in self.store.breaches(limit=1000)]

    def messages(self) -> list[str]:
        """The transitions that were put into the outbox, by breach, oldest first."""
        rows = sorted(self.store.breaches(limit=1000), key=lambda row: (row.breach.fired_at, row.id))
        return [d.message.transition for row in rows for d in self.store.deliveries(row.id)]

    def _tell(self, transitions: Sequence[Transition], judged: Judged) -> Told:  # noqa: ARG002  # it words nothing
        self.told += transitions
        return Told(transitions, [self._message(t) for t in transitions if t.breach.notified_at is not None])

    def _message(self, transition: Transition) -> Message:
        name = breach_id(transition.breach)
        key = f"sloop/test/{transition.breach.objective}/{transition.breach.severity}"
        state: State = "OK" if transition.kind == "resolved" else "ALARM"
        return Message(key, f"{name}/{transition.kind}", state, f"{state}: {key}", "{}", {"severity": "page"}, name)


def numbers(verdicts: Iterable[Verdict]) -> list[object]:
    """What the service's verdict and `evaluate`'s agree in: all but the data version, and what only the service knows."""
    return [(v.objective.id, v.at, v.windows, v.burns, v.firing, v.remaining, v.exhausts_at, v.corrected) for v in verdicts]


def down(error: str = "no answer") -> SourceError:
    return SourceError(error, retryable=True)


class InterruptedSource(MemorySource):
    """Fails for good after some answers of the source it stands before."""

    def __init__(self, behind: MemorySource, after: int) -> None:
        super().__init__()
        self._behind, self._left = behind, after

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        if not self._left:
            raise down()
        self._left -= 1
        return self._behind.fetch(queries, span)


def outage(source: MemorySource, first: int, minutes: int, *, quiet_until: int) -> None:
    """`minutes` of nothing but errors from `first` on, then good ones until `quiet_until`, after a day of good ones."""
    traffic(source, range(START - DAY, first))
    traffic(source, range(first, first + minutes), bad=100)
    traffic(source, range(first + minutes, quiet_until))
