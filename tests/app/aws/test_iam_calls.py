"""The printed policies against the code: what it names, what it calls, and what it asks of an account when it runs."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore import xform_name

from alerts.desired import wanted_alarms
from alerts.message import test_message as drill_message
from alerts.mutes import still_to_come
from alerts.topics import mark, topic_arn
from app.aws.alarms import AwsAlarms
from app.aws.dashboards import AwsDashboards
from app.aws.discover import AwsDiscovery
from app.aws.identity import AwsIdentity
from app.aws.metric_sink import AwsMetricSink
from app.aws.metrics import CloudWatchSource
from app.aws.mutes import AwsMutes
from app.aws.queues import AwsQueues
from app.aws.recovery import AwsRecovery
from app.aws.sns import SnsPublisher
from app.aws.topics import AwsTopics
from app.aws.trail import AwsTrail
from app.aws.watchmen import AwsWatchmen
from app.aws.xray import XRaySource
from app.files import read_catalog
from app.ports import MetricPoint
from app.provision import Provisioner
from app.telling import Teller
from dashboards.desired import desired_dashboards
from slo.estate.spec import Exclusion
from slo.iam import FREE, NAMESPACE, ROLES, actions, policy
from slo.plan import make_destroy, make_plan
from tests.support.account import NOW as ACCOUNT_NOW
from tests.support.account import account
from tests.support.allowed import ACTIONS, Watched, allows
from tests.support.discoverable import NOW as DISCOVERY_NOW
from tests.support.discoverable import discoverable
from tests.support.recoverable import ESTATE, MAIN, wired
from tests.support.wishes import PAGER, small_estate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports import Resources
    from slo.iam import Role
    from slo.resource import Place

ROOT = Path(__file__).parents[3]
CALLERS = [p for p in (ROOT / "app").rglob("*.py") if "simulator" not in p.parts]
SERVICES = (
    *(
        "application-autoscaling",
        "backup",
        "cloudfront",
        "cloudtrail",
        "cloudwatch",
        "ec2",
        "ecs",
        "elasticache",
        "elbv2",
        "fis",
    ),
    *("logs", "opensearch", "rds", "resourcegroupstaggingapi", "s3", "sns", "sqs", "sts", "xray"),
)


@cache
def trees() -> Mapping[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in CALLERS}


@cache
def named() -> frozenset[str]:
    """Every IAM action that stands in the code as a text of its own."""
    texts = (n.value for tree in trees().values() for n in ast.walk(tree) if isinstance(n, ast.Constant))
    return frozenset(t for t in texts if isinstance(t, str) and re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+", t))


@cache
def called() -> frozenset[str]:
    """Methods of clients that app/aws names, as attributes or as texts."""
    operations = {
        xform_name(name)
        for service in SERVICES
        for name in boto3.client(service, region_name="us-east-1").meta.service_model.operation_names
    }
    found = set()
    for path, tree in trees().items():
        if path.parent.name != "aws":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found & operations)


def test_every_action_that_the_code_names_is_granted_and_none_besides() -> None:
    published = {"sns:Publish"} if "publish" in called() else set()
    assert named() | published == actions() | FREE


def test_every_method_of_boto3_that_the_code_calls_is_granted_under_its_name_in_iam() -> None:
    renamed = {xform_name(operation.partition(":")[2]): action for operation, action in ACTIONS.items()}
    granted = {xform_name(action.partition(":")[2]) for action in actions() | FREE}
    granted |= {method for method, action in renamed.items() if action in actions()}
    assert called() - granted == set()
    assert len(called()) > 40


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def refused(session: Watched, *roles: Role, estate: str = "*", places: tuple[Place, ...] | None = None) -> list[str]:
    """What the policies of these roles, or one of them, would not have let through."""
    made = [policy(role, estate, places) if places else policy(role, estate) for role in roles]
    free = [asked for asked in session.asked.values() if asked.action not in FREE]
    assert free
    return [repr(asked) for asked in free if not any(allows(one, asked) for one in made)]


def test_plan_apply_drift_and_destroy_ask_for_what_their_roles_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, estate = read_catalog(), small_estate()
    minute = int(ACCOUNT_NOW // 60)
    works = Exclusion(minute + 60, minute + 120, "mute", "works", None, component=estate.components[0].name)
    estate = replace(estate, exclusions=(works,))
    wanted = wanted_alarms(estate, catalog, PAGER)
    drawn = desired_dashboards(estate, catalog, "http://127.0.0.1:8000", ["cloudwatch"], cloudwatch="all")
    desired = still_to_come(mark((*wanted.resources, *drawn)), minute)
    with account() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)

        def provisioner(session: Watched) -> Provisioner:
            adapters: list[Resources] = [
                AwsQueues(session, wanted.places, lambda: None),
                AwsTopics(session, wanted.places, PAGER, lambda: None),
                AwsAlarms(session, wanted.places, lambda: None),
                AwsMutes(session, wanted.places, lambda: None),
                AwsDashboards(session, wanted.places, lambda: None),
            ]
            return Provisioner(adapters, check=AwsIdentity(session, wanted.places).check)

        reading, writing, looking = (Watched({a.name: a for a in estate.accounts}) for _ in range(3))
        plan = make_plan(estate.name, wanted.places, desired, provisioner(reading).read(estate.name))
        outcome = provisioner(writing).apply(plan)
        AwsTrail(looking, wanted.places, lambda: None).who_changed(desired[-3])
        live = provisioner(looking).read(estate.name)
        assert not outcome.failed, outcome.failed[0].error
        first = next(r for r in desired if r.kind == "alarm")
        changed = [replace(r, spec={**r.spec, "AlarmDescription": "edited"}) if r is first else r for r in desired]
        provisioner(writing).apply(make_plan(estate.name, wanted.places, changed, live))
        provisioner(writing).apply(make_destroy(estate.name, wanted.places, provisioner(looking).read(estate.name)))

    assert refused(reading, "plan", estate=estate.name, places=wanted.places) == []
    assert refused(looking, "plan", estate=estate.name, places=wanted.places) == []
    assert refused(writing, "apply", estate=estate.name, places=wanted.places) == []
    assert refused(writing, "apply") == []
    kinds = {asked.action for asked in writing.asked.values()}
    assert {"cloudwatch:PutCompositeAlarm", "cloudwatch:PutAlarmMuteRule", "cloudwatch:PutDashboard", "sns:Subscribe"} <= kinds
    assert refused(writing, "plan") != []
    assert refused(writing, "apply", estate="other", places=wanted.places) != []


def test_the_running_service_asks_for_what_its_role_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    estate = small_estate()
    places = wanted_alarms(estate, read_catalog()).places
    with account() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        session = Watched({a.name: a for a in estate.accounts})
        arn = topic_arn(estate.name, "page", places[0])
        client = session.client("sns", places[0].account, places[0].region)
        aws.client("sns", places[0].region).create_topic(Name=arn.rpartition(":")[2])
        publisher = SnsPublisher(client, arn)
        told = [
            drill_message(Teller(estate, "http://127.0.0.1:8000").origin(c), c, "ALARM", at=int(ACCOUNT_NOW))
            for c in estate.components[:2]
        ]
        publisher.publish(told[0])
        publisher.publish_all(told)
        AwsMetricSink(session).put(
            places[0],
            NAMESPACE,
            [MetricPoint("Heartbeat", (("Estate", "small"),), 1.0, datetime.fromtimestamp(ACCOUNT_NOW, UTC))],
        )
        AwsWatchmen(session, lambda: places).stood_down(["sloop/small/shop.availability/page"])
        for adapter in (
            AwsQueues(session, places, lambda: None),
            AwsTopics(session, places, PAGER, lambda: None),
            AwsAlarms(session, places, lambda: None),
            AwsMutes(session, places, lambda: None),
        ):
            adapter.read(estate.name)

    assert refused(session, "service", estate=estate.name, places=places) == []
    assert {"sns:Publish", "cloudwatch:PutMetricData"} <= {asked.action for asked in session.asked.values()}
    assert refused(session, "plan") != []


def test_recovery_reads_what_its_role_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired() as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
        session = Watched({MAIN.name: MAIN})
        reader = AwsRecovery(session, CloudWatchSource(session))
        for component in ESTATE.components:
            reader.read(component, MAIN, datetime.fromtimestamp(wire.clock.now(), UTC))

    assert refused(session, "recovery") == []
    assert refused(session, "service") == []
    assert len(session.asked) > 10


def test_discovery_reads_what_its_role_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with discoverable() as world:
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        session = Watched({})
        AwsDiscovery(session, XRaySource(session), "us-east-1").read(DISCOVERY_NOW - 1, DISCOVERY_NOW)

    assert refused(session, "discover") == []
    read = {asked.action for asked in session.asked.values()} - FREE
    assert actions(["discover"]) - read - {"sts:AssumeRole"} <= {"cloudwatch:GetMetricData", "cloudwatch:ListMetrics"}


@pytest.mark.parametrize("role", list(ROLES))
def test_only_apply_may_write_and_only_the_service_may_publish(role: Role) -> None:
    writes = ("Put", "Delete", "Create", "Set", "Tag", "Subscribe", "Unsubscribe")
    found = {a for a in actions([role]) if a.partition(":")[2].startswith(writes)}
    assert bool(found - {"cloudwatch:PutMetricData"}) == (role == "apply")
    assert ({"sns:Publish", "cloudwatch:PutMetricData"} <= actions([role])) == (role == "service")
