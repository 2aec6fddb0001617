"""What ECS tells of a service's tasks and deployments: a zone that is lost takes every third task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from app.simulator.clock import Clock
    from app.simulator.faults import Fault
    from app.simulator.recoverable import Resources
    from app.simulator.server import TargetHandler

TARGET = "AmazonEC2ContainerServiceV20141113"
ZONES = 3
_TYPE = "application/x-amz-json-1.1"


class Services:
    """Answers for one service at a time, with its events; the rest is for `others`."""

    def __init__(
        self,
        clock: Clock,
        resources: Callable[[], Resources],
        faults: Callable[[], Sequence[Fault]],
        denied: Callable[[], Collection[str]],
    ) -> None:
        self._clock, self._resources, self._faults, self._denied = clock, resources, faults, denied

    def before(self, others: TargetHandler) -> TargetHandler:
        """Discovery asks for services by their ARNs, recovery for one by its name."""

        def handle(operation: str, body: bytes) -> Response:
            request = json.loads(body)
            if f"ecs:{operation}" in self._denied():
                refusal = {"__type": "AccessDeniedException", "message": f"not authorized to perform: ecs:{operation}"}
                return Response(json.dumps(refusal), 400, media_type=_TYPE)
            if operation == "ListServiceDeployments":
                return Response(json.dumps({"serviceDeployments": []}), media_type=_TYPE)
            names = request.get("services", ())
            if operation != "DescribeServices" or any(name.startswith("arn:") for name in names):
                return others(operation, body)
            known = [(name, self._resources().services.get(name)) for name in names]
            found = [self._service(name, tasks) for name, tasks in known if tasks is not None]
            return Response(json.dumps({"services": found, "failures": []}), media_type=_TYPE)

        return handle

    def _service(self, name: str, tasks: int) -> dict[str, Any]:
        events = [e for fault in self._faults() if fault.name == "az-loss" for e in self._lost(name, tasks, fault)]
        told = sorted((at, text) for at, text in events if at <= self._clock.now())
        return {
            "serviceName": name,
            "status": "ACTIVE",
            "desiredCount": tasks,
            "runningCount": tasks,
            "events": [{"id": f"{name}-{n}", "createdAt": at, "message": text} for n, (at, text) in enumerate(told)][::-1],
        }

    @staticmethod
    def _lost(name: str, tasks: int, fault: Fault) -> Iterator[tuple[float, str]]:
        for task in range(0, tasks, ZONES):
            why = "due to (reason Request timed out)"
            yield fault.start, f"(service {name}) (task {name}{task}) (port 80) is unhealthy in (target-group {name}) {why}."
        yield fault.end, f"(service {name}) has reached a steady state."


def nobody(operation: str, _body: bytes) -> Response:
    refusal = {"__type": "InvalidParameterException", "message": f"The simulator has no ecs:{operation} here."}
    return Response(json.dumps(refusal), 400, media_type=_TYPE)
