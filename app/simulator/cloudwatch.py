"""CloudWatch: every operation it answers, by name, and the minute tick that evaluates its alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.simulator import metrics
from app.simulator.alarms import Alarms
from app.simulator.dashboards import Dashboards
from app.simulator.datastore import Datastore, newest_end
from app.simulator.mutes import Mutes
from app.simulator.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.simulator.alarms import Publish
    from app.simulator.clock import Clock
    from app.simulator.samples import Provider
    from slo.units import Minute

CATCH_UP = 120
"""A tick that comes late evaluates at most this many of the minutes it missed."""


class CloudWatch:
    """One account: every region has alarms of its own, and all read the same metrics.

    `publish(topic_arn, subject, message)` is called for alarm actions, from `tick`.
    """

    def __init__(
        self,
        clock: Clock,
        publish: Publish,
        *,
        provider: Provider | None = None,
        allow_aws_namespace: bool = False,
        region: str = "us-east-1",
        account: str = "111122223333",
    ) -> None:
        self._clock, self._allow_aws = clock, allow_aws_namespace
        self.store = Datastore(provider, account=account)
        self._region, self._account, self._publish = region, account, publish
        self.alarms: dict[str, Alarms] = {}
        self.alarm_quota: int | None = None
        """The most alarms that a region takes, as of its first call; AWS names no such limit today."""
        self._dashboards = Dashboards(account)
        self._regional: dict[str, dict[str, Callable[[Mapping[str, Any], float], dict[str, Any]]]] = {}
        self._ticked: Minute = newest_end(clock.now())
        self._operations: dict[str, Callable[[Mapping[str, Any], float], dict[str, Any]]] = {
            "PutMetricData": self._put_metric_data,
            "GetMetricData": lambda request, now: metrics.get(self.store, request, now),
            "ListMetrics": lambda request, now: metrics.listed(self.store, request, now),
        }

    def handle(self, operation: str, request: Mapping[str, Any], region: str | None = None) -> dict[str, Any]:
        """The answer as a document. Refused as AWS would."""
        call = self._operations.get(operation) or self._operations_in(region or self._region).get(operation)
        if call is None:
            raise Refused("InvalidAction", f"The simulator has no {operation}.", shape="UnknownOperationException")
        try:
            return call(request, self._clock.now())
        except KeyError as error:
            raise Refused("MissingParameter", f"{operation} needs {error.args[0]}.") from None

    def tick(self, now: float) -> None:
        """Evaluate every alarm at each estate minute whose data became readable since the last tick."""
        newest = newest_end(now)
        for minute in range(max(self._ticked, newest - CATCH_UP) + 1, newest + 1):
            for alarms in list(self.alarms.values()):
                alarms.evaluate(minute)
        self._ticked = max(self._ticked, newest)

    def tagged(self, region: str) -> Mapping[str, Mapping[str, str]]:
        """ARN -> tags of the alarms of a region."""
        return self.alarms[region].tagged() if region in self.alarms else {}

    def _operations_in(self, region: str) -> Mapping[str, Callable[[Mapping[str, Any], float], dict[str, Any]]]:
        if region not in self._regional:
            alarms = self.alarms[region] = Alarms(self.store, self._publish, region=region, account=self._account)
            mutes = Mutes(region, self._account)
            alarms.muted, alarms.quota = mutes.muted, self.alarm_quota
            known = mutes.operations(alarms.operations)
            self._regional[region] = {**known, **self._dashboards.operations(known)}
        return self._regional[region]

    def _put_metric_data(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        metrics.put(self.store, request, now, allow_aws=self._allow_aws)
        return {}
