"""What a test may do to a request before it is answered: slow it down, throttle it, break it, or answer in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.simulator.wire import Refused


@dataclass(frozen=True, slots=True)
class Disturbance:
    """`seconds` of wall clock are waited first, whatever the kind."""

    kind: Literal["slow", "throttle", "error", "forbidden", "partial"]
    seconds: float = 0.0

    def raise_for_kind(self, operation: str) -> None:
        if self.kind == "throttle":
            raise Refused("Throttling", "Rate exceeded", shape="ThrottlingException")
        if self.kind == "error":
            raise Refused("InternalServiceError", "The request has failed.", status=500, shape="InternalServiceFault")
        if self.kind == "forbidden":
            message = f"User: sloop is not authorized to perform: cloudwatch:{operation}"
            raise Refused("AccessDenied", message, status=403, shape="AccessDeniedException")


Disturb = Callable[[str, Mapping[str, Any]], Disturbance | None]
"""(operation, request) -> what happens to it; None leaves it alone."""


def undisturbed(_operation: str, _request: Mapping[str, Any]) -> None:
    return None


def halve(document: dict[str, Any]) -> dict[str, Any]:
    """A GetMetricData answer of which only the first half of every series arrived."""
    for result in document.get("MetricDataResults", ()):
        half = len(result["Values"]) // 2
        result["Timestamps"], result["Values"] = result["Timestamps"][:half], result["Values"][:half]
        result["StatusCode"] = "PartialData"
    document.pop("NextToken", None)
    return document
