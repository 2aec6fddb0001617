from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from app.simulator import pagerduty
from app.simulator.pagerduty import PagerDuty
from app.simulator.signing import Signer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIGNER = Signer.create(NOW)
FORGER = Signer.create(NOW)
HOST = "127.0.0.1:4566"
CERTIFICATE = f"http://{HOST}/SimpleNotificationService-{SIGNER.fingerprint}.pem"
KEY = "sloop/demo/api.availability/page"
FIELDS = {"dedup_key", "status", "title", "severity", "opened_at", "resolved_at", "messages"}


def alarm(state: str, key: str = KEY, minute: int = 0, **more: Any) -> str:
    return json.dumps(
        {"AlarmName": key, "NewStateValue": state, "StateChangeTime": f"2026-11-22T12:{minute:02}:00.000+0000", **more}
    )


def subject(state: str, key: str = KEY) -> str:
    return f'{state}: "{key}" burns'


class World:
    """The stand-in, and a simulator whose addresses it may ask."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False
        self.pager = PagerDuty([HOST], now=lambda: NOW, transport=httpx.MockTransport(self._simulator))
        self._app = Starlette(routes=list(self.pager.routes()))

    def _simulator(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, text=SIGNER.certificate)

    def post(self, envelope: dict[str, Any] | bytes) -> int:
        content = envelope if isinstance(envelope, bytes) else json.dumps(envelope).encode()
        return self._ask("POST", "/demo/pagerduty/sns", content).status_code

    def notify(self, state: str, identity: str, minute: int = 0) -> int:
        return self.post(signed(notification(subject(state), alarm(state, minute=minute), identity)))

    @property
    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "/demo/pagerduty/incidents").json()
        return found

    @property
    def page(self) -> str:
        return self._ask("GET", "/demo/pagerduty").text

    def _ask(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://service") as client:
                return await client.request(method, path, content=content)

        return asyncio.run(ask())


def notification(subject: str | None, message: str, identity: str = "1") -> dict[str, Any]:
    named = {} if subject is None else {"Subject": subject}
    return {
        "Type": "Notification",
        "MessageId": identity,
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:pages",
        **named,
        "Message": message,
        "Timestamp": NOW.isoformat().replace("+00:00", "Z"),
    }


def signed(envelope: dict[str, Any], signer: Signer = SIGNER) -> dict[str, Any]:
    return {**envelope, "SignatureVersion": "2", "Signature": signer.sign(envelope), "SigningCertURL": CERTIFICATE}


@pytest.fixture
def world() -> World:
    return World()


def test_an_alarm_opens_an_incident_and_its_ok_resolves_it(world: World) -> None:
    assert world.notify("ALARM", "1") == 202
    assert world.notify("OK", "2", minute=21) == 202
    (incident,) = world.incidents
    assert incident == {
        "dedup_key": KEY,
        "status": "resolved",
        "title": subject("ALARM"),
        "severity": "critical",
        "opened_at": "2026-11-22T12:00:00Z",
        "resolved_at": "2026-11-22T12:21:00Z",
        "messages": 2,
    }


def test_alarms_of_one_name_fold_into_the_open_incident(world: World) -> None:
    for identity in ("1", "2", "3"):
        world.notify("ALARM", identity)
    assert [(i["status"], i["messages"]) for i in world.incidents] == [("triggered", 3)]
    assert set(world.incidents[0]) == FIELDS


def test_an_alarm_after_a_resolve_opens_a_new_incident(world: World) -> None:
    for identity, state in enumerate(("ALARM", "OK", "ALARM")):
        world.notify(state, str(identity))
    assert [i["status"] for i in world.incidents] == ["resolved", "triggered"]


def test_a_repeated_message_id_counts_once(world: World) -> None:
    assert [world.notify("ALARM", "1"), world.notify("ALARM", "1")] == [202, 202]
    assert world.incidents[0]["messages"] == 1
    assert world.pager.repeated == 1


def test_an_ok_without_an_incident_and_insufficient_data_open_nothing(world: World) -> None:
    world.notify("OK", "1")
    world.notify("INSUFFICIENT_DATA", "2")
    assert world.incidents == []


def test_insufficient_data_never_resolves(world: World) -> None:
    world.notify("ALARM", "1")
    world.notify("INSUFFICIENT_DATA", "2")
    assert [(i["status"], i["messages"]) for i in world.incidents] == [("triggered", 2)]


@pytest.mark.parametrize(
    ("title", "message"),
    [
        (subject("OK"), alarm("ALARM")),
        ("sloop: ALARM", alarm("ALARM")),
        (None, alarm("ALARM")),
        (subject("ALARM"), "the API is down"),
        (subject("ALARM"), "[]"),
        (subject("ALARM"), '{"AlarmName": "x", "NewStateValue": "ALARM", "Threshold": NaN}'),
        (subject("ALARM"), json.dumps({"NewStateValue": "ALARM"})),
        (subject("ALARM"), json.dumps({"AlarmName": 7, "NewStateValue": "ALARM"})),
        ("PANIC: x", alarm("PANIC")),
    ],
)
def test_what_is_no_alarm_of_cloudwatch_is_dropped_but_counted(world: World, title: str | None, message: str) -> None:
    assert world.post(signed(notification(title, message))) == 202
    assert world.incidents == []
    assert world.pager.discarded == 1


def test_severity_and_link_come_from_the_message(world: World) -> None:
    ours = {"severity": "ticket", "links": {"breach": "https://sloop.example/breaches/x.ticket.1"}}
    world.post(signed(notification(subject("ALARM"), alarm("ALARM", sloop=ours))))
    assert world.incidents[0]["severity"] == "ticket"
    assert '<a href="https://sloop.example/breaches/x.ticket.1">' in world.page


def test_a_forged_message_is_refused_and_counted(world: World) -> None:
    genuine = signed(notification(subject("ALARM"), alarm("ALARM")))
    forgeries: list[dict[str, Any] | bytes] = [
        genuine | {"Message": alarm("OK")},
        signed(notification(subject("ALARM"), alarm("ALARM")), FORGER),
        genuine | {"SigningCertURL": CERTIFICATE.replace(HOST, "evil.example")},
        {},
        b"\xff",
        b"<html>",
    ]
    assert [world.post(forgery) for forgery in forgeries] == [403] * len(forgeries)
    assert world.incidents == []
    assert world.pager.forged == len(forgeries)
    assert {urlsplit(address).netloc for address in world.asked} == {HOST}


def test_an_old_message_is_refused(world: World) -> None:
    old = notification(subject("ALARM"), alarm("ALARM")) | {"Timestamp": (NOW - timedelta(hours=2)).isoformat()}
    assert world.post(signed(old)) == 403


def test_a_body_of_more_than_a_megabyte_is_refused(world: World) -> None:
    assert world.post(b" " * (pagerduty.MAX_BODY + 1)) == 413


def test_the_certificate_is_fetched_once(world: World) -> None:
    for identity in ("1", "2", "3"):
        world.notify("ALARM", identity)
    assert world.asked == [CERTIFICATE]


def test_a_simulator_that_does_not_answer_makes_sns_try_again(world: World) -> None:
    world.down = True
    assert world.notify("ALARM", "1") == 503
    world.down = False
    assert world.notify("ALARM", "1") == 202
    assert world.incidents[0]["messages"] == 1


def handshake(link: str) -> dict[str, Any]:
    return signed(
        notification(None, "You have chosen") | {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": link}
    )


def test_the_handshake_is_answered_by_following_its_link(world: World) -> None:
    link = f"http://{HOST}/sns/confirm?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:111122223333:pages&Token=t"
    assert world.post(handshake(link)) == 202
    assert world.asked == [CERTIFICATE, link]
    assert world.pager.confirmed == 1


def test_a_confirm_link_to_elsewhere_is_not_followed(world: World) -> None:
    assert world.post(handshake("http://169.254.169.254/latest/meta-data")) == 403
    assert world.asked == [CERTIFICATE]


class Outside(HTMLParser):
    """Collects what a page would load, and its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe"}:
            self.loads.append(tag)
        self.loads += [f"{name}={value}" for name, value in attributes if name in {"src", "onerror"}]


def test_the_page_is_whole_in_itself_and_escapes_what_it_was_sent(world: World) -> None:
    attack = '<img src=x onerror="alert(1)">'
    assert "Nobody has been woken" in world.page
    ours = {"severity": attack, "links": {"breach": "javascript:alert(1)"}}
    message = alarm("ALARM", key=attack, AlarmDescription=attack, sloop=ours)
    world.post(signed(notification(f"ALARM: {attack}", message)))
    outside = Outside()
    outside.feed(world.page)
    assert outside.loads == []
    assert "javascript:" not in world.page
    assert "&lt;img src=x" in world.page
    assert '<meta http-equiv="refresh" content="5">' in world.page
