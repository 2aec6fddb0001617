"""CloudWatch's alarm mute rules: found by our names among all of a place, read and written one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.mutes import PREFIX, mute_spec
from alerts.naming import alarm_name
from app.aws.calls import as_tags, call, of_tags, pages, unless_gone
from slo.resource import Kind, Live, Place, Resource, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.aws.session import AwsSession
    from slo.plan import Change

_ALIVE = ["SCHEDULED", "ACTIVE"]
"""A rule whose window is over mutes nothing any more: to us it is gone."""


class AwsMutes:
    """`pace` is called before every write."""

    kinds: frozenset[Kind] = frozenset({"mute"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace

    def read(self, estate: str) -> Sequence[Live]:
        prefix = alarm_name(estate, PREFIX, "")
        return [live for place in self._places.values() for live in self._read(place, prefix)]

    def write(self, change: Change) -> None:
        """Put, and the tags apart on a rule that exists."""
        resource = change.resource
        place = self._places[resource.account, resource.region]
        client = self._client(place)
        if change.op == "delete":
            self._pace()
            request = {"AlarmMuteRuleName": resource.name}
            unless_gone("cloudwatch:DeleteAlarmMuteRule", client.delete_alarm_mute_rule, **request)
            return
        if change.op in ("create", "update"):
            self._paced("cloudwatch:PutAlarmMuteRule", client.put_alarm_mute_rule, **_request(resource))
        if change.op != "create":
            arn = place.arn("cloudwatch", f"alarm-mute-rule:{resource.name}")
            self._paced("cloudwatch:TagResource", client.tag_resource, ResourceARN=arn, Tags=as_tags(resource.tags))

    def _read(self, place: Place, prefix: str) -> Iterator[Live]:
        client = self._client(place)
        action = "cloudwatch:ListAlarmMuteRules"
        for page in pages(action, client.list_alarm_mute_rules, {"Statuses": _ALIVE, "MaxRecords": 100}):
            for row in page.get("AlarmMuteRuleSummaries", ()):
                name = row["AlarmMuteRuleArn"].split(":alarm-mute-rule:", 1)[-1]
                if name.startswith(prefix) and (found := self._found(client, place, name, row["AlarmMuteRuleArn"])):
                    yield found

    def _found(self, client: Any, place: Place, name: str, arn: str) -> Live | None:
        rule = unless_gone("cloudwatch:GetAlarmMuteRule", client.get_alarm_mute_rule, AlarmMuteRuleName=name)
        tags = unless_gone("cloudwatch:ListTagsForResource", client.list_tags_for_resource, ResourceARN=arn)
        if rule is None or tags is None:
            return None
        return Live(
            Resource("mute", place.account, place.region, name, normal(mute_spec(rule)), of_tags(tags["Tags"])), rule["Status"]
        )

    def _paced(self, action: str, operation: Callable[..., Any], **request: Any) -> None:
        self._pace()
        call(action, operation, **request)

    def _client(self, place: Place) -> Any:
        return self._session.client("cloudwatch", place.account, place.region)


def _request(resource: Resource) -> dict[str, Any]:
    """Tags always: a put that makes the rule takes them, one that changes it leaves them to TagResource."""
    spec = resource.spec
    schedule = {name: spec[name] for name in ("Expression", "Duration", "Timezone")}
    return {
        "Name": resource.name,
        "Description": spec["Description"],
        "Rule": {"Schedule": schedule},
        "MuteTargets": {"AlarmNames": list(spec["AlarmNames"])},
        "Tags": as_tags(resource.tags),
    }
