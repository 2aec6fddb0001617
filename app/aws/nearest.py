"""The metric of CloudWatch that reports now and is most like one that stopped, by ListMetrics."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, Any

from app.aws.calls import pages
from app.missing import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.aws.session import AwsSession
    from slo.estate.indicator import MetricQuery

ACTION = "cloudwatch:ListMetrics"
MOST_PAGES = 4
"""Of 500 metrics: an account may have a hundred thousand."""
LIKE = 0.6
"""The least likeness of 0 to 1 that is worth telling."""
_Metric = tuple[str, dict[str, str]]


class NearestMetric:
    """Implements `app.missing.Finder`. Metrics of the last three hours are looked at."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def nearest(self, query: MetricQuery) -> str | None:
        """First the same metric with other dimensions, then another metric with the same ones."""
        client = self._session.client("cloudwatch", self._session.monitor(query.account), query.region)
        owner = self._session.owner(query.account)
        linked = {"IncludeLinkedAccounts": True, "OwningAccount": owner} if owner else {}
        own = dict(query.dimensions)
        same_name = {**linked, "Namespace": query.namespace, "MetricName": query.metric, "RecentlyActive": "PT3H"}
        listed = [found for _, found in _listed(client, same_name) if found.keys() == own.keys()]
        others = [found for found in listed if found != own]
        if others:
            best = max(others, key=lambda found: (_alike(_text(own), _text(found)), _text(found)))
            return f"the nearest other one that reports is {described(query.namespace, query.metric, best)}"
        if listed:
            return "CloudWatch lists no other one like it, and this one still: it reported within three hours"
        dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions]
        same_place = {**linked, "Namespace": query.namespace, "Dimensions": dimensions, "RecentlyActive": "PT3H"}
        names = {name for name, found in _listed(client, same_place) if found == own}
        renamed = max(names, key=lambda name: (_alike(query.metric, name), name), default="")
        if _alike(query.metric, renamed) < LIKE:
            return None
        return f"the nearest other one that reports is {described(query.namespace, renamed, own)}"


def _listed(client: Any, request: Mapping[str, Any]) -> Iterator[_Metric]:
    for page in islice(pages(ACTION, client.list_metrics, request), MOST_PAGES):
        for metric in page.get("Metrics", ()):
            yield metric["MetricName"], {d["Name"]: d["Value"] for d in metric.get("Dimensions", ())}


def _text(dimensions: Mapping[str, str]) -> str:
    return " ".join(value for _, value in sorted(dimensions.items()))


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
