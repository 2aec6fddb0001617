from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from app.hooks.signature import (
    SIGNED,
    certificate_of,
    check_certificate_url,
    check_confirm_url,
    check_shape,
    check_signature,
    region_of,
    string_to_sign,
)
from app.simulator.signing import Signer
from slo.errors import ForgedMessage

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


def verify(envelope: dict[str, Any], pem: str, now: datetime) -> None:
    check_shape(envelope, now)
    check_signature(envelope, certificate_of(pem.encode(), of_aws=False), now)


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
    with pytest.raises(ForgedMessage):
        verify(tampered, SIGNER.certificate, NOW)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Signature": OTHER.sign(ENVELOPE)}, "does not match"),
        ({"Signature": "not base64!"}, "does not match"),
        ({"Signature": None}, "does not match"),
        ({"SignatureVersion": "1"}, "does not match"),
        ({"SignatureVersion": "3"}, "neither 1 nor 2"),
        ({"Type": "Surprise"}, "no type of an SNS message"),
        ({"Type": ["Notification"]}, "no type of an SNS message"),
        ({"MessageId": None}, "MessageId is missing"),
        ({"Message": 7}, "Message is missing"),
    ],
)
def test_other_signatures_are_refused_with_the_reason(change: dict[str, object], why: str) -> None:
    with pytest.raises(ForgedMessage, match=why):
        verify({**signed(ENVELOPE), **change}, SIGNER.certificate, NOW)


def test_the_older_signature_is_good_too() -> None:
    signature = SIGNER.key.sign(string_to_sign(ENVELOPE), padding.PKCS1v15(), hashes.SHA1())  # version 1 is that
    old = {**ENVELOPE, "SignatureVersion": "1", "Signature": base64.b64encode(signature).decode()}
    assert verify(old, SIGNER.certificate, NOW) is None  # type: ignore[func-returns-value]


def test_the_signed_bytes_cannot_be_read_as_other_fields() -> None:
    genuine = signed(ENVELOPE)
    split = {**genuine, "MessageId": "1\nSubject\nALARM: x"}
    del split["Subject"]
    assert string_to_sign(split) == string_to_sign(genuine)
    with pytest.raises(ForgedMessage, match="MessageId has a line break"):
        verify(split, SIGNER.certificate, NOW)


def test_a_certificate_that_is_none_is_refused() -> None:
    with pytest.raises(ForgedMessage, match="no certificate"):
        verify(signed(ENVELOPE), "<html>not found</html>", NOW)


def test_a_certificate_is_believed_while_it_is_in_force() -> None:
    for now in (NOW - timedelta(days=2), NOW + timedelta(days=3651)):
        told = signed({**ENVELOPE, "Timestamp": now.isoformat()})
        with pytest.raises(ForgedMessage, match="not in force"):
            verify(told, SIGNER.certificate, now)


def certificate(name: str, issuer: str, key: rsa.RSAPrivateKey = SIGNER.key, also: str | None = None) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(named(issuer), named(name), key.public_key(), 7, NOW, NOW + timedelta(days=9))
    if also:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(also)]), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    "pem",
    [
        certificate("sns.amazonaws.com", "Amazon RSA 2048 M01"),
        certificate("sns-signing.af-south-1.amazonaws.com", "Amazon RSA 2048 M01"),
        certificate("sns-cn-north-1.amazonaws.com.cn", "DigiCert"),
        certificate("x", "Amazon RSA 2048 M01", also="sns.us-east-1.amazonaws.com"),
    ],
)
def test_a_certificate_of_aws_was_issued_to_sns(pem: bytes) -> None:
    assert certificate_of(pem, of_aws=True).serial_number == 7


SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (SIGNER.certificate.encode(), "issued to SNS"),
        (certificate("sns.amazonaws.com", "sns.amazonaws.com"), "issued to SNS"),
        (certificate("sns.amazonaws.com.evil.example", "Amazon"), "issued to SNS"),
        (certificate("s3.amazonaws.com", "Amazon"), "issued to SNS"),
        (certificate("sns.amazonaws.com", "Amazon", SMALL), "2048 bits"),
    ],
)
def test_another_certificate_of_aws_is_refused(pem: bytes, why: str) -> None:
    with pytest.raises(ForgedMessage, match=why):
        certificate_of(pem, of_aws=True)


