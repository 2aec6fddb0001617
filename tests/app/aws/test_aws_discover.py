"""Discovery of the reference estate, over HTTP, by an unmodified boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.aws.discover import AwsDiscovery
from app.aws.session import AwsSession
from app.aws.xray import Edge, XRaySource
from app.simulator.disturbance import Disturbance, undisturbed
from app.simulator.samples import Identity
from slo.errors import AccessDenied, SourceError
from slo.estate.found import calls_between, components_of, with_queue
from tests.support.discoverable import NOW, discoverable, reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.discover import Inventory
    from tests.support.discoverable import World

NOT_DISCOVERED = {"orders", "traces"}
"""A counter in Prometheus and a sample of traces: nothing in the account says that they are components."""
KEYS_NOT_DISCOVERED = {"storage_class"}
ACTIONS = {
    "cloudfront:ListDistributions": {"cdn", "waf"},
    "elasticloadbalancing:DescribeLoadBalancers": {"edge"},
    "ecs:ListClusters": {"api", "web", "workers", "tools"},
    "ecs:ListServices": {"api", "web", "workers", "tools"},
    "ecs:DescribeServices": {"api", "web", "workers", "tools"},
    "ec2:DescribeInstances": {"payment"},
    "rds:DescribeDBInstances": {"database"},
    "rds:DescribeDBClusters": {"documents"},
    "elasticache:DescribeReplicationGroups": {"cache"},
    "sqs:ListQueues": {"jobs"},
    "es:ListDomainNames": {"search"},
    "sns:ListTopics": {"pager"},
    "s3:ListAllMyBuckets": {"media", "assets", "backups", "archive"},
    "ec2:DescribeNatGateways": {"nat-a", "nat-b", "nat-c"},
    "ec2:DescribeVpnConnections": {"vpn-onprem", "vpn-payment"},
    # These tell of nothing that is not told of elsewhere, only less is known of it.
    "elasticloadbalancing:DescribeTargetGroups": set(),
    "ecs:DescribeTaskDefinition": set(),
    "application-autoscaling:DescribeScalableTargets": set(),
    "s3:GetMetricsConfiguration": set(),
    "s3:GetReplicationConfiguration": set(),
    "s3:GetBucketLocation": set(),
}


@pytest.fixture(scope="module")
def account() -> Iterator[World]:
    with discoverable() as account:
        yield account


@pytest.fixture(scope="module")
def session(account: World) -> Iterator[AwsSession]:
    """Its clients are made once: that takes longer than all that they ask."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in account.environment.items():
            patch.setenv(name, value)
        session = AwsSession({})
        discovery(session).read(NOW - 1, NOW)
        yield session


@pytest.fixture
def world(account: World) -> Iterator[World]:
    yield account
    account.deny_nothing()


@pytest.fixture(scope="module")
def whole(session: AwsSession) -> Inventory:
    """Read before anything is denied."""
    return discovery(session).read(NOW - 600, NOW)


def discovery(session: AwsSession, region: str = "us-east-1") -> AwsDiscovery:
    return AwsDiscovery(session, XRaySource(session), region)


def read(session: AwsSession) -> Inventory:
    return discovery(session).read(NOW - 600, NOW)


def names(inventory: Inventory) -> set[str]:
    return set(components_of(inventory.found))


def test_every_measurable_component_but_two_is_found_under_its_name(whole: Inventory) -> None:
    measurable = {c.name for c in reference().components if c.objectives}
    assert measurable - names(whole) == NOT_DISCOVERED
    # The reference estate has the inner balancer within `tools`; these two have no objective, but metrics to watch.
    assert names(whole) - measurable == {"demo-internal", "waf", "archive"}
    assert (whole.account_id, whole.gaps) == ("111122223333", ())


def test_what_is_found_has_the_kind_and_the_resource_of_the_reference_estate(whole: Inventory) -> None:
    found = with_queue(components_of(whole.found))
    wrong = {
        f"{c.name}.{key}: {found[c.name].resource.get(key)}"
        for c in reference().components
        if c.name in found
        for key, value in {**c.resource, "kind": c.kind}.items()
        if ({**found[c.name].resource, "kind": found[c.name].kind}.get(key) != value) and key not in KEYS_NOT_DISCOVERED
    }
    # Either of the two target groups proves that the balancer lives.
    assert wrong == {"edge.target_group: targetgroup/demo-api/943f017f100becff"}


