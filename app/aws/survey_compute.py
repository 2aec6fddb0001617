"""Load balancers, the services behind them, and single instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.survey import name_of
from slo.estate.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.aws.survey import Survey

SERVICES_PER_CALL = 10
_BALANCERS = "elasticloadbalancing:DescribeLoadBalancers"
_GROUPS = "elasticloadbalancing:DescribeTargetGroups"
_SERVICES = "ecs:DescribeServices"
_TASKS = "ecs:DescribeTaskDefinition"
_SCALING = "application-autoscaling:DescribeScalableTargets"
_INSTANCES = "ec2:DescribeInstances"
_MANAGED = ("aws:autoscaling:groupName", "eks:cluster-name")


def compute(survey: Survey) -> Iterator[Found]:
    groups = survey.rows(_GROUPS, "elbv2", "TargetGroups")
    yield from _balancers(survey, groups)
    before = {g["TargetGroupArn"]: _tail(arn) for g in groups for arn in g.get("LoadBalancerArns", ())[:1]}
    yield from _services(survey, {group: balancer for group, balancer in before.items() if balancer.startswith("app/")})
    yield from _instances(survey)


def _balancers(survey: Survey, groups: list[Any]) -> Iterator[Found]:
    for balancer in survey.rows(_BALANCERS, "elbv2", "LoadBalancers"):
        if balancer.get("Type") != "application":
            continue
        arn = balancer["LoadBalancerArn"]
        behind = sorted(_part(g["TargetGroupArn"]) for g in groups if arn in g.get("LoadBalancerArns", ()))
        more = f"Its proof of life is the first of its {len(behind)} target groups by name." if len(behind) > 1 else ""
        yield Found(
            "alb",
            balancer["LoadBalancerName"],
            _BALANCERS,
            {"load_balancer": _tail(arn), **({"target_group": behind[0]} if behind else {})},
            survey.name("elasticloadbalancing", _part(arn)),
            tuple(filter(None, (balancer.get("DNSName"),))),
            notes=(more,) if more else (),
        )


def _services(survey: Survey, balancers: Mapping[str, str]) -> Iterator[Found]:
    """`balancers` are the application load balancers by the ARN of the target group."""
    scaled = {
        row["ResourceId"]: row
        for row in survey.rows(_SCALING, "application-autoscaling", "ScalableTargets", ServiceNamespace="ecs")
        if row.get("ScalableDimension") == "ecs:service:DesiredCount"
    }
    for cluster in survey.rows("ecs:ListClusters", "ecs", "clusterArns"):
        arns = survey.rows("ecs:ListServices", "ecs", "serviceArns", cluster=cluster)
        for first in range(0, len(arns), SERVICES_PER_CALL):
            some = arns[first : first + SERVICES_PER_CALL]
            answer = survey.call(_SERVICES, "ecs", "describe_services", cluster=cluster, services=some)
            for service in answer["services"] if answer else ():
                if service.get("status") == "ACTIVE":
                    yield _service(survey, _part(cluster).partition("/")[2], service, balancers, scaled)


def _service(survey: Survey, cluster: str, service: Any, balancers: Mapping[str, str], scaled: Mapping[str, Any]) -> Found:
    name = service["serviceName"]
    groups = [b["targetGroupArn"] for b in service.get("loadBalancers", ()) if b.get("targetGroupArn")]
    group = next((g for g in groups if g in balancers), next(iter(groups), None))
    place = {"target_group": _part(group)} if group else {}
    if group is not None and group in balancers:
        place = {"load_balancer": balancers[group], **place}
    floor, notes = _floor(scaled.get(f"service/{cluster}/{name}"), service)
    return Found(
        "ecs",
        name,
        _SERVICES,
        {**place, "cluster": cluster, "service": name, **floor},
        survey.name("ecs", _part(service["serviceArn"])),
        says=tuple(_environment(survey, service)),
        notes=notes,
    )


def _floor(scaling: Any | None, service: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """What capacity is judged by."""
    if scaling is not None:
        return {"min_tasks": str(max(1, scaling["MinCapacity"])), "max_tasks": str(max(1, scaling["MaxCapacity"]))}, ()
    wanted = service.get("desiredCount", 0)
    if not wanted:
        return {}, ("It wants no tasks now and nothing scales it, so it has no floor of tasks to hold.",)
    return {"min_tasks": str(wanted)}, (f"min_tasks is the {wanted} that it wants now: nothing was found that scales it.",)


def _environment(survey: Survey, service: Any) -> Iterator[str]:
    """Values of plain variables, which hold addresses; they are compared and never written down."""
    answer = survey.call(_TASKS, "ecs", "describe_task_definition", taskDefinition=service["taskDefinition"])
    for container in answer["taskDefinition"].get("containerDefinitions", ()) if answer else ():
        for variable in container.get("environment", ()):
            yield variable.get("value", "")


def _instances(survey: Survey) -> Iterator[Found]:
    """Those that somebody runs by hand: what a group or cluster starts comes and goes."""
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    for reservation in survey.rows(_INSTANCES, "ec2", "Reservations", Filters=running):
        for instance in reservation["Instances"]:
            tags = instance.get("Tags", ())
            if any(tag["Key"] in _MANAGED for tag in tags):
                continue
            hosts = (instance.get("PrivateDnsName"), instance.get("PublicDnsName"), instance.get("PrivateIpAddress"))
            id_ = instance["InstanceId"]
            yield Found("ec2", id_, _INSTANCES, {"instance": id_}, name_of(tags), tuple(filter(None, hosts)))


def _part(arn: str) -> str:
    """`arn:partition:service:region:account:part`."""
    return arn.split(":", 5)[5]


def _tail(arn: str) -> str:
    """As CloudWatch names a load balancer: app/name/id."""
    return _part(arn).partition("/")[2]
