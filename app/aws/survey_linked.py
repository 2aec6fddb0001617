"""Whose metrics CloudWatch shows in this account beside its own: the accounts that it monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.aws.survey import Survey

_METRICS = "cloudwatch:ListMetrics"
NAMESPACES = ("AWS/ApplicationELB", "AWS/ECS", "AWS/Lambda", "AWS/RDS", "AWS/SQS")
"""Where an account with anything to promise has metrics. One page of each is read: an account may have a hundred thousand."""


def linked(survey: Survey) -> tuple[str, ...]:
    """Their ids, sorted; of metrics that reported within three hours."""
    found: set[str] = set()
    for namespace in NAMESPACES:
        answer = survey.call(
            _METRICS, "cloudwatch", "list_metrics", Namespace=namespace, IncludeLinkedAccounts=True, RecentlyActive="PT3H"
        )
        found.update(answer.get("OwningAccounts", ()) if answer else ())
    return tuple(sorted(found - {survey.account_id}))
