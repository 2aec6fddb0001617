"""What an estate declares, as the describe and list calls of AWS tell of it. Tags called Name are the components' names."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.simulator.recoverable import ACCOUNT, DOMAIN, REGION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from app.simulator.xml_tree import Tree
    from slo.estate.spec import Component, Estate

_PARTS = {
    "cloudfront": ("cloudfront", "distribution/{distribution}"),
    "waf": ("wafv2", "global/webacl/{web_acl}/0demo-acl"),
    "alb": ("elasticloadbalancing", "loadbalancer/{load_balancer}"),
    "ecs": ("ecs", "service/{cluster}/{service}"),
    "rds": ("rds", "db:{instance}"),
    "docdb": ("rds", "cluster:{cluster}"),
    "elasticache": ("elasticache", "replicationgroup:{replication_group}"),
    "sqs": ("sqs", "{queue}"),
    "s3": ("s3", "{bucket}"),
    "opensearch": ("es", "domain/{domain}"),
    "sns": ("sns", "{topic}"),
    "ec2": ("ec2", "instance/{instance}"),
    "nat": ("ec2", "natgateway/{gateway}"),
    "vpn": ("ec2", "vpn-connection/{vpn}"),
}


@dataclass(frozen=True)
class Inventory:
    """`denied` holds IAM actions that are refused, under the names that AWS's documentation has for them."""

    estate: Estate
    denied: set[str] = field(default_factory=set)

    def of(self, kind: str) -> list[Component]:
        return [c for c in self.estate.components if c.kind == kind]

    def arn(self, component: Component) -> str:
        service, part = _PARTS[component.kind]
        return arn(service, part.format(**component.resource))

    def tagged(self) -> list[dict[str, Any]]:
        """As GetResources lists them."""
        return [
            {"ResourceARN": self.arn(c), "Tags": [{"Key": "Name", "Value": c.name}]}
            for c in self.estate.components
            if c.kind in _PARTS
        ]

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """Load balancers by target group, both as CloudWatch names them."""
        behind = [c for c in self.estate.components if c.kind in ("ecs", "alb") and "target_group" in c.resource]
        return {str(c.resource["target_group"]): str(c.resource["load_balancer"]) for c in behind}

    def balancers(self) -> list[Tree]:
        return [
            {
                "LoadBalancerArn": arn("elasticloadbalancing", f"loadbalancer/{balancer}"),
                "LoadBalancerName": balancer.split("/")[1],
                "DNSName": host_of(balancer),
                "Type": "application",
            }
            for balancer in dict.fromkeys(self.groups.values())
        ]

    def target_groups(self) -> list[Tree]:
        return [
            {
                "TargetGroupArn": arn("elasticloadbalancing", group),
                "TargetGroupName": group.split("/")[1],
                "LoadBalancerArns": ("member", [arn("elasticloadbalancing", f"loadbalancer/{balancer}")]),
            }
            for group, balancer in self.groups.items()
        ]

    def clusters(self) -> list[str]:
        return [arn("ecs", f"cluster/{name}") for name in dict.fromkeys(str(c.resource["cluster"]) for c in self.of("ecs"))]

    def service_arns(self, cluster: str) -> list[str]:
        """`cluster` is its name or its ARN."""
        return [self.arn(c) for c in self.of("ecs") if c.resource["cluster"] == cluster.rpartition("/")[2]]

    def services(self, wanted: Collection[str]) -> list[dict[str, Any]]:
        return [self._service(c) for c in self.of("ecs") if self.arn(c) in wanted]

    def scaling(self) -> list[dict[str, Any]]:
        return [
            {
                "ServiceNamespace": "ecs",
                "ResourceId": f"service/{c.resource['cluster']}/{c.resource['service']}",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": int(str(c.resource["min_tasks"])),
                "MaxCapacity": int(str(c.resource["max_tasks"])),
                "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/scaling",
                "CreationTime": 1_700_000_000,
            }
            for c in self.of("ecs")
        ]

    def task(self, definition: str) -> dict[str, Any]:
        """Told where the service finds what it depends on; the service's name is that of its task definition."""
        name = definition.rpartition("/")[2].partition(":")[0]
        component = next(c for c in self.of("ecs") if c.resource["service"] == name)
        wanted = [self.estate.component(other) for other in component.depends_on]
        told = [{"name": f"{c.name.upper()}_URL", "value": where} for c in wanted if (where := _address(c))]
        return {"containerDefinitions": [{"name": name, "environment": told}]}

    def queues(self) -> list[str]:
        return [queue_url(name) for c in self.of("sqs") for name in (c.resource["queue"], c.resource["dlq"])]

    def queue(self, url: str) -> dict[str, str]:
        """Its attributes; only a queue that has a dead-letter queue has a policy."""
        dead = next((str(c.resource["dlq"]) for c in self.of("sqs") if queue_url(c.resource["queue"]) == url), None)
        policy = json.dumps({"deadLetterTargetArn": arn("sqs", dead), "maxReceiveCount": 5}) if dead else None
        told = {"QueueArn": arn("sqs", url.rpartition("/")[2]), "MessageRetentionPeriod": "345600"}
        return told | ({"RedrivePolicy": policy} if policy else {})

    def buckets(self, region: str) -> list[str]:
        """Copies are in the region that the estate says."""
        home = [str(c.resource["bucket"]) for c in self.of("s3")] if region == REGION else []
        return home + [str(c.resource["replica_bucket"]) for c in self.of("s3") if c.resource.get("replica_region") == region]

    def distributions(self) -> list[Tree]:
        return [self._distribution(c) for c in self.of("cloudfront")]

    def _service(self, component: Component) -> dict[str, Any]:
        group = component.resource.get("target_group")
        balancers = [{"targetGroupArn": arn("elasticloadbalancing", str(group)), "containerPort": 80}] if group else []
        return {
            "serviceArn": self.arn(component),
            "serviceName": component.resource["service"],
            "status": "ACTIVE",
            "desiredCount": int(str(component.resource["min_tasks"])),
            "loadBalancers": balancers,
            "taskDefinition": arn("ecs", f"task-definition/{component.resource['service']}:7"),
        }

    def _distribution(self, component: Component) -> Tree:
        id_, domain = str(component.resource["distribution"]), f"{component.name}.example.com"
        origins: list[Tree] = [{"Id": host, "DomainName": host} for host in self._origins(component)]
        acls = [c for c in self.of("waf") if c.name in component.depends_on]
        return {
            "Id": id_,
            "ARN": self.arn(component),
            "Status": "Deployed",
            "DomainName": f"{id_.lower()}.cloudfront.net",
            "Aliases": {"Quantity": 1, "Items": {"CNAME": domain}},
            "Origins": {"Quantity": len(origins), "Items": ("Origin", origins)},
            "WebACLId": self.arn(acls[0]) if acls else "",
            "Enabled": True,
        }

    def _origins(self, component: Component) -> Iterator[str]:
        for name in component.depends_on:
            origin = self.estate.component(name)
            if origin.kind == "alb":
                yield host_of(str(origin.resource["load_balancer"]))
            elif origin.kind == "s3":
                yield f"{origin.resource['bucket']}.s3.{REGION}.amazonaws.com"


def arn(service: str, part: str) -> str:
    where = "" if service in ("cloudfront", "s3") else REGION
    return f"arn:aws:{service}:{where}:{'' if service == 's3' else ACCOUNT}:{part}"


def host_of(balancer: str) -> str:
    _, name, number = balancer.split("/")
    return f"{name}-{number[:10]}.{REGION}.elb.amazonaws.com"


def queue_url(name: object) -> str:
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


def _address(component: Component) -> str | None:
    """As a task is told it, None of what has none."""
    names = component.resource
    if component.kind == "rds":
        return f"postgres://app@{names['instance']}.{DOMAIN}.{REGION}.rds.amazonaws.com:5432/app"
    if component.kind == "docdb":
        return f"mongodb://{names['cluster']}.cluster-{DOMAIN}.{REGION}.docdb.amazonaws.com:27017/?tls=true"
    if component.kind == "elasticache":
        return f"rediss://{names['replication_group']}.{DOMAIN}.clustercfg.use1.cache.amazonaws.com:6379"
    if component.kind == "sqs":
        return queue_url(names["queue"])
    return str(names["bucket"]) if component.kind == "s3" else None
