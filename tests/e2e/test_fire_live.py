"""`sloop test-fire` beside the real service: through SNS to the pager, and back to the service's own hook."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
from starlette.applications import Starlette

from app.simulator.pagerduty import PagerDuty
from tests.support.processes import ROOT, get, running, sloop, wait
from tests.support.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

TOPIC = "arn:aws:sns:us-east-1:111122223333:pages"


def test_a_test_goes_through_sns_to_the_pager_and_back_and_each_hop_is_timed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        simulator = stack.enter_context(running("-m", "app.simulator", environment={})).said("http://").split()[-1]
        pager = PagerDuty(allowed={simulator.removeprefix("http://")})
        pagerduty = stack.enter_context(serving(Starlette(routes=list(pager.routes()))))
        port = free_port()
        own = f"http://127.0.0.1:{port}"
        settings = {
            "SLOOP_ESTATE": str(ROOT / "slo" / "specs" / "demo.yaml"),
            "SLOOP_DATABASE_URL": f"sqlite:///{tmp_path}/sloop.db",
            "SLOOP_TOPIC_ARN": TOPIC,
            "SLOOP_HOOK_TOPIC_ARNS": TOPIC,
            "SLOOP_HOOK_CERT_HOSTS": simulator.removeprefix("http://"),
            "SLOOP_PROMETHEUS_URL": f"{simulator}/prometheus",
            "SLOOP_PORT": str(port),
            "AWS_ENDPOINT_URL": simulator,
            "USER": "bob",
        }
        service = stack.enter_context(running(*sloop("serve"), environment=settings))
        wait(lambda: get(f"{own}/healthz"), 30, lambda: service.text)
        subscribe(simulator, f"{pagerduty}/demo/pagerduty/sns", f"{own}/hooks/sns")
        wait(lambda: pager.confirmed, 10)
        wait(lambda: get(f"{own}/api/v1/events?kind=subscription")["items"], 10, lambda: service.text)

        typed = stack.enter_context(running(*sloop("test-fire", "api", "--json"), environment=settings))
        assert typed.ended() == 0, typed.text
        wait(lambda: typed.text.endswith("}\n"), 5)
        told = json.loads(typed.text)
        (event,) = get(f"{own}/api/v1/events?kind=test_fire&component=api")["items"]

    assert [m["state"] for m in told["messages"]] == ["ALARM", "OK"]
    assert all(seconds is not None and 0 <= seconds < 5 for m in told["messages"] for seconds in m["hops"].values()), told
    assert [(i.dedup_key, i.status, i.messages) for i in pager.incidents] == [("sloop/demo/test/api", "resolved", 2)]
    assert (event["document"], told["actor"], told["passed"]) == (told, "bob", True)


def subscribe(simulator: str, *endpoints: str) -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    sns: Any = session.client("sns", endpoint_url=simulator)
    assert sns.create_topic(Name=TOPIC.rsplit(":", 1)[1])["TopicArn"] == TOPIC
    for endpoint in endpoints:
        sns.subscribe(TopicArn=TOPIC, Protocol="http", Endpoint=endpoint)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
