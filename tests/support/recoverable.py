"""A small account with everything that recovery reads, on the simulator's wire."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.describe import Describe
from app.simulator.recoverable import Resources
from app.simulator.server import create_app
from app.simulator.sqs import Sqs
from app.simulator.wire import Refused, refuse
from slo.estate.spec import Account, Component, Estate
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.responses import Response

    from app.simulator.faults import Fault

NOW = 1_800_000_000
"""2027-01-15T08:00:00Z, a whole hour."""
MAIN = Account("main", "111122223333", "us-east-1")
DATABASE = Component(
    "database", "rds", "main", {"instance": "prod-pg", "replicas": ("prod-pg-r1", "prod-pg-r2"), "backup_region": "us-west-2"}
)
DOCUMENTS = Component("documents", "docdb", "main", {"cluster": "prod-docs", "instances": ("prod-docs-1", "prod-docs-2")})
CACHE = Component(
    "cache", "elasticache", "main", {"replication_group": "prod-cache", "nodes": ("prod-cache-1", "prod-cache-2")}
)
MEDIA = Component(
    "media",
    "s3",
    "main",
    {
        "bucket": "prod-media",
        "replica_bucket": "prod-media-replica",
        "replica_region": "us-west-2",
        "replication_rule": "to-us-west-2",
    },
)
JOBS = Component("jobs", "sqs", "main", {"queue": "prod-jobs", "dlq": "prod-jobs-dlq"})
ESTATE = Estate("prod", (MAIN,), (DATABASE, DOCUMENTS, CACHE, MEDIA, JOBS))


@dataclass(slots=True)
class Wire:
    """The simulated account; what `faults` and `put` say is the truth."""

    clock: ManualClock
    cloudwatch: CloudWatch
    describe: Describe
    faults: list[Fault] = field(default_factory=list)
    url: str = ""

    def put(self, namespace: str, metric: str, dimensions: Mapping[str, str], value: float) -> None:
        """At the newest whole minute."""
        datum = {
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
            "Value": value,
            "Timestamp": (int(self.clock.now()) // 60 - 1) * 60,
        }
        self.cloudwatch.handle("PutMetricData", {"Namespace": namespace, "MetricData": [datum]})


async def nobody(_form: Mapping[str, str]) -> Response:
    return refuse(Refused("InvalidAction", "nothing else is here"))


@contextmanager
def wired(estate: Estate = ESTATE, now: float = NOW + 7) -> Iterator[Wire]:
    clock = ManualClock(now)
    cloudwatch = CloudWatch(clock, lambda *_: None, allow_aws_namespace=True)
    faults: list[Fault] = []
    described = Describe(clock, lambda: Resources.of(estate), lambda: faults)
    app = create_app(
        cloudwatch,
        clock,
        query=described.before(nobody),
        routes=described.routes(),
        targets=described.targets(),
        regional={"AmazonSQS": Sqs().answer},
    )
    with serving(app) as url:
        yield Wire(clock, cloudwatch, described, faults, url)
