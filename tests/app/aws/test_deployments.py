from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.aws.deployments import SERVICES_PER_CALL, EcsDeployments
from app.deployment_worker import Deployment
from slo.errors import AccessDenied
from slo.estate.spec import Component
from tests.support.answering import Asked, Said, answering

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.aws.session import AwsSession

AT = 1_795_000_000
TYPE = "application/x-amz-json-1.1"


def component(name: str, cluster: str = "demo") -> Component:
    return Component(f"c-{name}", "ecs", resource={"cluster": cluster, "service": name})


class Ecs:
    """Answers DescribeServices with `deployments` for every service that is asked for."""

    def __init__(self, *deployments: dict[str, Any]) -> None:
        self.deployments, self.asked = deployments, list[dict[str, Any]]()

    def __call__(self, asked: Asked) -> Said:
        request = json.loads(asked.body)
        self.asked.append(request)
        found = [{"serviceName": name, "deployments": list(self.deployments)} for name in request["services"]]
        return Said(200, [json.dumps({"services": found, "failures": []}).encode()], TYPE)


def primary(**more: object) -> dict[str, Any]:
    task = "arn:aws:ecs:us-east-1:111122223333:task-definition/api:42"
    return {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": task, "createdAt": AT, **more}


def test_the_newest_deployment_of_each_service_is_read(session_at: Callable[..., AwsSession]) -> None:
    ecs = Ecs({"id": "ecs-svc/1", "status": "ACTIVE", "createdAt": AT - 9}, primary())
    with answering(ecs) as url:
        found = EcsDeployments(session_at(url)).newest([component("api")])
    assert found == [Deployment("c-api", "ecs-svc/2", AT, "api:42")]


def test_ten_services_of_a_cluster_are_one_call(session_at: Callable[..., AwsSession]) -> None:
    ecs = Ecs(primary())
    components = [component(f"s{n}") for n in range(SERVICES_PER_CALL + 1)] + [component("x", "other")]
    with answering(ecs) as url:
        assert len(EcsDeployments(session_at(url)).newest(components)) == len(components)
    assert [(r["cluster"], len(r["services"])) for r in ecs.asked] == [("demo", 10), ("demo", 1), ("other", 1)]


@pytest.mark.parametrize("deployments", [[], [{"id": "1", "status": "ACTIVE"}], [{"id": "1", "status": "PRIMARY"}]])
def test_a_service_without_one_has_none(session_at: Callable[..., AwsSession], deployments: list[dict[str, Any]]) -> None:
    with answering(Ecs(*deployments)) as url:
        assert EcsDeployments(session_at(url)).newest([component("api")]) == []


def test_a_refusal_names_the_permission(session_at: Callable[..., AwsSession]) -> None:
    refusal = json.dumps({"__type": "AccessDeniedException", "message": "no"}).encode()
    with answering(lambda _: Said(400, [refusal], TYPE)) as url, pytest.raises(AccessDenied, match="ecs:DescribeServices"):
        EcsDeployments(session_at(url)).newest([component("api")])
