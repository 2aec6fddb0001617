"""What a session asks of AWS, and whether a policy would let it: enough of IAM for the policies that Sloop prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from app.aws.session import AwsSession

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ACCOUNT = "111122223333"
PREFIXES = {
    "monitoring": "cloudwatch",
    "tagging": "tag",
}
"""What IAM calls a service where that is not what requests are signed for."""
ACTIONS = {
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:ListBucketMetricsConfigurations": "s3:GetMetricsConfiguration",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "sns:PublishBatch": "sns:Publish",
}
"""What IAM calls an operation where that is not its name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`arns` are all that it needs to be allowed on; none where IAM tells no resources apart."""

    action: str
    arns: tuple[str, ...] = ()
    context: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Watched(AwsSession):
    """Writes down what its clients were asked, once each."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked: dict[str, Asked] = {}

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        client = super().client(service, account, region)
        where = client.meta.region_name

        def hear(params: Mapping[str, Any], model: Any, **_: object) -> None:
            asked = asked_of(model.service_model.signing_name, model.name, where, params)
            self.asked[repr(asked)] = asked

        client.meta.events.register("provide-client-params.*.*", hear, unique_id="watched")
        return client


def asked_of(signing_name: str, operation: str, region: str, params: Mapping[str, Any]) -> Asked:
    action = f"{PREFIXES.get(signing_name, signing_name)}:{operation}"
    action = ACTIONS.get(action, action)
    context: dict[str, Sequence[str]] = {}
    if "Namespace" in params and operation == "PutMetricData":
        context["cloudwatch:namespace"] = [params["Namespace"]]
    if "AlarmActions" in params:
        context["cloudwatch:AlarmActions"] = params["AlarmActions"]
    arns_of = _RESOURCES.get(action)
    return Asked(action, () if arns_of is None else tuple(arns_of(region, params)), context)


def allows(policy: Mapping[str, Any], asked: Asked) -> bool:
    """Each resource by some statement; one that IAM cannot tell apart needs a statement about everything."""
    return all(any(_permits(s, asked, arn) for s in policy["Statement"]) for arn in asked.arns or ("*",))


def _permits(statement: Mapping[str, Any], asked: Asked, arn: str) -> bool:
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    named = asked.action in statement["Action"] and any(p == "*" or (arn != "*" and fnmatchcase(arn, p)) for p in resources)
    return named and _holds(statement.get("Condition", {}), asked.context)


def _holds(condition: Mapping[str, Any], context: Mapping[str, Sequence[str]]) -> bool:
    """Both operators that we print: one value that must be there and equal, and values of which none may be another."""
    for operator, keys in condition.items():
        for key, wanted in keys.items():
            found = context.get(key, ())
            if operator == "StringEquals" and list(found) != [wanted]:
                return False
            if operator == "ForAllValues:StringLike" and not all(any(fnmatchcase(v, w) for w in wanted) for v in found):
                return False
    return True


def _alarm(region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}"


def _mute(region: str, name: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm-mute-rule:{name}"


def _dashboard(name: str) -> str:
    return f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}"


def _queue(region: str, params: Mapping[str, Any]) -> list[str]:
    name = params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]
    return [f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"]


def _topic(region: str, params: Mapping[str, Any]) -> list[str]:
    arn = params.get("TopicArn") or params.get("ResourceArn")
    return [arn or f"arn:aws:sns:{region}:{ACCOUNT}:{params['Name']}"]


_RESOURCES: dict[str, Callable[[str, Mapping[str, Any]], list[str]]] = {
    "cloudwatch:DeleteAlarmMuteRule": lambda region, asked: [_mute(region, asked["AlarmMuteRuleName"])],
    "cloudwatch:DeleteAlarms": lambda region, asked: [_alarm(region, name) for name in asked["AlarmNames"]],
    "cloudwatch:DeleteDashboards": lambda _, asked: [_dashboard(name) for name in asked["DashboardNames"]],
    "cloudwatch:GetAlarmMuteRule": lambda region, asked: [_mute(region, asked["AlarmMuteRuleName"])],
    "cloudwatch:GetDashboard": lambda _, asked: [_dashboard(asked["DashboardName"])],
    "cloudwatch:ListTagsForResource": lambda _, asked: [asked["ResourceARN"]],
    "cloudwatch:PutAlarmMuteRule": lambda region, asked: [
        _mute(region, asked["Name"]),
        *(_alarm(region, name) for name in asked["MuteTargets"]["AlarmNames"]),
    ],
    "cloudwatch:PutDashboard": lambda _, asked: [_dashboard(asked["DashboardName"])],
    "cloudwatch:PutMetricAlarm": lambda region, asked: [_alarm(region, asked["AlarmName"])],
    "cloudwatch:TagResource": lambda _, asked: [asked["ResourceARN"]],
    "s3:GetBucketLocation": lambda _, asked: [f"arn:aws:s3:::{asked['Bucket']}"],
    "s3:GetBucketVersioning": lambda _, asked: [f"arn:aws:s3:::{asked['Bucket']}"],
    "s3:GetMetricsConfiguration": lambda _, asked: [f"arn:aws:s3:::{asked['Bucket']}"],
    "s3:GetReplicationConfiguration": lambda _, asked: [f"arn:aws:s3:::{asked['Bucket']}"],
    **dict.fromkeys(
        (
            "sns:CreateTopic",
            "sns:DeleteTopic",
            "sns:GetTopicAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:ListTagsForResource",
            "sns:Publish",
            "sns:SetTopicAttributes",
            "sns:Subscribe",
            "sns:TagResource",
        ),
        _topic,
    ),
    **dict.fromkeys(
        (
            "sqs:CreateQueue",
            "sqs:DeleteQueue",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueueTags",
            "sqs:SetQueueAttributes",
            "sqs:TagQueue",
        ),
        _queue,
    ),
}
