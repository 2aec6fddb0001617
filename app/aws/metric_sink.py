"""Custom metrics into CloudWatch: PutMetricData, as many calls as the points take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.calls import call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.aws.session import AwsSession
    from app.ports import MetricPoint
    from slo.resource import Place

MOST_PER_CALL = 1000


class AwsMetricSink:
    """Implements MetricSink."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def put(self, place: Place, namespace: str, points: Sequence[MetricPoint]) -> None:
        client = self._session.client("cloudwatch", place.account, place.region)
        data = [
            {
                "MetricName": point.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in point.dimensions],
                "Timestamp": point.at,
                "Value": point.value,
            }
            for point in points
        ]
        for first in range(0, len(data), MOST_PER_CALL):
            some = data[first : first + MOST_PER_CALL]
            call("cloudwatch:PutMetricData", client.put_metric_data, Namespace=namespace, MetricData=some)
