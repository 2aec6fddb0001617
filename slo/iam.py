"""The least that each role must be allowed in AWS: one table of the actions that the code calls, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from slo.resource import Place, partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Role = Literal["service", "recovery", "plan", "apply", "discover"]
ROLES: dict[Role, str] = {
    "service": "the running service: reads what objectives are made of, publishes, and looks at what `sloop apply` made",
    "recovery": "what the service reads for recovery targets; `service` holds it",
    "plan": "plan and drift: reads only",
    "apply": "apply, destroy, adopt and prune: `plan`, and the writes",
    "discover": "`sloop init --from-aws`: reads only",
}

On = Literal[
    "anything", "alarms", "mutes", "dashboards", "topics", "queues", "buckets", "log groups", "workspaces", "domains", "roles"
]
_PATTERNS: dict[On, str] = {
    "anything": "*",
    "alarms": "arn:{partition}:cloudwatch:{region}:{account}:alarm:sloop/{estate}/*",
    "mutes": "arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:sloop/{estate}/*",
    "dashboards": "arn:{partition}:cloudwatch::{account}:dashboard/sloop-{estate}-*",
    "topics": "arn:{partition}:sns:{region}:{account}:sloop-{estate}-*",
    "queues": "arn:{partition}:sqs:{region}:{account}:sloop-{estate}-*",
    "buckets": "arn:{partition}:s3:::*",
    "log groups": "arn:{partition}:logs:{region}:{account}:log-group:*",
    # Prometheus and OpenSearch are named by settings, which do not say in whose account they stand.
    "workspaces": "arn:{partition}:aps:*:*:workspace/*",
    "domains": "arn:{partition}:es:*:*:domain/*",
    "roles": "",
}
Only = Literal["", "namespace", "topics"]
NAMESPACE = "Sloop"


@dataclass(frozen=True, slots=True)
class Grant:
    """`only` is what a condition limits it to: metrics in our namespace, or alarms that tell nobody but our topics."""

    roles: tuple[Role, ...]
    on: On
    actions: tuple[str, ...]
    only: Only = ""


_LOOK: tuple[Role, ...] = ("service", "plan", "apply")
_RECOVERY: tuple[Role, ...] = ("service", "recovery")
GRANTS = (
    Grant(("service", "recovery", "discover"), "anything", ("cloudwatch:GetMetricData",)),
    Grant(("service", "discover"), "anything", ("cloudwatch:ListMetrics", "xray:GetServiceGraph")),
    Grant(("service",), "anything", ("xray:GetTimeSeriesServiceStatistics", "logs:GetQueryResults", "logs:StopQuery")),
    Grant(("service",), "log groups", ("logs:StartQuery",)),
    Grant(("service",), "workspaces", ("aps:QueryMetrics",)),
    Grant(("service",), "domains", ("es:ESHttpPost",)),
    Grant(("service",), "anything", ("aoss:APIAccessAll",)),
    Grant(("service",), "topics", ("sns:Publish",)),
    Grant(("service",), "anything", ("cloudwatch:PutMetricData",), "namespace"),
    # What cannot be told apart by resource, or not for composites: CloudWatch's and SNS' own tables of actions.
    Grant(_LOOK, "anything", ("cloudwatch:DescribeAlarms", "cloudwatch:ListAlarmMuteRules", "sns:GetSubscriptionAttributes")),
    Grant((*_LOOK, "discover"), "anything", ("tag:GetResources",)),
    Grant(_LOOK, "alarms", ("cloudwatch:ListTagsForResource",)),
    Grant(_LOOK, "mutes", ("cloudwatch:ListTagsForResource", "cloudwatch:GetAlarmMuteRule")),
    Grant(_LOOK, "topics", ("sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:ListSubscriptionsByTopic")),
    Grant(_LOOK, "queues", ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags")),
    Grant(("plan", "apply"), "anything", ("cloudwatch:ListDashboards", "cloudtrail:LookupEvents")),
    Grant(("plan", "apply"), "dashboards", ("cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource")),
    Grant(("apply",), "alarms", ("cloudwatch:PutMetricAlarm",), "topics"),
    Grant(("apply",), "anything", ("cloudwatch:PutCompositeAlarm",), "topics"),
    Grant(("apply",), "alarms", ("cloudwatch:DeleteAlarms", "cloudwatch:TagResource", "cloudwatch:PutAlarmMuteRule")),
    Grant(("apply",), "mutes", ("cloudwatch:PutAlarmMuteRule", "cloudwatch:DeleteAlarmMuteRule", "cloudwatch:TagResource")),
    Grant(("apply",), "dashboards", ("cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards", "cloudwatch:TagResource")),
    Grant(("apply",), "topics", ("sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource")),
    Grant(("apply",), "topics", ("sns:Subscribe", "sns:DeleteTopic")),
    Grant(("apply",), "anything", ("sns:SetSubscriptionAttributes", "sns:Unsubscribe")),
    Grant(("apply",), "queues", ("sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:DeleteQueue")),
    Grant((*_RECOVERY, "discover"), "anything", ("rds:DescribeDBClusters", "rds:DescribeDBInstances")),
    Grant(_RECOVERY, "anything", ("rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeEvents")),
    Grant(_RECOVERY, "anything", ("rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots")),
    Grant((*_RECOVERY, "discover"), "anything", ("elasticache:DescribeReplicationGroups",)),
    Grant(_RECOVERY, "anything", ("elasticache:DescribeSnapshots", "elasticache:DescribeEvents")),
    Grant((*_RECOVERY, "discover"), "buckets", ("s3:GetReplicationConfiguration",)),
    Grant(_RECOVERY, "buckets", ("s3:GetBucketVersioning",)),
    Grant((*_RECOVERY, "discover"), "anything", ("ecs:DescribeServices",)),
    Grant((*_RECOVERY, "discover"), "anything", ("sqs:GetQueueAttributes",)),
    Grant(_RECOVERY, "anything", ("ecs:ListServiceDeployments", "fis:GetExperiment", "fis:ListExperiments")),
    Grant(_RECOVERY, "anything", ("backup:DescribeProtectedResource", "backup:DescribeRecoveryPoint", "backup:ListCopyJobs")),
    Grant(_RECOVERY, "anything", ("backup:ListRecoveryPointsByResource", "backup:ListRestoreJobsByProtectedResource")),
    Grant(("discover",), "anything", ("application-autoscaling:DescribeScalableTargets", "cloudfront:ListDistributions")),
    Grant(("discover",), "anything", ("ec2:DescribeInstances", "ec2:DescribeNatGateways", "ec2:DescribeVpnConnections")),
    Grant(("discover",), "anything", ("ecs:DescribeTaskDefinition", "ecs:ListClusters", "ecs:ListServices")),
    Grant(("discover",), "anything", ("elasticloadbalancing:DescribeLoadBalancers",)),
    Grant(("discover",), "anything", ("elasticloadbalancing:DescribeTargetGroups", "es:ListDomainNames", "sns:ListTopics")),
    Grant(("discover",), "anything", ("s3:ListAllMyBuckets", "sqs:ListQueues")),
    Grant(("discover",), "buckets", ("s3:GetBucketLocation", "s3:GetMetricsConfiguration")),
    Grant(tuple(ROLES), "roles", ("sts:AssumeRole",)),
)
FREE = frozenset({"sts:GetCallerIdentity"})
"""Called, and nobody needs a permission for it."""

ANYWHERE = (Place("", "*", "*"),)


def policy(role: Role, estate: str = "*", places: Sequence[Place] = ANYWHERE) -> dict[str, Any]:
    """An identity policy as IAM takes it: a statement for each thing that may be done something with, `*` last."""
    found: dict[tuple[str, ...], tuple[Only, set[str]]] = {}
    for grant in GRANTS:
        if role in grant.roles and (arns := _arns(grant.on, estate, places)):
            key = (grant.only, *arns)
            found.setdefault(key, (grant.only, set()))[1].update(grant.actions)
    order = sorted(found, key=lambda key: ("*" in key, key[1:], key[0]))
    statements = [_statement(sorted(found[key][1]), key[1:], _condition(found[key][0], estate, places)) for key in order]
    return {"Version": "2012-10-17", "Statement": statements}


def actions(roles: Iterable[Role] = ROLES) -> frozenset[str]:
    """Of these roles, wherever they hold."""
    wanted = set(roles)
    return frozenset(action for grant in GRANTS if wanted & set(grant.roles) for action in grant.actions)


def _arns(on: On, estate: str, places: Sequence[Place]) -> tuple[str, ...]:
    """Of roles those that the estate names: nobody should be allowed to take on any other."""
    if on == "roles":
        return tuple(sorted({p.role_arn for p in places if p.role_arn}))
    pattern = _PATTERNS[on]
    return tuple(
        sorted({pattern.format(partition=partition(p.region), region=p.region, account=p.id, estate=estate) for p in places})
    )


def _condition(only: Only, estate: str, places: Sequence[Place]) -> dict[str, Any]:
    if only == "namespace":
        return {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
    if only == "topics":
        return {"ForAllValues:StringLike": {"cloudwatch:AlarmActions": list(_arns("topics", estate, places))}}
    return {}


def _statement(allowed: list[str], arns: Sequence[str], condition: dict[str, Any]) -> dict[str, Any]:
    resource = arns[0] if len(arns) == 1 else list(arns)
    return {"Effect": "Allow", "Action": allowed, "Resource": resource, **({"Condition": condition} if condition else {})}
