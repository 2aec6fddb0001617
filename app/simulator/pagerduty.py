"""A stand-in for PagerDuty's CloudWatch integration: what it would do with each SNS message, and the incidents that result."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.status import HTTP_202_ACCEPTED, HTTP_403_FORBIDDEN, HTTP_413_CONTENT_TOO_LARGE, HTTP_503_SERVICE_UNAVAILABLE

from app.hooks.signature import (
    certificate_of,
    check_certificate_url,
    check_confirm_url,
    check_shape,
    check_signature,
    region_of,
)
from app.simulator.incident import Incident
from app.simulator.pagerduty_page import page
from slo.errors import ForgedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cryptography.x509 import Certificate
    from starlette.requests import Request
    from starlette.responses import Response

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
REMEMBERED = 10_000
MAX_BODY = 1024 * 1024
OWN_STYLE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""The page carries its one style sheet within itself, and nothing else runs or loads."""


@dataclass(slots=True, eq=False)
class PagerDuty:
    """`allowed` names the host:port pairs of the simulator, whose certificates and confirm links are trusted like AWS'."""

    allowed: Collection[str] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    transport: httpx.AsyncBaseTransport | None = None
    incidents: list[Incident] = field(default_factory=list)
    confirmed: int = 0
    discarded: int = 0
    forged: int = 0
    repeated: int = 0
    _certificates: dict[str, Certificate] = field(default_factory=dict)
    _seen: dict[str, None] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        return [
            Route("/demo/pagerduty", self._page),
            Route("/demo/pagerduty/incidents", self._list),
            Route("/demo/pagerduty/sns", self._receive, methods=["POST"]),
        ]

    async def _page(self, _request: Request) -> Response:
        told = page(self.incidents, discarded=self.discarded, forged=self.forged, repeated=self.repeated)
        return HTMLResponse(told, headers={"Content-Security-Policy": OWN_STYLE})

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([incident.document() for incident in self.incidents])

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > MAX_BODY:
            return PlainTextResponse("too large\n", HTTP_413_CONTENT_TOO_LARGE)
        try:
            envelope = _object(body.decode())
            await self._check(envelope)
            await self._take(envelope)
        except (ForgedMessage, UnicodeDecodeError) as error:
            self.forged += 1
            return PlainTextResponse(f"{error}\n", HTTP_403_FORBIDDEN)
        except httpx.HTTPError as error:  # the simulator does not answer: SNS shall try again
            return PlainTextResponse(f"{error}\n", HTTP_503_SERVICE_UNAVAILABLE)
        return PlainTextResponse("accepted\n", HTTP_202_ACCEPTED)

    async def _check(self, envelope: Mapping[str, Any]) -> None:
        check_shape(envelope, self.now())
        address = str(envelope.get("SigningCertURL"))
        check_certificate_url(address, region_of(envelope["TopicArn"]), self.allowed)
        if address not in self._certificates:
            found = await self._get(address)
            self._certificates[address] = certificate_of(found, of_aws=address.startswith("https:"))
        check_signature(envelope, self._certificates[address], self.now())

    async def _get(self, address: str) -> bytes:
        async with httpx.AsyncClient(trust_env=False, transport=self.transport, timeout=5) as client:
            return (await client.get(address)).raise_for_status().content

    async def _take(self, envelope: Mapping[str, Any]) -> None:
        """Each message once, whatever SNS repeats."""
        if envelope["MessageId"] in self._seen:
            self.repeated += 1
            return
        if envelope["Type"] == "SubscriptionConfirmation":
            await self._confirm(envelope)
        elif envelope["Type"] == "Notification":
            self.fold(envelope.get("Subject"), str(envelope["Message"]), envelope.get("MessageAttributes", {}))
        self._seen[envelope["MessageId"]] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    async def _confirm(self, envelope: Mapping[str, Any]) -> None:
        """The link is part of what was signed, so it is SNS' own; it is checked all the same."""
        check_confirm_url(envelope["SubscribeURL"], envelope, self.allowed)
        await self._get(envelope["SubscribeURL"])
        self.confirmed += 1

    def fold(self, subject: object, message: str, attributes: Mapping[str, Any]) -> None:
        """ALARM opens or joins the open incident of its AlarmName, OK resolves it; all else is dropped without a word."""
        alarm = _object(message)
        state, key = alarm.get("NewStateValue"), alarm.get("AlarmName")
        if state not in STATES or not isinstance(key, str) or not key or not str(subject).startswith(f"{state}: "):
            self.discarded += 1
            return
        at = _time(alarm.get("StateChangeTime")) or self.now().isoformat().replace("+00:00", "Z")
        incident = next((i for i in reversed(self.incidents) if i.dedup_key == key and i.status == "triggered"), None)
        if incident is not None:
            incident.messages += 1
        if state == "ALARM" and incident is None:
            self.incidents.append(_opened(key, str(subject), alarm, attributes, at))
        elif state == "OK" and incident is not None:
            incident.status, incident.resolved_at = "resolved", at


def _opened(key: str, subject: str, alarm: Mapping[str, Any], attributes: Mapping[str, Any], at: str) -> Incident:
    ours = alarm.get("sloop")
    ours = ours if isinstance(ours, dict) else {}
    named = attributes.get("severity")
    severity = ours.get("severity") or (named.get("Value") if isinstance(named, dict) else None) or "critical"
    links = ours.get("links")
    link = links.get("breach") if isinstance(links, dict) else None
    safe = isinstance(link, str) and link.startswith(("http://", "https://"))
    return Incident(key, subject, str(severity), at, str(alarm.get("AlarmDescription") or ""), link if safe else None)


def _object(text: str) -> dict[str, Any]:
    """The JSON object in a text, strictly: an empty one where there is none, so that it matches nothing."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _time(text: object) -> str | None:
    """`2026-11-22T12:00:00.000+0000` as RFC 3339 in UTC."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except ValueError:
        return None
