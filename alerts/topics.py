"""The SNS topics of an estate in one place, the pager's subscription, and the mark that says what was applied there.

Pages and tickets have topics of their own, because a message of CloudWatch has no severity that PagerDuty reads: what is on
the pages topic wakes somebody. The pager is subscribed to that one only; whoever wants the tickets subscribes to the other.
The third is the second path, which has an address of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from alerts.dead_letters import dead_letters, queue_arn
from alerts.naming import resource_name
from alerts.policies import RETRIES, topic_policy
from slo.errors import ProvisionError
from slo.resource import (
    APPLIED,
    ESTATE,
    MANAGED_BY,
    MANAGER,
    ORDER,
    PAGER,
    PAGER_SHA,
    SPEC_SHA,
    Place,
    Resource,
    normal,
    sha256,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Channel = Literal["page", "ticket", "second"]
TOPICS: dict[Channel, str] = {"page": "pages", "ticket": "tickets", "second": "second"}
"""`second` is the way past Sloop and its pages topic: the heartbeat's alarm tells it, and nothing else does."""
SUBSCRIPTION_ATTRIBUTES = ("RawMessageDelivery", "RedrivePolicy")


@dataclass(frozen=True, slots=True)
class Pager:
    """Where pages go. The address of a pager holds its key, so nothing that is shown or saved holds more than its digest."""

    url: str

    @classmethod
    def of(cls, url: str, setting: str = "SLOOP_PAGER_ENDPOINT") -> Pager | None:
        """None of an empty text. ProvisionError, which does not repeat the address, when it is no http or https URL."""
        if not url:
            return None
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            known = False
        if not known:
            raise ProvisionError(f"{setting} is no address; it begins with https:// (or http://) and has a host")
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


def topic_name(estate: str, channel: Channel) -> str:
    return resource_name(estate, TOPICS[channel])


def topic_arn(estate: str, channel: Channel, place: Place) -> str:
    return place.arn("sns", topic_name(estate, channel))


def topics(
    estate: str, place: Place, channels: Sequence[Channel], pager: Pager | None, second: Pager | None = None
) -> tuple[Resource, ...]:
    """The queue for what cannot be delivered, a topic per channel, and subscriptions where an address is set.

    `second` is subscribed to the second topic; the tickets topic is left to whoever wants to hear it.
    """
    if not channels:
        return ()
    heard = {"page": pager, "second": second}
    made = [dead_letters(estate, place, [topic_arn(estate, channel, place) for channel in channels])]
    for channel in channels:
        made += _topic(estate, channel, place, heard.get(channel))
    return tuple(sorted(made, key=lambda r: ORDER.index(r.kind)))


def subscription(topic: Resource, protocol: str, endpoint: str, attributes: Mapping[str, Any]) -> Resource:
    """Of this topic, as declared or as found. AWS tags no subscription: the topic's tags say which one is ours.

    `sloop:pager` tells it by a digest of its address, `sloop:pager-sha` what it was made from.
    """
    digest = endpoint_digest(endpoint)
    host = (urlsplit(endpoint).hostname or "") if "://" in endpoint else protocol
    spec = {"Topic": topic.name, "Protocol": protocol, "Host": host, "EndpointSha256": digest, **attributes}
    bare = Resource("subscription", topic.account, topic.region, f"{topic.name}/{host}/{digest}", spec)
    if topic.tags.get(PAGER) != digest:
        return bare
    tags = {key: value for key, value in topic.tags.items() if key in (MANAGED_BY, ESTATE)}
    return replace(bare, tags=tags | ({SPEC_SHA: topic.tags[PAGER_SHA]} if PAGER_SHA in topic.tags else {}))


def subscription_attributes(estate: str, place: Place) -> dict[str, Any]:
    """Raw delivery would take away the envelope that PagerDuty reads."""
    return {"RawMessageDelivery": False, "RedrivePolicy": {"deadLetterTargetArn": queue_arn(estate, place)}}


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


def _topic(estate: str, channel: Channel, place: Place, heard: Pager | None) -> list[Resource]:
    spec = {
        "DeliveryPolicy": normal(dict(RETRIES)),
        "Policy": topic_policy(topic_arn(estate, channel, place), place),
        "SignatureVersion": "2",
    }
    bare = Resource("topic", place.account, place.region, topic_name(estate, channel), spec)
    tags = {MANAGED_BY: MANAGER, ESTATE: estate, SPEC_SHA: bare.spec_sha}
    if heard is None:
        return [replace(bare, tags=tags)]
    topic = replace(bare, tags=tags | {PAGER: heard.digest})
    subscribed = subscription(topic, heard.protocol, heard.url, subscription_attributes(estate, place))
    sha = {PAGER_SHA: subscribed.spec_sha}
    return [replace(topic, tags={**topic.tags, **sha}), replace(subscribed, tags={**subscribed.tags, SPEC_SHA: sha[PAGER_SHA]})]
