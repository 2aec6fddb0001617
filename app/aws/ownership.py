"""Whose the alarms of a place are: the tags of all of them in few calls, instead of one call for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.calls import of_tags, paginated, unless_gone
from slo.resource import ESTATE, MANAGED_BY, MANAGER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.aws.session import AwsSession
    from slo.resource import Place

PAGE = 100


class Ownership:
    """The tag index of AWS runs behind what was written: what it does not know yet is asked one by one.

    `wrote` tells what this process has written, so that an index that still has the older tags is not believed.
    """

    def __init__(self, session: AwsSession) -> None:
        self._session = session
        self._written: dict[str, Mapping[str, str]] = {}

    def wrote(self, arn: str, tags: Mapping[str, str]) -> None:
        self._written[arn] = tags

    def index(self, estate: str, place: Place) -> dict[str, dict[str, str]]:
        """ARN -> tags of every alarm that carries both of ours."""
        client = self._session.client("resourcegroupstaggingapi", place.account, place.region)
        found: dict[str, dict[str, str]] = {}
        for page in paginated(
            "tag:GetResources",
            client,
            "get_resources",
            ResourceTypeFilters=["cloudwatch:alarm"],
            TagFilters=[{"Key": MANAGED_BY, "Values": [MANAGER]}, {"Key": ESTATE, "Values": [estate]}],
            PaginationConfig={"PageSize": PAGE},
        ):
            found |= {row["ResourceARN"]: of_tags(row["Tags"]) for row in page["ResourceTagMappingList"]}
        return found

    def tags(self, place: Place, arn: str, index: Mapping[str, dict[str, str]]) -> dict[str, str] | None:
        """None where the alarm went away meanwhile."""
        known, written = index.get(arn), self._written.get(arn)
        if known is not None and (written is None or written.items() <= known.items()):
            return known
        client = self._session.client("cloudwatch", place.account, place.region)
        answer = unless_gone("cloudwatch:ListTagsForResource", client.list_tags_for_resource, ResourceARN=arn)
        return None if answer is None else of_tags(answer["Tags"])