@pytest.mark.parametrize("later", [timedelta(hours=1, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_message_is_fresh_for_an_hour(later: timedelta) -> None:
    with pytest.raises(ForgedMessage, match="more than an hour"):
        verify(signed(ENVELOPE), SIGNER.certificate, NOW + later)
    assert verify(signed(ENVELOPE), SIGNER.certificate, NOW + later * 0.99) is None  # type: ignore[func-returns-value]


def test_a_signed_message_without_a_readable_time_is_refused() -> None:
    with pytest.raises(ForgedMessage, match="no time"):
        verify(signed({**ENVELOPE, "Timestamp": "soon"}), SIGNER.certificate, NOW)
    with pytest.raises(ForgedMessage, match="more than an hour"):
        verify(signed({**ENVELOPE, "Timestamp": "2026-11-22T12:00:00"}), SIGNER.certificate, NOW)


PEM = "/SimpleNotificationService-0123abcd.pem"
LOOPBACK = ["127.0.0.1:4566"]


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (f"https://sns.us-east-1.amazonaws.com{PEM}", "us-east-1"),
        (f"https://sns.cn-north-1.amazonaws.com.cn{PEM}", "cn-north-1"),
        (f"http://127.0.0.1:4566{PEM}", "us-east-1"),
    ],
)
def test_certificates_come_from_sns_or_from_the_named_simulator(url: str, region: str) -> None:
    assert check_certificate_url(url, region, LOOPBACK) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.us-east-1.amazonaws.com{PEM}",
        f"https://sns.eu-west-1.amazonaws.com{PEM}",
        f"https://sns.us-east-1.amazonaws.com.cn{PEM}",
        f"https://sns.us-east-1.amazonaws.com:443{PEM}",
        f"https://user@sns.us-east-1.amazonaws.com{PEM}",
        f"https://sns.us-east-1.amazonaws.com.evil.example{PEM}",
        f"https://sns.us-east-1.amazonaws.com@evil.example{PEM}",
        f"https://evil.example/sns.us-east-1.amazonaws.com{PEM}",
        f"https://snsxus-east-1.amazonaws.com{PEM}",
        f"https://s3.us-east-1.amazonaws.com{PEM}",
        "https://sns.us-east-1.amazonaws.com/other.pem",
        f"https://sns.us-east-1.amazonaws.com/x/..{PEM}",
        f"https://sns.us-east-1.amazonaws.com{PEM}?x=1",
        f"https://sns.us-east-1.amazonaws.com{PEM}#x",
        f"https://sns.us-east-1.amazonaws.com{PEM}\n",
        f"http://127.0.0.1:4567{PEM}",
        f"https://127.0.0.1:4566{PEM}",
        "None",
    ],
)
def test_certificates_from_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(ForgedMessage):
        check_certificate_url(url, "us-east-1", LOOPBACK)


QUERY = f"Action=ConfirmSubscription&TopicArn={HANDSHAKE['TopicArn']}&Token=t"


@pytest.mark.parametrize("base", ["https://sns.us-east-1.amazonaws.com/", "http://127.0.0.1:4566/sns/confirm"])
def test_the_link_to_confirm_is_that_of_this_subscription(base: str) -> None:
    assert check_confirm_url(f"{base}?{QUERY}", HANDSHAKE, LOOPBACK) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.us-east-1.amazonaws.com/?{QUERY}",
        f"https://sns.eu-west-1.amazonaws.com/?{QUERY}",
        f"https://sns.us-east-1.amazonaws.com.evil.example/?{QUERY}",
        f"https://sns.us-east-1.amazonaws.com/?{QUERY}x",
        f"https://sns.us-east-1.amazonaws.com/?{QUERY}&Owner=me",
        f"https://sns.us-east-1.amazonaws.com/?{QUERY} ",
        f"https://sns.us-east-1.amazonaws.com/?{QUERY.replace('Confirm', 'Delete')}",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1",
        "",
    ],
)
def test_another_link_is_not_followed(url: str) -> None:
    with pytest.raises(ForgedMessage, match="SubscribeURL"):
        check_confirm_url(url, HANDSHAKE, LOOPBACK)


@pytest.mark.parametrize(
    "arn", ["", "arn:aws:sns:us-east-1:1:x", "arn:aws:sqs:us-east-1:111122223333:x", "arn:aws:sns:evil.example/:111122223333:x"]
)
def test_a_region_is_that_of_a_topic(arn: str) -> None:
    with pytest.raises(ForgedMessage):
        region_of(arn)
    assert region_of("arn:aws-us-gov:sns:us-gov-west-1:111122223333:x") == "us-gov-west-1"
