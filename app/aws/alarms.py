"""CloudWatch alarms and composites: read by the estate's name prefix, written one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from alerts.naming import alarm_name
from alerts.normal import composite_spec, metric_spec
from app.aws.session import source_error
from slo.resource import Kind, Live, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.plan import Change

PAGE = 100
_GONE = {"ResourceNotFound", "ResourceNotFoundException"}


class AwsAlarms:
    """`pace` is called before every write."""

    kinds: frozenset[Kind] = frozenset({"alarm", "composite"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace

    def read(self, estate: str) -> Sequence[Live]:
        return [live for place in self._places.values() for live in self._read(estate, place)]

    def write(self, change: Change) -> None:
        """Put, and on an update the tags apart: PutMetricAlarm ignores them on an alarm that exists."""
        resource = change.resource
        client = self._client(resource)
        if change.op == "delete":
            self._delete(client, resource.name)
            return
        if change.op in ("create", "update"):
            self._put(client, resource, with_tags=change.op == "create")
        if change.op == "tag" or any(f.path.startswith("tags.") for f in change.fields):
            arn = self._places[resource.account, resource.region].arn("cloudwatch", f"alarm:{resource.name}")
            self._call("cloudwatch:TagResource", client.tag_resource, ResourceARN=arn, Tags=_tags(resource.tags))

    def _read(self, estate: str, place: Place) -> Iterator[Live]:
        client = self._session.client("cloudwatch", place.account, place.region)
        prefix = alarm_name(estate, "")
        pages = client.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"], PaginationConfig={"PageSize": PAGE}
        )
        for page in self._pages(pages):
            for kind, rows in (("alarm", page.get("MetricAlarms", ())), ("composite", page.get("CompositeAlarms", ()))):
                for row in rows:
                    yield self._found(client, place, "alarm" if kind == "alarm" else "composite", row)

    def _found(self, client: Any, place: Place, kind: Kind, row: Mapping[str, Any]) -> Live:
        answer = self._reading("cloudwatch:ListTagsForResource", client.list_tags_for_resource, ResourceARN=row["AlarmArn"])
        tags = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
        spec = metric_spec(row) if kind == "alarm" else composite_spec(row)
        return Live(Resource(kind, place.account, place.region, row["AlarmName"], spec, tags), row["StateValue"])

    def _pages(self, pages: Any) -> Iterator[Mapping[str, Any]]:
        try:
            yield from pages
        except (ClientError, BotoCoreError) as error:
            raise source_error("cloudwatch:DescribeAlarms", error) from error

    def _put(self, client: Any, resource: Resource, *, with_tags: bool) -> None:
        request = {"AlarmName": resource.name, **resource.spec, **({"Tags": _tags(resource.tags)} if with_tags else {})}
        if resource.kind == "alarm":
            self._call("cloudwatch:PutMetricAlarm", client.put_metric_alarm, **request)
        else:
            self._call("cloudwatch:PutCompositeAlarm", client.put_composite_alarm, **request)

    def _delete(self, client: Any, name: str) -> None:
        self._pace()
        try:
            client.delete_alarms(AlarmNames=[name])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise source_error("cloudwatch:DeleteAlarms", error) from error
        except BotoCoreError as error:
            raise source_error("cloudwatch:DeleteAlarms", error) from error

    def _call(self, action: str, call: Callable[..., Any], **arguments: Any) -> Any:
        self._pace()
        return self._reading(action, call, **arguments)

    def _reading(self, action: str, call: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return call(**arguments)
        except (ClientError, BotoCoreError) as error:
            raise source_error(action, error) from error

    def _client(self, resource: Resource) -> Any:
        return self._session.client("cloudwatch", resource.account, resource.region)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
