"""The queue that keeps what SNS could not deliver: one beside the topics of a place, for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from alerts.naming import fit, resource_name
from alerts.policies import queue_policy
from slo.resource import ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.resource import Place

MAX_NAME = 80
"""SQS's limit."""
RETENTION_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message."""


def queue_name(estate: str) -> str:
    return fit(resource_name(estate, "dead-letters"), MAX_NAME)


def queue_arn(estate: str, place: Place) -> str:
    return place.arn("sqs", queue_name(estate))


def dead_letters(estate: str, place: Place, topics: Sequence[str]) -> Resource:
    """`topics` are the ARNs that may send to it. Encrypted with SQS's own key, which SNS needs no permission for."""
    spec: dict[str, Any] = {
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "Policy": queue_policy(queue_arn(estate, place), topics),
        "SqsManagedSseEnabled": True,
    }
    bare = Resource("queue", place.account, place.region, queue_name(estate), spec)
    return replace(bare, tags={MANAGED_BY: MANAGER, ESTATE: estate, SPEC_SHA: bare.spec_sha})
