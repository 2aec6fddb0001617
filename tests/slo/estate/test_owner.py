from __future__ import annotations

import pytest

from slo.estate.owner import component_of
from slo.estate.spec import Account, Component, Estate

ESTATE = Estate(
    "prod",
    accounts=(Account("main", "111122223333", "us-east-1"), Account("dr", "444455556666", "us-west-2")),
    components=(
        Component(
            "database", "rds", resource={"instance": "prod-pg", "replicas": ("prod-pg-r1",), "backup_region": "us-west-2"}
        ),
        Component("spare", "rds", "dr", resource={"instance": "prod-pg"}),
        Component("api", "ecs", resource={"cluster": "demo", "service": "api", "target_group": "targetgroup/api/1"}),
        Component("web", "ecs", resource={"cluster": "demo", "service": "web"}),
        Component("media", "s3", resource={"bucket": "prod-media", "filter": "EntireBucket"}),
        Component("twin", "sqs", resource={"queue": "prod-media"}),
    ),
)
MAIN = {"account": "111122223333", "region": "us-east-1"}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("arn:aws:rds:us-east-1:111122223333:db:prod-pg", "database"),
        ("prod-pg-r1", "database"),
        ("arn:aws:ecs:us-east-1:111122223333:service/demo/api", "api"),
        ("demo/web", "web"),
        ("arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/api/1", "api"),
        ("demo", None),
        ("us-west-2", None),
        ("EntireBucket", None),
        ("prod-pg-r", None),
        ("", None),
        ("arn:aws:rds", None),
    ],
)
def test_a_thing_belongs_to_the_component_that_names_it(name: str, owner: str | None) -> None:
    assert component_of(ESTATE, [name], **MAIN) == owner


def test_the_account_tells_two_of_one_name_apart() -> None:
    assert component_of(ESTATE, ["prod-pg"], account="444455556666") == "spare"
    assert component_of(ESTATE, ["prod-pg"], region="us-west-2") == "spare"
    assert component_of(ESTATE, ["prod-pg"]) is None
    assert component_of(ESTATE, ["prod-pg"], account="000000000000") is None


def test_a_name_of_two_kinds_needs_the_kind() -> None:
    assert component_of(ESTATE, ["prod-media"], **MAIN) is None
    assert component_of(ESTATE, ["prod-media"], ("s3",), **MAIN) == "media"


def test_the_first_name_that_says_something_counts() -> None:
    assert component_of(ESTATE, ["unknown", "demo/api", "demo/web"], **MAIN) == "api"
