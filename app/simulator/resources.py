"""The resources of slo/specs/reference.yaml (and so of demo.yaml) as CloudWatch names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.simulator.gauge import Gauge
from app.simulator.gauges import NOTHING, TB, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOAD_BALANCER = "app/demo/50dc6c495c0c9188"
INTERNAL_BALANCER = "app/demo-internal/6d0ecf831eec9f09"
TARGET_GROUPS = {
    "api": "targetgroup/demo-api/943f017f100becff",
    "web": "targetgroup/demo-web/73e2d6bc24d8a067",
    "tools": "targetgroup/demo-tools/5f2a1c9be07d4e83",
}
CLUSTER, DATABASE, QUEUE = "demo", "demo-pg", "demo-jobs"
CACHE_NODES = ("demo-cache-0001-001", "demo-cache-0001-002", "demo-cache-0001-003")
TASKS = {
    "api": Gauge(8, 1.4, 0, WHOLE),
    "web": Gauge(5, 0.9, 0, WHOLE),
    "workers": Gauge(6, 1.4, 0, WHOLE),
    "tools": Gauge(2, 0, 0, WHOLE),
}
"""Running tasks of each service: never below its minimum, never at its maximum."""
BUCKETS = {"media": 250 * TB, "assets": 5 * TB, "backups": 100 * TB, "archive": 1800 * TB}
"""Bytes in each."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something with metrics. `name` is what faults aim at; `gauges` stand in for those of the table."""

    component: str
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    gauges: Mapping[str, Gauge] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """As the keys of GAUGES are written."""
        return " ".join((self.namespace, *sorted(self.dimensions)))


def resources() -> Iterator[Resource]:
    yield Resource("cdn", "AWS/CloudFront", "cdn", {"DistributionId": "E2DEMO0EXAMPLE", "Region": "Global"})
    yield Resource("waf", "AWS/WAFV2", "waf", {"WebACL": "demo-edge", "Rule": "ALL"})
    yield Resource("edge", "AWS/ApplicationELB", "edge", {"LoadBalancer": LOAD_BALANCER})
    yield Resource("tools", "AWS/ApplicationELB", "tools", {"LoadBalancer": INTERNAL_BALANCER})
    for name in TASKS:
        yield from _service(name)
    yield Resource("payment", "AWS/EC2", "payment", {"InstanceId": "i-0demo5payment001"})
    for instance in (DATABASE, "demo-pg-r1", "demo-pg-r2"):
        yield Resource("database", "AWS/RDS", instance, {"DBInstanceIdentifier": instance})
    yield Resource("documents", "AWS/DocDB", "demo-docs", {"DBClusterIdentifier": "demo-docs"})
    for number in (1, 2, 3):
        yield Resource("documents", "AWS/DocDB", f"demo-docs-{number}", {"DBInstanceIdentifier": f"demo-docs-{number}"})
    for node in CACHE_NODES:
        yield Resource("cache", "AWS/ElastiCache", node, {"CacheClusterId": node, "CacheNodeId": "0001"})
    yield Resource("jobs", "AWS/SQS", QUEUE, {"QueueName": QUEUE})
    yield Resource("jobs", "AWS/SQS", f"{QUEUE}-dlq", {"QueueName": f"{QUEUE}-dlq"}, _EMPTY_QUEUE)
    for name, size in BUCKETS.items():
        yield from _bucket(name, size)
    yield Resource("datasync", "AWS/DataSync", "datasync", {"TaskId": "task-0demo300tb0active"})
    for zone in "abc":
        yield Resource(f"nat-{zone}", "AWS/NATGateway", f"nat-{zone}", {"NatGatewayId": f"nat-0demo1{zone}"})
    yield Resource("vpn-onprem", "AWS/VPN", "vpn-onprem", {"VpnId": "vpn-0demo1onprem"})
    yield Resource("vpn-payment", "AWS/VPN", "vpn-payment", {"VpnId": "vpn-0demo2payment"})
    yield Resource("keys", "AWS/KMS", "keys", {"KeyId": "1a2b3c4d-demo-key"})
    yield Resource("logs", "AWS/Logs", "logs", {"LogGroupName": "/demo/application"})
    yield Resource("search", "AWS/ES", "search", {"DomainName": "demo-logs", "ClientId": "111122223333"})
    yield Resource("pager", "AWS/SNS", "pager", {"TopicName": "sloop-demo-pages"})


_EMPTY_QUEUE = dict.fromkeys(
    (
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
        "NumberOfMessagesSent",
        "NumberOfMessagesReceived",
        "NumberOfMessagesDeleted",
    ),
    NOTHING,
)


def _service(name: str) -> Iterator[Resource]:
    service = {"ClusterName": CLUSTER, "ServiceName": name}
    yield Resource(name, "AWS/ECS", name, service)
    running = {"RunningTaskCount": TASKS[name], "DesiredTaskCount": TASKS[name]}
    yield Resource(name, "ECS/ContainerInsights", name, service, running)
    if name in TARGET_GROUPS:
        balancer = INTERNAL_BALANCER if name == "tools" else LOAD_BALANCER
        group = {"LoadBalancer": balancer, "TargetGroup": TARGET_GROUPS[name]}
        yield Resource(name, "AWS/ApplicationELB", name, group, {"HealthyHostCount": TASKS[name]})


def _bucket(name: str, size: float) -> Iterator[Resource]:
    bucket = f"demo-{name}"
    if name != "archive":  # nobody reads what must be restored first, so nobody pays for its request metrics
        yield Resource(name, "AWS/S3", name, {"BucketName": bucket, "FilterId": "EntireBucket"})
    daily = {"BucketSizeBytes": Gauge(size, 0, 1e-4 * size, WHOLE, daily=True)}
    yield Resource(name, "AWS/S3", name, {"BucketName": bucket, "StorageType": "AllStorageTypes"}, daily)
    rule = {"SourceBucket": bucket, "DestinationBucket": f"{bucket}-replica", "RuleId": "to-us-west-2"}
    yield Resource(name, "AWS/S3", name, rule)
