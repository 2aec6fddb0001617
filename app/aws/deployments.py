"""The newest deployment of each ECS service."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from app.aws.calls import call
from app.deployment_worker import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.aws.session import AwsSession
    from slo.estate.spec import Component

SERVICES_PER_CALL = 10
_ACTION = "ecs:DescribeServices"


class EcsDeployments:
    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def newest(self, components: Sequence[Component]) -> list[Deployment]:
        """One call for ten services of a cluster. SourceError; a service that is not there has none."""
        clusters: dict[tuple[str | None, str], dict[str, str]] = defaultdict(dict)
        for component in components:
            place = (component.account, str(component.resource["cluster"]))
            clusters[place][str(component.resource["service"])] = component.name
        return [found for place, named in clusters.items() for found in self._of(*place, named)]

    def _of(self, account: str | None, cluster: str, named: dict[str, str]) -> Iterator[Deployment]:
        client, services = self._session.client("ecs", account), list(named)
        for first in range(0, len(services), SERVICES_PER_CALL):
            some = services[first : first + SERVICES_PER_CALL]
            for service in call(_ACTION, client.describe_services, cluster=cluster, services=some).get("services", ()):
                newest = next((d for d in service.get("deployments", ()) if d.get("status") == "PRIMARY"), None)
                if newest is None or newest.get("createdAt") is None or service["serviceName"] not in named:
                    continue
                what = newest.get("taskDefinition", "").rpartition("/")[2] or service["serviceName"]
                at = int(newest["createdAt"].timestamp())
                yield Deployment(named[service["serviceName"]], newest["id"], at, what)
