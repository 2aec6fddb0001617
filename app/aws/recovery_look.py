"""One look at one component: calls that may be refused, and what they gave so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from app.aws.calls import error_code
from app.aws.session import source_error
from app.ports import Findings, Span
from slo.errors import AccessDenied, SourceError, Throttled
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Series
from slo.judge.outage import Told, failovers
from slo.judge.recovery_point import Reading, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.aws.session import AwsSession
    from app.ports import Source
    from slo.estate.spec import Account, Component
    from slo.judge.outage import RecoveryEvent
    from slo.judge.recovery_point import MechanismName

METRIC_MINUTES = 15
EVENT_DAYS = 14
"""How long RDS and ElastiCache keep events."""
_NOT_FOUND = ("DBInstanceNotFound", "DBClusterNotFoundFault", "ReplicationGroupNotFoundFault", "NoSuchBucket")


class Look:
    """`at` is the moment of the look, epoch seconds."""

    def __init__(self, session: AwsSession, source: Source, component: Component, account: Account | None, at: int) -> None:
        self._session, self._source, self._account = session, source, account
        self.component, self.at = component, at
        self._readings: list[Reading] = []
        self._events: list[RecoveryEvent] = []
        self._gaps: dict[str, Unknown] = {}

    def findings(self) -> Findings:
        return Findings(tuple(self._readings), tuple(self._events), tuple(self._gaps.values()))

    def text(self, key: str) -> str | None:
        value = self.component.resource.get(key)
        return value if isinstance(value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.component.resource.get(key, ())
        return (value,) if isinstance(value, str) else tuple(value)

    def reading(self, mechanism: MechanismName, newest: int | Unknown, source: str, note: str | None = None) -> None:
        self._readings.append(Reading(self.component.name, mechanism, self.at, newest, source, note))

    def gap(self, unknown: Unknown) -> None:
        """The same refusal is told once."""
        self._gaps[unknown.text] = unknown

    def call(self, service: str, action: str, *, region: str | None = None, **request: Any) -> Any | Unknown:
        """What the operation of this IAM action answers; Unknown with the reason when it was refused, which is a gap too."""
        operation = xform_name(action.partition(":")[2])
        try:
            client = self._session.client(service, None if self._account is None else self._account.name, region)
            answer: Any = getattr(client, _OPERATIONS.get(action, operation))(**request)
        except SourceError as error:
            return self._refused("source_error", str(error))
        except (ClientError, BotoCoreError) as error:
            return self._explained(action, error)
        return answer

    def events(self, service: str, action: str, kind: str, name: str) -> None:
        """Failovers of the last 14 days: events come late and in any order, so every look reads them all again."""
        start = datetime.fromtimestamp(self.at, UTC) - timedelta(days=EVENT_DAYS)
        told: list[Told] = []
        marker: dict[str, str] = {}
        while True:
            answer = self.call(
                service, action, SourceType=kind, SourceIdentifier=name, StartTime=start, MaxRecords=100, **marker
            )
            if isinstance(answer, Unknown):
                break
            told += [
                Told(seconds(e["Date"]), e.get("SourceIdentifier", name), e.get("Message", ""))
                for e in answer.get("Events", ())
            ]
            if not answer.get("Marker") or answer["Marker"] == marker.get("Marker"):
                break
            marker = {"Marker": answer["Marker"]}
        self._events += failovers(self.component.name, told, f"{action} of {name}")

    def metrics(self, queries: Sequence[MetricQuery]) -> Mapping[MetricQuery, float | Unknown]:
        """The newest value of each in the last quarter of an hour; of a Sum the total of it."""
        end = self.at // 60
        try:
            answers = self._source.fetch(queries, Span(end - METRIC_MINUTES, end))
        except SourceError as error:
            unknown = self._refused("access_denied" if isinstance(error, AccessDenied) else "source_error", str(error))
            return dict.fromkeys(queries, unknown)
        return {query: self._newest(query, answers.get(query)) for query in queries}

    def query(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], stat: str, region: str | None = None
    ) -> MetricQuery:
        account = self._account
        where = region or (account.region if account else "us-east-1")
        return MetricQuery(account.name if account else None, where, namespace, metric, tuple(dimensions.items()), stat)

    def _newest(self, query: MetricQuery, answer: object) -> float | Unknown:
        if isinstance(answer, Series):
            if len(answer.values):
                return float(answer.values.sum() if query.stat == "Sum" else answer.values[-1])
            return Unknown("no_data", f"{query.namespace} {query.metric} had no datapoint in {METRIC_MINUTES} min")
        return self._refused("source_error", getattr(answer, "message", f"{query.metric}: no answer"))

    def _explained(self, action: str, error: ClientError | BotoCoreError) -> Unknown:
        told = source_error(action, error)
        if error_code(error) in _NOT_FOUND:
            return self._refused(
                "not_found", f"{told}; was it renamed or replaced? correct the resource of {self.component.name}"
            )
        if isinstance(told, AccessDenied):
            return self._refused("access_denied", f"not evidenced: needs {told.action}")
        return self._refused("throttled" if isinstance(told, Throttled) else "source_error", str(told))

    def _refused(self, code: str, text: str) -> Unknown:
        unknown = Unknown(code, text)
        self.gap(unknown)
        return unknown


_OPERATIONS = {"s3:GetReplicationConfiguration": "get_bucket_replication"}
"""Where the IAM action is called otherwise than the operation."""


def seconds(when: datetime) -> int:
    return int(when.timestamp())
