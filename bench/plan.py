"""What `sloop plan` costs at 2,000 objectives: CPU seconds of one process, against a simulated account in another."""

from __future__ import annotations

import os
import time
from multiprocessing import get_context
from typing import TYPE_CHECKING

import uvicorn
from figures import Figure, of_samples, report

from alerts.desired import Wanted, wanted_alarms
from alerts.topics import Pager, mark
from app.bootstrap_aws import provisioner
from app.files import read_catalog
from app.settings import Settings
from app.simulator.account import Surroundings
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.courier import Courier
from app.simulator.server import HOST, create_app, listen
from app.simulator.sns import Sns
from slo.estate.load import load
from slo.plan import Plan, make_plan
from slo.resource import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from slo.resource import Resource

PAGER = "https://pager.example/enqueue"
BALANCERS, SERIES = 800, 400
"""Components: those of load balancers have two objectives and default alarms too. Together about 12,000 resources."""
RUNS = 3
HEAD = (
    'apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: large}\naccounts: {main: {id: "111122223333", region: us-east-1}}\n'
)
ONE = "{indicator: availability, target: 99.9%, window: 30d}"
TWO = f"{ONE}, {{indicator: latency, target: 99%, window: 30d}}"


def main() -> None:
    wanted = mark(declared().resources)
    listener = listen()
    account = get_context("spawn").Process(target=serve, args=[listener, wanted], daemon=True)
    account.start()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{HOST}:{listener.getsockname()[1]}"
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    settings = Settings(writes_per_second=1000, pager_endpoint=PAGER)
    rest = planned(settings)[1]
    outcome = provisioner(settings, rest.places, dashboards=False).apply(rest)
    runs = [planned(settings) for _ in range(RUNS)]
    account.kill()
    account.join()
    assert not outcome.failed, outcome.failed[0].error
    assert all(not plan.changes for _, plan in runs), "what was applied needs no further change"
    report(
        [
            Figure("resources of 2,000 objectives", len(wanted), "", "about 12000"),
            of_samples("CPU of a plan of 2,000 objectives, nothing to do", [cpu for cpu, _ in runs], "s", "<= 10"),
        ]
    )


def serve(listener: socket, wanted: Sequence[Resource]) -> None:
    """An account in which the alarms are, and nothing else: topics and queue are applied as they would be."""
    clock = ManualClock(time.time())
    sns = Sns(lambda: "http://127.0.0.1:9", courier=lambda url: Courier(url, retries=0))
    cloudwatch = CloudWatch(clock, sns.publish)
    for r in sorted(wanted, key=lambda r: ORDER.index(r.kind)):
        if r.kind in ("alarm", "composite"):
            tags = [{"Key": key, "Value": value} for key, value in r.tags.items()]
            put = {"alarm": "PutMetricAlarm", "composite": "PutCompositeAlarm"}[r.kind]
            cloudwatch.handle(put, {"AlarmName": r.name, "Tags": tags, **r.spec}, r.region)
    around = Surroundings(cloudwatch, sns, clock)
    app = create_app(cloudwatch, clock, query=around.before(sns.handle), regional=around.regional())
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


def planned(settings: Settings) -> tuple[float, Plan]:
    """(CPU seconds, plan): the estate is read, everything wanted declared, everything live read, and both compared."""
    before = time.process_time()
    wanted = declared()
    live = provisioner(settings, wanted.places, dashboards=False).read("large")
    plan = make_plan("large", wanted.places, mark(wanted.resources), live)
    return time.process_time() - before, plan


def declared() -> Wanted:
    catalog = read_catalog()
    loaded = load((("large.yaml", text().encode()),), catalog)
    assert loaded.estate is not None, loaded.problems[0]
    return wanted_alarms(loaded.estate, catalog, Pager.of(PAGER))


def text() -> str:
    lines = [HEAD, "components:\n"]
    for n in range(BALANCERS):
        resource = f"{{load_balancer: app/b{n}/0, target_group: targetgroup/b{n}/0}}"
        lines.append(f"  - {{name: b{n}, kind: alb, tier: 1, resource: {resource}, objectives: [{TWO}]}}\n")
    for n in range(SERIES):
        indicators = f"{{total: t{n}, bad: e{n}}}"
        lines.append(f"  - {{name: s{n}, kind: prometheus, resource: {indicators}, objectives: [{ONE}]}}\n")
    return "".join(lines)


if __name__ == "__main__":
    main()
