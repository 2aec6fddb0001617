"""What happened beside the numbers: a deployment, a failover, an alarm of CloudWatch, a test of the way to the pager."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Event:
    """`id` says where it is from, so that the same one twice is one; `at` and `received_at` are epoch seconds.

    `component` is None where it belongs to none; `document` holds JSON values.
    """

    id: str
    source: str
    kind: str
    at: int
    received_at: int
    title: str
    component: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
