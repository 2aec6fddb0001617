"""The alarm on what a topic had to give up: it tells the second topic, because the first may be what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alarms import described_alarm, resource, watched
from alerts.dead_letters import queue_name
from alerts.naming import alarm_name
from alerts.topics import topic_arn
from slo.estate.indicator import MetricQuery

if TYPE_CHECKING:
    from slo.estate.spec import Estate
    from slo.resource import Place, Resource


def undelivered_alarm(estate: Estate, place: Place) -> Resource:
    """`sloop/{estate}/dead-letters`: the first message in the queue fires it, and it is OK when the queue is empty again."""
    dimensions = (("QueueName", queue_name(estate.name)),)
    query = MetricQuery(place.account, place.region, "AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, "Maximum")
    spec = described_alarm(
        watched({"m1": query}, None, 60),
        ">",
        0.0,
        datapoints=1,
        periods=1,
        actions=[topic_arn(estate.name, "second", place)],
        description=(
            "page: A message could not be delivered and lies in the dead-letter queue: look there, it may be a page. "
            "Told by the second topic, because the first may be what is broken."
        ),
    )
    return resource("alarm", estate, None, place, alarm_name(estate.name, "dead-letters"), spec)
