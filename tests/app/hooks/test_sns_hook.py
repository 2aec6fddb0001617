"""What comes to /hooks/sns: genuine messages become events once, everything else is refused, counted and forgotten."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from structlog.testing import capture_logs

from app.aws.links import fetch
from app.clock import WallClock
from app.exposition import exposition, meters
from app.guards import loopback_hosts
from app.hooks.certificates import FETCHES, Certificates
from app.hooks.sns import MAX_BODY, PATH, SnsHook, Trusted
from app.main import create_app
from app.memory.store import MemoryStore
from app.simulator.courier import Courier
from app.simulator.signing import Signer
from app.simulator.sns import Sns
from app.snapshot import AppState, SnapshotBox
from slo.errors import SourceError, StoreError
from tests.app import picture
from tests.support.clocks import FakeClock
from tests.support.serving import serving, serving_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

    from alerts.events import Event
    from app.clock import Clock
    from app.hooks.certificates import Fetch
    from app.records import Records

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIGNER, FORGER = Signer.create(NOW), Signer.create(NOW)
TOPIC = "arn:aws:sns:us-east-1:111122223333:events"
HOST = "127.0.0.1:4566"
CERTIFICATE = f"http://{HOST}/SimpleNotificationService-{SIGNER.fingerprint}.pem"
CONFIRM = f"http://{HOST}/sns/confirm?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"
ALARM = {
    "AlarmName": "sloop/demo/api/errors",
    "NewStateValue": "ALARM",
    "NewStateReason": "too many",
    "StateChangeTime": "2026-11-22T11:59:00.000+0000",
}


def application(hook: SnsHook, hosts: frozenset[str] = loopback_hosts(8000)) -> FastAPI:
    snapshot, history = picture.shared()
    state = AppState(SnapshotBox(snapshot), picture.Log(), history, picture.Wall(), lambda: b"", hosts)
    return create_app(state, [hook.router()])


@dataclass
class Desk:
    """The hook behind the whole application; SNS' links are answered from `served`."""

    store: Records = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW.timestamp()))
    served: dict[str, bytes] = field(default_factory=lambda: {CERTIFICATE: SIGNER.certificate.encode(), CONFIRM: b"<ok/>"})
    asked: list[str] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.hook = hook_of(self.store, self.clock, self.fetch, self.registry)

    @cached_property
    def app(self) -> FastAPI:
        return application(self.hook)

    def fetch(self, url: str, _most: int) -> bytes:
        self.asked.append(url)
        if url not in self.served:
            raise SourceError("no answer", retryable=True)
        return self.served[url]

    def post(self, content: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        told = {"Host": "sloop.example.com", "Content-Type": "text/plain; charset=UTF-8"} | headers

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sloop.example.com") as client:
                return await client.post(PATH, content=body, headers=told)

        return asyncio.run(ask())

    def events(self) -> Sequence[Event]:
        return self.store.events(limit=100)

    def counted(self, outcome: str) -> int:
        return int(self.registry.get_sample_value("sloop_hook_messages_total", {"outcome": outcome}) or 0)


def hook_of(
    store: Records, clock: Clock, get: Fetch, registry: CollectorRegistry, topics: str = TOPIC, host: str = HOST
) -> SnsHook:
    trusted = Trusted(frozenset({topics}), frozenset({host}))
    certificates = Certificates(get, clock.monotonic)
    return SnsHook(trusted, certificates, get, store, picture.ESTATE, clock, meters(registry).hook_messages)


def notification(message: str = json.dumps(ALARM), identity: str = "11111111-2222-3333-4444-555555555555") -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": identity,
        "TopicArn": TOPIC,
        "Subject": "ALARM: x",
        "Message": message,
        "Timestamp": "2026-11-22T12:00:00.000Z",
    }


def signed(envelope: dict[str, Any], signer: Signer = SIGNER) -> dict[str, Any]:
    rest = {"UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe"}
    return {**envelope, "SignatureVersion": "2", "Signature": signer.sign(envelope), "SigningCertURL": CERTIFICATE, **rest}


def handshake(kind: str = "SubscriptionConfirmation", link: str = CONFIRM) -> dict[str, Any]:
    envelope = {**notification("You have chosen"), "Type": kind, "Token": "t", "SubscribeURL": link}
    del envelope["Subject"]
    return signed(envelope)


