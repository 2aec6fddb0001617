"""What every reader of an account does alike: pages of a call, names by tag, and refusals that stop nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.calls import call as called
from app.aws.calls import error_code, paginated
from slo.errors import AccessDenied, SourceError

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.aws.session import AwsSession

GLOBAL = "us-east-1"
"""Where CloudFront and what stands before it live, and their tags."""
_TAGS = "tag:GetResources"


class Survey:
    """One account and region, read as the credentials allow. `gaps` are sentences about what was refused, each once."""

    def __init__(self, session: AwsSession, region: str, account_id: str) -> None:
        self._session = session
        self.region, self.account_id = region, account_id
        self.gaps: list[str] = []
        self._names: dict[tuple[str, str], str] = {}
        for where in dict.fromkeys((region, GLOBAL)):
            filters = [{"Key": "Name"}]
            for row in self.rows(_TAGS, "resourcegroupstaggingapi", "ResourceTagMappingList", where, TagFilters=filters):
                self._take_name(row)

    def call(
        self,
        action: str,
        service: str,
        operation: str,
        region: str | None = None,
        *,
        absent: Collection[str] = (),
        **request: Any,
    ) -> Any | None:
        """None when it was refused, or answers with one of the codes in `absent`, which is no gap."""
        try:
            return called(action, getattr(self._session.client(service, None, region or self.region), operation), **request)
        except SourceError as error:
            if error_code(error.__cause__) not in absent:
                self.gap(error)
            return None

    def rows(self, action: str, service: str, key: str, region: str | None = None, **request: Any) -> list[Any]:
        """What stands under `key` on every page of the operation that the action names; as far as it was readable."""
        operation = _OPERATIONS.get(action) or _snake(action.partition(":")[2])
        found: list[Any] = []
        try:
            client = self._session.client(service, None, region or self.region)
            for page in paginated(action, client, operation, **request):
                found += _under(page, key)
        except SourceError as error:
            self.gap(error)
        return found

    def gap(self, error: SourceError) -> None:
        """A denial is told once for each action, however many resources it was asked about."""
        text = f"allow the IAM action {error.action} to have it" if isinstance(error, AccessDenied) else str(error)
        sentence = f"{error.action} was denied; {text}" if isinstance(error, AccessDenied) else text
        if sentence not in self.gaps:
            self.gaps.append(sentence)

    def name(self, service: str, part: str) -> str | None:
        """The tag Name of `arn:aws:{service}:region:account:{part}`."""
        return self._names.get((service, part))

    def _take_name(self, row: Any) -> None:
        pieces = row["ResourceARN"].split(":", 5)
        names = [tag["Value"] for tag in row.get("Tags", ()) if tag["Key"] == "Name" and tag["Value"].strip()]
        if len(pieces) == 6 and names:
            self._names[pieces[2], pieces[5]] = names[0]


def name_of(tags: Any) -> str | None:
    """Of tags that came with the thing itself."""
    return next((t["Value"] for t in tags or () if t["Key"] == "Name" and t["Value"].strip()), None)


def _under(page: Any, key: str) -> list[Any]:
    for part in key.split("."):
        page = page.get(part) or {}
    return list(page)


_OPERATIONS = {
    "s3:ListAllMyBuckets": "list_buckets",
    "rds:DescribeDBInstances": "describe_db_instances",
    "rds:DescribeDBClusters": "describe_db_clusters",
}
"""Where the operation is called otherwise than the action, or its name is no plain camel case."""


def _snake(text: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in text).lstrip("_")
