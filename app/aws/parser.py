"""Times in AWS's answers. botocore tries one format after the other on each; X-Ray sends thousands, all epoch seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp


def moment(value: Any) -> datetime:
    """As botocore's, in UTC."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    parsed: datetime = parse_timestamp(value)
    return parsed
