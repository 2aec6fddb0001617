"""`POST /hooks/sns`: what SNS delivers, believed only when SNS signed it, and kept once as an event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.status import HTTP_200_OK, HTTP_403_FORBIDDEN, HTTP_413_CONTENT_TOO_LARGE, HTTP_503_SERVICE_UNAVAILABLE

from alerts.events import Event
from alerts.inbound import Notice, event_of
from app.api.problems import problem
from app.guards import Requires
from app.hooks.signature import (
    SIGNED,
    check_certificate_url,
    check_confirm_url,
    check_shape,
    check_signature,
    region_of,
)
from slo.errors import ForgedMessage, SourceError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import Counter

    from app.clock import Clock
    from app.hooks.certificates import Certificates, Fetch
    from app.records import Records
    from slo.estate.spec import Estate

PATH = "/hooks/sns"
MAX_BODY = 300 * 1000
"""SNS carries 256 KiB at most, and its envelope comes on top."""
MOST_CONFIRMED = 64 * 1024
REMEMBERED = 1000
_MESSAGE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trusted:
    """ARNs of the topics that are listened to; `loopback` are host:port pairs of a stand-in for SNS on this machine."""

    topics: frozenset[str]
    loopback: frozenset[str] = frozenset()


class SnsHook:
    """Its role is `sns`: the signature stands for the person, so whoever else posts here is refused.

    `count` is by outcome: taken, repeated, forged, too_large, unverified (the certificate or the confirmation cannot be had
    now) and unstored; SNS sends the last two again.
    """

    def __init__(
        self,
        trusted: Trusted,
        certificates: Certificates,
        fetch: Fetch,
        records: Records,
        estate: Estate,
        clock: Clock,
        count: Counter,
    ) -> None:
        self._trusted, self._certificates, self._fetch = trusted, certificates, fetch
        self._records, self._estate, self._clock, self._count = records, estate, clock, count
        self._confirmed: dict[str, None] = {}
        self._lock = Lock()

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        sns = [Depends(Requires("sns"))]
        router.add_api_route(PATH, self.receive, methods=["POST"], dependencies=sns, response_model=None)
        return router

    async def receive(self, request: Request) -> Response:
        """200 once it is kept, or was before; 403, 413 and 503 say nothing of what was sent."""
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                self._count.labels("too_large").inc()
                return problem(HTTP_413_CONTENT_TOO_LARGE, f"a message of SNS has at most {MAX_BODY} bytes")
        return await run_in_threadpool(self.answer, bytes(body))

    def answer(self, body: bytes) -> Response:
        """To one whole body."""
        try:
            outcome = self._take(body)
        except ForgedMessage as error:
            log.warning("inbound message refused", why=str(error))
            self._count.labels("forged").inc()
            return problem(HTTP_403_FORBIDDEN, "this is no fresh message of a topic that is listened to, signed by SNS")
        except SourceError as error:
            log.warning("inbound message not verified", why=str(error))
            self._count.labels("unverified").inc()
            return problem(HTTP_503_SERVICE_UNAVAILABLE, "the message could not be verified now; send it again")
        except StoreError:
            self._count.labels("unstored").inc()
            raise
        self._count.labels(outcome).inc()
        return Response(status_code=HTTP_200_OK)

    def _take(self, body: bytes) -> str:
        envelope = _envelope(body)
        self._check(envelope)
        if envelope["Type"] == "SubscriptionConfirmation":
            self._confirm(envelope)
        new = self._records.keep_events([self._event(envelope)])
        return "taken" if new else "repeated"

    def _check(self, envelope: Mapping[str, str]) -> None:
        """Nothing is fetched for a message that cannot be one of ours."""
        now = self._clock.wall()
        check_shape(envelope, now)
        if envelope["TopicArn"] not in self._trusted.topics:
            raise ForgedMessage("TopicArn is not in SLOOP_HOOK_TOPIC_ARNS")
        if _MESSAGE_ID.fullmatch(envelope["MessageId"]) is None:
            raise ForgedMessage("MessageId is none of SNS")
        address = envelope.get("SigningCertURL", "")
        check_certificate_url(address, region_of(envelope["TopicArn"]), self._trusted.loopback)
        check_signature(envelope, self._certificates.at(address), now)

    def _confirm(self, envelope: Mapping[str, str]) -> None:
        """Before it is kept: what fails is sent again, and must not be taken for a repeat then."""
        check_confirm_url(envelope["SubscribeURL"], envelope, self._trusted.loopback)
        with self._lock:
            if envelope["MessageId"] in self._confirmed:
                return
        self._fetch(envelope["SubscribeURL"], MOST_CONFIRMED)
        with self._lock:
            self._confirmed[envelope["MessageId"]] = None
            if len(self._confirmed) > REMEMBERED:
                del self._confirmed[next(iter(self._confirmed))]

    def _event(self, envelope: Mapping[str, str]) -> Event:
        received = int(self._clock.now().timestamp())
        topic, sent = envelope["TopicArn"], int(datetime.fromisoformat(envelope["Timestamp"]).timestamp())
        if envelope["Type"] == "Notification":
            notice = Notice(envelope["MessageId"], topic, envelope.get("Subject") or "", envelope["Message"], sent)
            return event_of(notice, self._estate, received)
        done = "was subscribed to" if envelope["Type"] == "SubscriptionConfirmation" else "was unsubscribed from"
        title = f"Sloop {done} {topic}"
        log.info(title)
        return Event(f"sns/{envelope['MessageId']}", "sns", "subscription", sent, received, title, None, {"topic": topic})


def _envelope(body: bytes) -> Mapping[str, str]:
    """What was signed or serves to check it; text only."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ForgedMessage("the body is no JSON; leave raw message delivery off") from error
    if not isinstance(found, dict):
        raise ForgedMessage("the body is no JSON object; leave raw message delivery off")
    wanted = {*SIGNED["Notification"], *SIGNED["SubscriptionConfirmation"], "SignatureVersion", "Signature", "SigningCertURL"}
    return {name: value for name, value in found.items() if name in wanted and isinstance(value, str)}
