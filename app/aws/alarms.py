"""CloudWatch alarms and composites: read by the estate's name prefix, joined with their tags, written one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.naming import alarm_name
from alerts.normal import composite_spec, metric_spec
from app.aws.calls import as_tags, call, paginated, unless_gone
from app.aws.ownership import Ownership
from slo.resource import Kind, Live, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.plan import Change

PAGE = 100


class AwsAlarms:
    """`pace` is called before every write."""

    kinds: frozenset[Kind] = frozenset({"alarm", "composite"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace
        self._ownership = Ownership(session)

    def read(self, estate: str) -> Sequence[Live]:
        return [live for place in self._places.values() for live in self._read(estate, place)]

    def write(self, change: Change) -> None:
        """Put, and on an update the tags apart: PutMetricAlarm ignores them on an alarm that exists."""
        resource = change.resource
        client = self._client(resource)
        arn = self._places[resource.account, resource.region].arn("cloudwatch", f"alarm:{resource.name}")
        if change.op == "delete":
            self._pace()
            unless_gone("cloudwatch:DeleteAlarms", client.delete_alarms, AlarmNames=[resource.name])
            return
        if change.op in ("create", "update"):
            self._put(client, resource, with_tags=change.op == "create")
        if change.op == "tag" or any(f.path.startswith("tags.") for f in change.fields):
            self._paced("cloudwatch:TagResource", client.tag_resource, ResourceARN=arn, Tags=as_tags(resource.tags))
        self._ownership.wrote(arn, resource.tags)

    def _read(self, estate: str, place: Place) -> Iterator[Live]:
        client = self._session.client("cloudwatch", place.account, place.region)
        index = self._ownership.index(estate, place)
        for page in paginated(
            "cloudwatch:DescribeAlarms",
            client,
            "describe_alarms",
            AlarmNamePrefix=alarm_name(estate, ""),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            PaginationConfig={"PageSize": PAGE},
        ):
            kinds: tuple[tuple[Kind, str], ...] = (("alarm", "MetricAlarms"), ("composite", "CompositeAlarms"))
            for kind, rows in kinds:
                found = (self._found(place, kind, row, index) for row in page.get(rows, ()))
                yield from (live for live in found if live is not None)

    def _found(self, place: Place, kind: Kind, row: Mapping[str, Any], index: Mapping[str, dict[str, str]]) -> Live | None:
        tags = self._ownership.tags(place, row["AlarmArn"], index)
        if tags is None:
            return None
        spec = metric_spec(row) if kind == "alarm" else composite_spec(row)
        return Live(Resource(kind, place.account, place.region, row["AlarmName"], spec, tags), row["StateValue"])

    def _put(self, client: Any, resource: Resource, *, with_tags: bool) -> None:
        request = {"AlarmName": resource.name, **resource.spec, **({"Tags": as_tags(resource.tags)} if with_tags else {})}
        if resource.kind == "alarm":
            self._paced("cloudwatch:PutMetricAlarm", client.put_metric_alarm, **request)
        else:
            self._paced("cloudwatch:PutCompositeAlarm", client.put_composite_alarm, **request)

    def _paced(self, action: str, operation: Callable[..., Any], **request: Any) -> None:
        self._pace()
        call(action, operation, **request)

    def _client(self, resource: Resource) -> Any:
        return self._session.client("cloudwatch", resource.account, resource.region)
