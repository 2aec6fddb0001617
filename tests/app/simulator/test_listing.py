"""The listed account on the wire, as an unmodified boto3 reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.support.discoverable import discoverable
from tests.support.simulated import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.discoverable import World

DENIED = {
    ("elbv2", "describe_load_balancers"): ("elasticloadbalancing:DescribeLoadBalancers", "AccessDenied"),
    ("ec2", "describe_nat_gateways"): ("ec2:DescribeNatGateways", "UnauthorizedOperation"),
    ("ecs", "list_clusters"): ("ecs:ListClusters", "AccessDeniedException"),
    ("cloudfront", "list_distributions"): ("cloudfront:ListDistributions", "AccessDenied"),
    ("opensearch", "list_domain_names"): ("es:ListDomainNames", "AccessDeniedException"),
    ("s3", "list_buckets"): ("s3:ListAllMyBuckets", "AccessDenied"),
    ("sns", "list_topics"): ("sns:ListTopics", "AccessDenied"),
    ("resourcegroupstaggingapi", "get_resources"): ("tag:GetResources", "AccessDeniedException"),
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with discoverable() as world:
        yield world


@pytest.fixture(scope="module")
def boto(world: World) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=world.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.mark.parametrize("call", DENIED, ids=" ".join)
def test_each_service_refuses_in_its_own_words(world: World, boto: Callable[[str], Any], call: tuple[str, str]) -> None:
    action, code = DENIED[call]
    operation = getattr(boto(call[0]), call[1])
    world.deny(action)
    assert refusal(operation) == code
    world.deny_nothing()
    assert operation()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_queue_tells_where_its_dead_letters_go_and_the_other_has_no_policy(boto: Callable[[str], Any]) -> None:
    sqs = boto("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    told = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls]
    assert [url.rpartition("/")[2] for url in urls] == ["demo-jobs", "demo-jobs-dlq"]
    assert json.loads(told[0]["RedrivePolicy"])["deadLetterTargetArn"] == told[1]["QueueArn"]
    assert "RedrivePolicy" not in told[1]


def test_a_service_is_told_where_to_find_what_it_depends_on(boto: Callable[[str], Any]) -> None:
    (container,) = boto("ecs").describe_task_definition(taskDefinition="workers:7")["taskDefinition"]["containerDefinitions"]
    told = {v["name"]: v["value"] for v in container["environment"]}
    assert told["JOBS_URL"].endswith("/demo-jobs")
    assert told["MEDIA_URL"] == "demo-media"
    assert told.keys() == {"JOBS_URL", "DATABASE_URL", "DOCUMENTS_URL", "MEDIA_URL"}


def test_a_bucket_tells_what_is_measured_of_it_and_where_its_copy_is(boto: Callable[[str], Any]) -> None:
    s3 = boto("s3")
    copies = {b["Name"] for b in s3.list_buckets(BucketRegion="us-west-2")["Buckets"]}
    assert copies == {f"demo-{name}-replica" for name in ("media", "assets", "backups", "archive")}
    assert s3.list_bucket_metrics_configurations(Bucket="demo-media")["MetricsConfigurationList"] == [{"Id": "EntireBucket"}]
    assert "MetricsConfigurationList" not in s3.list_bucket_metrics_configurations(Bucket="demo-archive")
    assert s3.get_bucket_location(Bucket="demo-media-replica")["LocationConstraint"] == "us-west-2"
