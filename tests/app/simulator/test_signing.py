from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator.signing import SIGNED, ForgedMessageError, Signer, check_certificate_url, string_to_sign, verify

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIGNER = Signer.create(NOW)
OTHER = Signer.create(NOW)
ENVELOPE = {
    "Type": "Notification",
    "MessageId": "1",
    "TopicArn": "arn:aws:sns:us-east-1:111122223333:pages",
    "Subject": "ALARM: x",
    "Message": "{}",
    "Timestamp": "2026-11-22T12:00:00.000Z",
}
HANDSHAKE = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "2",
    "TopicArn": ENVELOPE["TopicArn"],
    "Message": "You have chosen",
    "Token": "t",
    "SubscribeURL": "http://127.0.0.1:1/sns/confirm",
    "Timestamp": ENVELOPE["Timestamp"],
}


def signed(envelope: dict[str, str]) -> dict[str, str]:
    return {**envelope, "SignatureVersion": "2", "Signature": SIGNER.sign(envelope)}


def test_the_string_to_sign_is_the_documented_one() -> None:
    assert string_to_sign(ENVELOPE).decode() == (
        "Message\n{}\nMessageId\n1\nSubject\nALARM: x\nTimestamp\n2026-11-22T12:00:00.000Z\n"
        "TopicArn\narn:aws:sns:us-east-1:111122223333:pages\nType\nNotification\n"
    )
    without = {k: v for k, v in ENVELOPE.items() if k != "Subject"}
    assert "Subject" not in string_to_sign(without).decode()
    assert string_to_sign(HANDSHAKE).decode().startswith("Message\nYou have chosen\nMessageId\n2\nSubscribeURL\n")


@pytest.mark.parametrize("envelope", [ENVELOPE, HANDSHAKE, {k: v for k, v in ENVELOPE.items() if k != "Subject"}])
def test_what_was_signed_verifies(envelope: dict[str, str]) -> None:
    assert verify(signed(envelope), SIGNER.certificate, NOW) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("original", [ENVELOPE, HANDSHAKE])
@settings(deadline=None, max_examples=20)
@given(text=st.text(min_size=1), place=st.integers(0, 6))
def test_no_signed_field_can_be_changed(original: dict[str, str], text: str, place: int) -> None:
    names = [n for n in SIGNED[original["Type"]] if n in original]
    name = names[place % len(names)]
    tampered = signed(original) | {name: original[name] + text}
    with pytest.raises(ForgedMessageError):
        verify(tampered, SIGNER.certificate, NOW)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Signature": OTHER.sign(ENVELOPE)}, "does not match"),
        ({"Signature": "not base64!"}, "does not match"),
        ({"Signature": None}, "does not match"),
        ({"SignatureVersion": "1"}, "SignatureVersion to 2"),
        ({"Type": "Surprise"}, "no type of an SNS message"),
        ({"Type": ["Notification"]}, "no type of an SNS message"),
    ],
)
def test_other_signatures_are_refused_with_the_reason(change: dict[str, object], why: str) -> None:
    with pytest.raises(ForgedMessageError, match=why):
        verify({**signed(ENVELOPE), **change}, SIGNER.certificate, NOW)


def test_a_certificate_that_is_none_is_refused() -> None:
    with pytest.raises(ForgedMessageError):
        verify(signed(ENVELOPE), "<html>not found</html>", NOW)


@pytest.mark.parametrize("ahead", [timedelta(hours=1, seconds=1), timedelta(hours=-1, seconds=-1)])
def test_a_message_is_fresh_for_an_hour(ahead: timedelta) -> None:
    with pytest.raises(ForgedMessageError, match="more than an hour"):
        verify(signed(ENVELOPE), SIGNER.certificate, NOW + ahead)
    assert verify(signed(ENVELOPE), SIGNER.certificate, NOW + ahead * 0.99) is None  # type: ignore[func-returns-value]


def test_a_signed_message_without_a_readable_time_is_refused() -> None:
    with pytest.raises(ForgedMessageError, match="no timestamp"):
        verify(signed({**ENVELOPE, "Timestamp": "soon"}), SIGNER.certificate, NOW)


PEM = "/SimpleNotificationService-0123abcd.pem"


@pytest.mark.parametrize(
    "url",
    [
        f"https://sns.us-east-1.amazonaws.com{PEM}",
        f"https://sns.cn-north-1.amazonaws.com.cn{PEM}",
        f"http://127.0.0.1:4566{PEM}",
    ],
)
def test_certificates_come_from_sns_or_from_the_named_simulator(url: str) -> None:
    assert check_certificate_url(url, ["127.0.0.1:4566"]) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.us-east-1.amazonaws.com{PEM}",
        f"https://sns.us-east-1.amazonaws.com.evil.example{PEM}",
        f"https://sns.us-east-1.amazonaws.com@evil.example{PEM}",
        f"https://evil.example/sns.us-east-1.amazonaws.com{PEM}",
        f"https://s3.us-east-1.amazonaws.com{PEM}",
        "https://sns.us-east-1.amazonaws.com/other.pem",
        f"https://sns.us-east-1.amazonaws.com{PEM}?x=1",
        f"http://127.0.0.1:4567{PEM}",
        "None",
    ],
)
def test_certificates_from_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(ForgedMessageError):
        check_certificate_url(url, ["127.0.0.1:4566"])