def test_dependencies_are_those_of_the_reference_estate_as_far_as_anything_tells_of_them(whole: Inventory) -> None:
    named = components_of(whole.found)
    calls = calls_between(named, whole.edges)
    found = {(c.caller, c.callee) for c in calls.kept}
    declared = {(c.name, other) for c in reference().components for other in c.depends_on}
    told = {"rds", "docdb", "elasticache", "sqs", "s3", "ecs", "alb", "waf"}
    callers = {"ecs", "alb", "cloudfront"}
    expected = {
        (a, b)
        for a, b in declared
        if reference().component(a).kind in callers and b in named and reference().component(b).kind in told
    }
    assert expected == found - {("demo-internal", "tools")}
    assert calls.left == ["X-Ray saw client call edge: no single component goes by 'client'"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_denied_call_names_its_action_and_the_rest_is_read(
    world: World, session: AwsSession, whole: Inventory, action: str
) -> None:
    world.deny(action)
    inventory = read(session)
    assert inventory.gaps == (f"{action} was denied; allow the IAM action {action} to have it",)
    missing = names(whole) - names(inventory)
    # What went by the name of a thing that is not told of any more may be missing beside it, nothing else.
    assert missing - {"demo-internal", "waf"} == ACTIONS[action] - {"waf"}


def test_without_tags_components_go_by_their_ids(world: World, session: AwsSession) -> None:
    world.deny("tag:GetResources")
    inventory = read(session)
    assert [gap.partition(" ")[0] for gap in inventory.gaps] == ["tag:GetResources"]
    assert {"demo", "demo-pg", "demo-docs", "demo-jobs", "demo-media", "cdn-example-com"} < names(inventory)


def test_without_scaling_the_floor_of_tasks_is_what_is_wanted_now_and_the_estate_says_so(
    world: World, session: AwsSession
) -> None:
    world.deny("application-autoscaling:DescribeScalableTargets")
    api = components_of(read(session).found)["api"]
    assert (api.resource["min_tasks"], "max_tasks" in api.resource) == ("6", False)
    assert api.notes == ("min_tasks is the 6 that it wants now: nothing was found that scales it.",)


def test_the_values_of_the_environment_are_not_written_down(whole: Inventory) -> None:
    calls = calls_between(components_of(whole.found), whole.edges)
    assert not [c.reason for c in calls.kept if "postgres://" in c.reason or "example.us-east-1" in c.reason]


def test_in_another_region_its_own_buckets_are_listed(session: AwsSession) -> None:
    inventory = discovery(session, "us-west-2").read(NOW - 600, NOW)
    assert inventory.region == "us-west-2"
    buckets = {f.id for f in inventory.found if f.kind == "s3"}
    assert buckets == {"demo-media-replica", "demo-assets-replica", "demo-backups-replica", "demo-archive-replica"}


def test_an_account_that_does_not_tell_its_id_is_an_error_that_names_the_call(world: World, session: AwsSession) -> None:
    world.deny("sts:GetCallerIdentity")
    with pytest.raises(SourceError, match="sts:GetCallerIdentity"):
        read(session)


def test_accounts_whose_metrics_are_shown_here_are_named_for_a_reading_of_their_own(world: World, session: AwsSession) -> None:
    theirs = Identity("AWS/SQS", "ApproximateAgeOfOldestMessage", frozenset({("QueueName", "theirs")}))
    world.cloudwatch.store.link("444455556666").samples(theirs).cell(NOW - 2).add_values([(1.0, 1)])
    try:
        inventory = read(session)
    finally:
        world.cloudwatch.store.linked.clear()
    (gap,) = inventory.gaps
    assert gap.startswith("the components of account 444455556666")


def test_without_a_list_of_metrics_other_accounts_are_not_named_and_the_estate_says_so(
    world: World, session: AwsSession
) -> None:
    world.disturb = lambda operation, _: Disturbance("forbidden") if operation == "ListMetrics" else None
    try:
        inventory = read(session)
    finally:
        world.disturb = undisturbed
    action = "cloudwatch:ListMetrics"
    assert inventory.gaps == (f"{action} was denied; allow the IAM action {action} to have it",)


class Untraced(XRaySource):
    """Whom X-Ray tells nothing."""

    def edges(self, account: str | None, region: str, start: int, end: int) -> frozenset[Edge]:
        raise AccessDenied("xray:GetServiceGraph", f"no map for {account} in {region} from {start} to {end}")


def test_without_the_service_map_there_are_the_dependencies_that_the_account_tells(session: AwsSession) -> None:
    inventory = AwsDiscovery(session, Untraced(session), "us-east-1").read(NOW - 600, NOW)
    action = "xray:GetServiceGraph"
    assert inventory.gaps == (f"{action} was denied; allow the IAM action {action} to have it",)
    calls = calls_between(components_of(inventory.found), inventory.edges)
    assert ("api", "database") in {(c.caller, c.callee) for c in calls.kept}
    assert ("web", "api") not in {(c.caller, c.callee) for c in calls.kept}
