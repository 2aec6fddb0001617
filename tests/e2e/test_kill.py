"""kill -9 between commit, publish and mark: one incident, told in order, lost by nobody."""

from __future__ import annotations

import json
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from starlette.applications import Starlette

from app.simulator.faults import FAULTS
from app.simulator.pagerduty import PagerDuty
from tests.support.processes import ROOT, Program, running, sloop, wait
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY = "sloop/demo/api.availability/page"
TOPIC = "arn:aws:sns:us-east-1:111122223333:pages"
AHEAD = 35
"""Seconds from the start of a run to the minute at which the outage is out of the short window, and the page resolves."""


@dataclass(frozen=True)
class Ground:
    """What stays while the service is killed: AWS, the pager, the database."""

    simulator: str
    pager: PagerDuty
    settings: Mapping[str, str]

    def service(self, stack: ExitStack, **more: str) -> Program:
        return stack.enter_context(running(*sloop("serve"), environment={**self.settings, **more}))


@pytest.fixture
def ground(tmp_path: Path) -> Any:
    """A fault in the past, whose last moment is in the oldest minute that the first judgement's short window still holds."""
    with ExitStack() as stack:
        simulator = stack.enter_context(running("-m", "app.simulator", environment={})).said("http://").split()[-1]
        pager = PagerDuty(allowed={simulator.removeprefix("http://")})
        address = stack.enter_context(serving(Starlette(routes=list(pager.routes()))))
        _subscribe(simulator, f"{address}/demo/pagerduty/sns")
        wait(lambda: pager.confirmed, 10)
        settle = int(time.time() + AHEAD) % 60  # T moves on when the wall is `settle` past a minute: AHEAD seconds from now
        first = (int(time.time()) - settle) // 60
        _break(simulator, (first - 4) * 60 - 5 - FAULTS["api-5xx"].seconds)
        settings = {
            "SLOOP_ESTATE": str(ROOT / "slo" / "specs" / "demo.yaml"),
            "SLOOP_DATABASE_URL": f"sqlite:///{tmp_path}/sloop.db",
            "SLOOP_TOPIC_ARN": TOPIC,
            "SLOOP_PROMETHEUS_URL": f"{simulator}/prometheus",
            "SLOOP_SETTLE_SECONDS": str(settle),
            "SLOOP_PROMETHEUS_SETTLE_SECONDS": str(settle),
            "SLOOP_POLL_MINUTES": "1",
            "SLOOP_QUIET_MINUTES": "1",
            "SLOOP_PORT": "0",
            "AWS_ENDPOINT_URL": simulator,
        }
        yield Ground(simulator, pager, settings)


@pytest.mark.parametrize(
    ("failpoint", "alarms"),
    [("after_commit_before_publish", 1), ("after_publish_before_mark", 2)],
)
def test_f43_f44_a_service_that_is_killed_while_it_pages_loses_nothing(ground: Ground, failpoint: str, alarms: int) -> None:
    told = Recorder(ground.pager)
    with ExitStack() as stack:
        killed = ground.service(stack, SLOOP_FAILPOINT=failpoint)
        assert killed.ended() == -signal.SIGKILL, killed.text
        seen_before = list(told.states)

        again = ground.service(stack)
        wait(lambda: "OK" in told.states, 60, lambda: f"{told.states}\n{again.text}")
        again.process.terminate()
        assert again.ended() == 0, again.text

    assert seen_before == ["ALARM"] * (alarms - 1)
    assert told.states == ["ALARM"] * alarms + ["OK"]
    assert [(i.dedup_key, i.status) for i in ground.pager.incidents] == [(KEY, "resolved")]


class Recorder:
    """The states that reached the pager, in the order in which they came."""

    def __init__(self, pager: PagerDuty) -> None:
        self._pager = pager

    @property
    def states(self) -> list[str]:
        """One incident folds its alarms: the first opens it, each repetition and the OK count one message more."""
        states = []
        for incident in self._pager.incidents:
            resolved = incident.status == "resolved"
            states += ["ALARM"] * (incident.messages - resolved) + ["OK"] * resolved
        return states


def _subscribe(simulator: str, endpoint: str) -> None:
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    sns = session.client("sns", endpoint_url=simulator)
    assert sns.create_topic(Name=TOPIC.rsplit(":", 1)[1])["TopicArn"] == TOPIC
    sns.subscribe(TopicArn=TOPIC, Protocol="http", Endpoint=endpoint)


def _break(simulator: str, start: float) -> None:
    body = json.dumps({"name": "api-5xx", "start": start})
    httpx.post(f"{simulator}/_sloop/faults", content=body, trust_env=False).raise_for_status()