def test_a_genuine_message_becomes_an_event() -> None:
    desk = Desk()
    answer = desk.post(signed(notification()))
    assert (answer.status_code, answer.content) == (200, b"")
    (event,) = desk.events()
    assert (event.id, event.kind, event.component) == ("sns/11111111-2222-3333-4444-555555555555", "alarm", "api")
    assert (event.at, event.received_at) == (int(NOW.timestamp()) - 60, int(NOW.timestamp()))
    assert event.document == {
        "alarm_name": "sloop/demo/api/errors",
        "state": "ALARM",
        "reason": "too many",
        "topic": TOPIC,
    }
    assert desk.counted("taken") == 1


FORGERIES: dict[str, dict[str, Any] | bytes] = {
    "another message": signed(notification()) | {"Message": json.dumps(ALARM | {"NewStateValue": "OK"})},
    "another key": signed(notification(), FORGER),
    "another topic": signed(notification() | {"TopicArn": f"{TOPIC}-other"}),
    "a certificate from elsewhere": signed(notification()) | {"SigningCertURL": CERTIFICATE.replace(HOST, "evil.example")},
    "no certificate": {k: v for k, v in signed(notification()).items() if k != "SigningCertURL"},
    "an id that is none": signed(notification(identity="../x")),
    "an hour and a second old": signed(notification() | {"Timestamp": "2026-11-22T10:59:59Z"}),
    "of the future": signed(notification() | {"Timestamp": "2026-11-22T12:05:01Z"}),
    "nothing": {},
    "raw delivery": b"the house burns",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "brackets": b"[" * 200_000,
    "a lone surrogate": json.dumps(signed(notification())).replace("ALARM: x", "\\ud800").encode(),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_f75_a_forged_or_replayed_message_is_refused_and_counted(name: str) -> None:
    desk = Desk()
    with capture_logs() as told:
        answer = desk.post(FORGERIES[name])
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"burns" not in answer.content
    assert b"sloop/demo" not in answer.content
    assert [line["event"] for line in told] == ["inbound message refused"]
    assert desk.events() == []
    assert desk.counted("forged") == 1
    assert b'sloop_hook_messages_total{outcome="forged"} 1.0' in exposition(desk.registry)
    genuine = signed(notification())
    assert [desk.post(genuine).status_code for _ in range(3)] == [200, 200, 200]
    assert len(desk.events()) == 1
    assert (desk.counted("taken"), desk.counted("repeated")) == (1, 2)
    desk.clock.move(3601)
    assert desk.post(genuine).status_code == 403
    assert desk.counted("forged") == 2


def test_nothing_is_fetched_for_what_cannot_be_genuine() -> None:
    desk = Desk()
    for name in sorted(set(FORGERIES) - {"another message", "another key", "a lone surrogate"}):
        desk.post(FORGERIES[name])
    assert desk.asked == []


GENUINE = json.dumps(signed(notification())).encode()


@settings(deadline=None, max_examples=150)
@given(place=st.integers(0, len(GENUINE) - 1), byte=st.integers(0, 255))
def test_no_byte_of_a_message_can_be_changed_to_another_event(place: int, byte: int) -> None:
    desk, plain = Desk(), Desk()
    plain.hook.answer(GENUINE)
    status = desk.hook.answer(GENUINE[:place] + bytes([byte]) + GENUINE[place + 1 :]).status_code
    assert (status, list(desk.events())) in ((403, []), (503, []), (200, list(plain.events())))


def test_a_body_of_more_than_300_kilobytes_is_refused() -> None:
    desk = Desk()
    assert desk.post(b" " * (MAX_BODY + 1)).status_code == 413
    assert desk.counted("too_large") == 1


def test_a_certificate_is_fetched_once() -> None:
    desk = Desk()
    for number in range(3):
        desk.post(signed(notification(identity=str(number))))
    assert desk.asked == [CERTIFICATE]
    assert len(desk.events()) == 3


def test_a_certificate_that_cannot_be_had_makes_sns_send_again() -> None:
    desk = Desk()
    pem = desk.served.pop(CERTIFICATE)
    assert desk.post(signed(notification())).status_code == 503
    assert desk.counted("unverified") == 1
    desk.served[CERTIFICATE] = pem
    assert desk.post(signed(notification())).status_code == 200
    assert len(desk.events()) == 1


def test_nobody_can_make_us_fetch_without_end() -> None:
    desk = Desk()
    for number in range(FETCHES + 5):
        invented = CERTIFICATE.replace(SIGNER.fingerprint, f"{number:032x}")
        assert desk.post(signed(notification()) | {"SigningCertURL": invented}).status_code == 503
    assert len(desk.asked) == FETCHES
    desk.clock.move(61)
    assert desk.post(signed(notification())).status_code == 200


def test_a_store_that_refuses_makes_sns_send_again() -> None:
    class Refusing(MemoryStore):
        refuses = True

        def keep_events(self, events: Sequence[Event]) -> list[Event]:
            if self.refuses:
                raise StoreError("disk full")
            return super().keep_events(events)

    store = Refusing()
    desk = Desk(store)
    assert desk.post(signed(notification())).status_code == 503
    assert desk.counted("unstored") == 1
    store.refuses = False
    assert desk.post(signed(notification())).status_code == 200
    assert len(desk.events()) == 1


def test_a_subscription_is_confirmed_once_and_recorded() -> None:
    desk = Desk()
    assert [desk.post(handshake()).status_code for _ in range(2)] == [200, 200]
    assert desk.asked == [CERTIFICATE, CONFIRM]
    assert [(e.kind, e.title) for e in desk.events()] == [("subscription", f"Sloop was subscribed to {TOPIC}")]


def test_a_confirmation_that_fails_is_tried_again() -> None:
    desk = Desk()
    del desk.served[CONFIRM]
    assert desk.post(handshake()).status_code == 503
    assert desk.events() == []
    desk.served[CONFIRM] = b"<ok/>"
    assert desk.post(handshake()).status_code == 200
    assert len(desk.events()) == 1


def test_a_link_to_elsewhere_is_not_followed_even_when_it_is_signed() -> None:
    desk = Desk()
    assert desk.post(handshake(link="http://169.254.169.254/latest/meta-data")).status_code == 403
    assert desk.asked == [CERTIFICATE]


def test_the_end_of_a_subscription_is_recorded_and_not_confirmed() -> None:
    desk = Desk()
    assert desk.post(handshake("UnsubscribeConfirmation")).status_code == 200
    assert desk.asked == [CERTIFICATE]
    assert [e.title for e in desk.events()] == [f"Sloop was unsubscribed from {TOPIC}"]


def test_sns_may_come_under_any_host_and_nobody_else() -> None:
    desk = Desk()
    assert desk.post(signed(notification()), Origin="https://console.example").status_code == 200

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sloop.example.com") as client:
            answers = [await client.get("/slos"), await client.get(PATH), await client.post("/slos")]
            return [a.status_code for a in answers]

    assert asyncio.run(ask()) == [421, 421, 421]


def test_without_a_topic_the_path_is_not_there() -> None:
    site = picture.site(*picture.shared())
    assert site.request("POST", PATH).status_code == 404


def take(store: Records, count: int) -> Sequence[Event]:
    """Waits for so many events, 5 s at most."""
    until = time.monotonic() + 5
    while len(found := store.events(limit=10)) < count and time.monotonic() < until:
        time.sleep(0.01)
    return found


def test_the_simulators_sns_subscribes_and_delivers_over_http() -> None:
    store, registry, clock = MemoryStore(), CollectorRegistry(), WallClock()
    base: list[str] = []
    sns = Sns(lambda: base[0], courier=lambda url: Courier(url, retry_seconds=0.05))
    with serving(Starlette(routes=sns.routes())) as base_url:
        base.append(base_url)
        hook = hook_of(store, clock, fetch, registry, host=base_url.removeprefix("http://"))
        with serving_at(lambda port: application(hook, loopback_hosts(port))) as address:
            sns.answer({"Action": "CreateTopic", "Name": "events"})
            sns.answer({"Action": "Subscribe", "TopicArn": TOPIC, "Protocol": "http", "Endpoint": f"{address}{PATH}"})
            assert [e.kind for e in take(store, 1)] == ["subscription"]
            sns.publish(TOPIC, "ALARM: x", json.dumps(ALARM))
            take(store, 2)
        sns.close()
    kinds = {event.kind: event.component for event in store.events(limit=10)}
    assert kinds == {"subscription": None, "alarm": "api"}
    assert registry.get_sample_value("sloop_hook_messages_total", {"outcome": "taken"}) == 2


def test_a_link_of_sns_is_read_without_redirects_and_within_limits() -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        status, body = {"/big": (200, b"x" * 100), "/away": (302, b"")}.get(scope["path"], (200, b"ok"))
        location = [(b"location", b"http://169.254.169.254/")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": location})
        await send({"type": "http.response.body", "body": body})

    with serving(app) as address:
        assert fetch(f"{address}/", 50) == b"ok"
        for path in ("/big", "/away"):
            with pytest.raises(SourceError):
                fetch(f"{address}{path}", 50)
    with pytest.raises(SourceError, match="does not answer"):
        fetch(address, 50)
