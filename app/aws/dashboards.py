"""CloudWatch dashboards of an estate: read by name, one by one, and put whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.aws.calls import as_tags, call, of_tags, paginated, unless_gone
from dashboards.naming import is_named_by
from slo.errors import SourceError
from slo.resource import Kind, Live, Place, Resource, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.plan import Change


class AwsDashboards:
    """Dashboards are global in their account, so their region is "". `pace` is called before every write."""

    kinds: frozenset[Kind] = frozenset({"dashboard"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._pace = session, pace
        self._places = {p.account: p for p in sorted(places, reverse=True)}

    def read(self, estate: str) -> Sequence[Live]:
        return [live for place in self._places.values() for live in self._read(estate, place)]

    def write(self, change: Change) -> None:
        """Put, and on an update the tags apart: PutDashboard ignores them on a dashboard that exists."""
        resource = change.resource
        client = self._client(self._places[resource.account])
        if change.op == "delete":
            self._pace()
            unless_gone("cloudwatch:DeleteDashboards", client.delete_dashboards, DashboardNames=[resource.name])
            return
        tags = as_tags(resource.tags)
        if change.op in ("create", "update"):
            body = json.dumps(resource.spec["body"], sort_keys=True, ensure_ascii=False)
            more = {"Tags": tags} if change.op == "create" else {}
            self._paced(
                "cloudwatch:PutDashboard", client.put_dashboard, DashboardName=resource.name, DashboardBody=body, **more
            )
        if change.op != "create":
            arn = call("cloudwatch:GetDashboard", client.get_dashboard, DashboardName=resource.name)["DashboardArn"]
            self._paced("cloudwatch:TagResource", client.tag_resource, ResourceARN=arn, Tags=tags)

    def _read(self, estate: str, place: Place) -> Iterator[Live]:
        client = self._client(place)
        for name in self._names(client, estate):
            yield self._found(client, place, name)

    def _names(self, client: Any, estate: str) -> Iterator[str]:
        prefix = f"sloop-{estate}-"
        for page in paginated("cloudwatch:ListDashboards", client, "list_dashboards", DashboardNamePrefix=prefix):
            yield from (e["DashboardName"] for e in page["DashboardEntries"] if is_named_by(estate, e["DashboardName"]))

    def _found(self, client: Any, place: Place, name: str) -> Live:
        answer = call("cloudwatch:GetDashboard", client.get_dashboard, DashboardName=name)
        arn = answer["DashboardArn"]
        tags = call("cloudwatch:ListTagsForResource", client.list_tags_for_resource, ResourceARN=arn)["Tags"]
        spec = {"body": normal(_document(name, answer["DashboardBody"]))}
        return Live(Resource("dashboard", place.account, "", name, spec, of_tags(tags)))

    def _paced(self, action: str, operation: Callable[..., Any], **request: Any) -> None:
        self._pace()
        call(action, operation, **request)

    def _client(self, place: Place) -> Any:
        return self._session.client("cloudwatch", place.account, place.region)


def _document(name: str, body: str) -> Mapping[str, Any]:
    """CloudWatch gives back what was put, as text."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SourceError(
            f"dashboard {name}: its body is not a JSON object; delete it in CloudWatch and apply again", retryable=False
        )
    return document
