"""One look at one component: what it declares, what was asked of AWS, and what that gave so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.aws.recovery_calls import Calls
from app.ports import Findings
from slo.errors import AccessDenied, SourceError
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Series
from slo.judge.mechanism import poll_minutes
from slo.judge.outage import Told, failovers
from slo.judge.recovery_point import Reading, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.aws.recovery_memory import Memory
    from app.aws.recovery_metrics import RecoveryMetrics
    from app.aws.session import AwsSession
    from slo.estate.spec import Account, Component
    from slo.judge.outage import RecoveryEvent
    from slo.judge.recovery_point import MechanismName

METRIC_MINUTES = 15
EVENT_DAYS = 14
"""How long RDS and ElastiCache keep events."""
AHEAD_SECONDS = 60
"""So far a point may lie in the future: clocks of two regions differ by less, and what is further ahead proves nothing."""


class Values(dict[MetricQuery, "float | Unknown"]):
    """`at` is when they were read, epoch seconds: maybe some minutes ago."""

    def __init__(self, at: int, values: Mapping[MetricQuery, float | Unknown]) -> None:
        super().__init__(values)
        self.at = at


class Look(Calls):
    """`at` is the moment of the look, epoch seconds. `notes` qualify every reading of it."""

    def __init__(
        self,
        session: AwsSession,
        metrics: RecoveryMetrics,
        memory: Memory,
        component: Component,
        account: Account | None,
        at: int,
    ) -> None:
        super().__init__(session, memory, component, account, at)
        self._metrics = metrics
        self._readings: list[Reading] = []
        self._events: dict[tuple[str, str, int], RecoveryEvent] = {}
        self.notes: list[str] = []

    def findings(self) -> Findings:
        return Findings(tuple(self._readings), tuple(self._events.values()), self.gaps)

    def text(self, key: str) -> str | None:
        value = self.component.resource.get(key)
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.component.resource.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)

    def arn(self, service: str, part: str) -> str | None:
        """None where the estate does not say whose account it is."""
        if self.account is None:
            return None
        where = ":" if service == "s3" else f"{self.account.region}:{self.account.id}"
        return f"arn:aws:{service}:{where}:{part}"

    def reading(self, mechanism: MechanismName, newest: int | Unknown, source: str, note: str | None = None) -> None:
        notes = [*self.notes, *([note] if note else [])]
        if not isinstance(newest, Unknown) and newest > self.at:
            ahead = newest - self.at
            notes.append(f"the point lies {ahead} s ahead of our clock: the clocks of the two regions differ")
            if ahead > AHEAD_SECONDS:
                newest = self.refused("clock_skew", f"{source} lies {ahead} s in the future: one of the two clocks is wrong")
        self._readings.append(Reading(self.component.name, mechanism, self.at, newest, source, "; ".join(notes) or None))

    def event(self, event: RecoveryEvent) -> None:
        """The first one of an identity counts: a restore job before the summary of it."""
        self._events.setdefault(event.key, event)

    def replace(self, event: RecoveryEvent, better: RecoveryEvent) -> None:
        self._events[event.key] = better

    @property
    def told(self) -> Sequence[RecoveryEvent]:
        return tuple(self._events.values())

    def events(self, service: str, action: str, kind: str, name: str) -> None:
        """Failovers of the last 14 days: events come late and in any order, so every look reads them all again."""
        lines = self.history(service, action, SourceType=kind, SourceIdentifier=name)
        for event in failovers(self.component.name, lines, f"{action} of {name}"):
            self.event(event)

    def history(self, service: str, action: str, *, slow: bool = False, **request: Any) -> list[Told]:
        """Nothing where a page of it was refused: a start without its completion would last for ever."""
        # A whole hour, so that a question that is asked again within it is the same one.
        start = datetime.fromtimestamp(self.at // 3600 * 3600, UTC) - timedelta(days=EVENT_DAYS)
        found = self.listed(
            service, action, "Events", page_name="Marker", slow=slow, StartTime=start, MaxRecords=100, **request
        )
        lines = () if isinstance(found, Unknown) else found
        return [Told(seconds(e["Date"]), e.get("SourceIdentifier", ""), e.get("Message", "")) for e in lines]

    def metrics(self, queries: Sequence[MetricQuery], window: int = METRIC_MINUTES) -> Values:
        """The newest value of each in the last `window` minutes; of a Sum the total of it."""
        try:
            answered = self._metrics.read(self.at, queries, window, poll_minutes(self.component))
        except SourceError as error:
            unknown = self.refused("access_denied" if isinstance(error, AccessDenied) else "source_error", _words(error))
            return Values(self.at, dict.fromkeys(queries, unknown))
        return Values(answered.at, {query: self._newest(query, answered.of[query], window) for query in queries})

    def query(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], stat: str, region: str | None = None
    ) -> MetricQuery:
        account = self.account
        where = region or (account.region if account else "us-east-1")
        return MetricQuery(account.name if account else None, where, namespace, metric, tuple(dimensions.items()), stat)

    def _newest(self, query: MetricQuery, answer: object, window: int) -> float | Unknown:
        if isinstance(answer, Series):
            if len(answer.values):
                return float(answer.values.sum() if query.stat == "Sum" else answer.values[-1])
            return Unknown("no_data", f"{query.namespace} {query.metric} had no datapoint in {window} min")
        return self.refused("source_error", getattr(answer, "message", f"{query.metric}: no answer"))


def _words(error: SourceError) -> str:
    return f"not evidenced: needs {error.action}" if isinstance(error, AccessDenied) else str(error)


def seconds(when: datetime) -> int:
    return int(when.timestamp())


def newest_of(found: Iterable[int], none: Unknown) -> int | Unknown:
    return max(found, default=none)
