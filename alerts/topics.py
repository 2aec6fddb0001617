"""The SNS topics of an estate in one place, the pager's subscription, and the mark that says what was applied there.

Two topics, because a message of CloudWatch has no severity that PagerDuty reads: what is on the pages topic wakes somebody.
The pager is subscribed to that one only; whoever wants the tickets subscribes to the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from alerts.naming import resource_name
from slo.errors import ProvisionError
from slo.resource import APPLIED, ESTATE, MANAGED_BY, MANAGER, PAGER, SPEC_SHA, Place, Resource, sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.spec import Severity

TOPICS: dict[Severity, str] = {"page": "pages", "ticket": "tickets"}


@dataclass(frozen=True, slots=True)
class Pager:
    """Where pages go. The address of a pager holds its key, so nothing that is shown or saved holds more than its digest."""

    url: str

    @classmethod
    def of(cls, url: str) -> Pager | None:
        """None of an empty text. ProvisionError, which does not repeat the address, when it is no http or https URL."""
        if not url:
            return None
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            known = False
        if not known:
            raise ProvisionError("SLOOP_PAGER_ENDPOINT is no address; it begins with https:// (or http://) and has a host")
        return cls(url)

    @property
    def protocol(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def digest(self) -> str:
        return endpoint_digest(self.url)


def endpoint_digest(url: str) -> str:
    """16 hex digits."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def topic_name(estate: str, severity: Severity) -> str:
    return resource_name(estate, TOPICS[severity])


def topic_arn(estate: str, severity: Severity, place: Place) -> str:
    return place.arn("sns", topic_name(estate, severity))


def topics(estate: str, place: Place, severities: Sequence[Severity], pager: Pager | None) -> tuple[Resource, ...]:
    """A topic per severity; the pager's subscription to the pages topic where an address is set."""
    made = [_topic(estate, severity, place, pager if severity == "page" else None) for severity in severities]
    if pager is not None and "page" in severities:
        made.append(subscription(made[0], pager.protocol, pager.url))
    return tuple(made)


def subscription(topic: Resource, protocol: str, endpoint: str) -> Resource:
    """Of this topic, as declared or as found. AWS tags no subscription: the topic's tag says by a digest which one is ours."""
    digest = endpoint_digest(endpoint)
    host = (urlsplit(endpoint).hostname or "") if "://" in endpoint else protocol
    spec = {"Topic": topic.name, "Protocol": protocol, "Host": host, "EndpointSha256": digest}
    ours = topic.tags.get(PAGER) == digest
    tags = {key: value for key, value in topic.tags.items() if ours and key in (MANAGED_BY, ESTATE)}
    return Resource("subscription", topic.account, topic.region, f"{topic.name}/{host}/{digest}", spec, tags)


def mark(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The pages topics carry a hash of everything declared in their place: written last, it says that all was applied."""
    return tuple(
        replace(r, tags={**r.tags, APPLIED: _applied(r, resources)}) if r.kind == "topic" and r.name.endswith("-pages") else r
        for r in resources
    )


def _applied(topic: Resource, resources: Sequence[Resource]) -> str:
    """What has no region, or no account, is counted in every place that it may belong to."""
    near = [r for r in resources if r.account in ("", topic.account) and r.region in ("", topic.region)]
    beside = [r for r in near if r.kind != "subscription"]
    return sha256(sorted([r.kind, r.name, r.spec_sha] for r in beside))[:16]


def _topic(estate: str, severity: Severity, place: Place, pager: Pager | None) -> Resource:
    spec = {"SignatureVersion": "2"}
    bare = Resource("topic", place.account, place.region, topic_name(estate, severity), spec)
    tags = {MANAGED_BY: MANAGER, ESTATE: estate, SPEC_SHA: bare.spec_sha}
    return replace(bare, tags=tags | ({PAGER: pager.digest} if pager else {}))
