"""SNS signatures: how a message is signed, and how a receiver makes sure that it came from SNS."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VERSION = "2"
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
MAX_AGE = timedelta(hours=1)
_AWS_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]+\.pem")


class ForgedMessageError(ValueError):
    """The message is not from SNS, or no longer fresh; the text says why."""


def string_to_sign(envelope: Mapping[str, Any]) -> bytes:
    """Name and value on a line each, names in alphabetical order, a missing Subject left out."""
    names = SIGNED[envelope["Type"]]
    return "".join(f"{name}\n{envelope[name]}\n" for name in names if envelope.get(name) is not None).encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and its self-signed certificate, as PEM text."""

    key: rsa.RSAPrivateKey
    certificate: str
    fingerprint: str

    @classmethod
    def create(cls, now: datetime) -> Signer:
        """A fresh key, good for ten years from the day before `now`."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.simulator")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return cls(key, pem, certificate.fingerprint(hashes.SHA256()).hex()[:32])

    def sign(self, envelope: Mapping[str, Any]) -> str:
        """SHA256withRSA over the string to sign, in base64: signature version 2."""
        return base64.b64encode(self.key.sign(string_to_sign(envelope), padding.PKCS1v15(), hashes.SHA256())).decode()


def check_certificate_url(url: str, also_allowed: Collection[str] = ()) -> None:
    """Only AWS' own hosts over https; `also_allowed` names host:port pairs of a simulator. ForgedMessageError otherwise."""
    parts = urlsplit(url)
    theirs = parts.scheme == "https" and _AWS_HOST.fullmatch(parts.netloc) is not None
    if not (theirs or parts.netloc in also_allowed):
        raise ForgedMessageError(f"the certificate is at {url!r}, which is not a host of SNS")
    if _CERTIFICATE.fullmatch(parts.path) is None or parts.query or parts.fragment:
        raise ForgedMessageError(f"{url!r} is not the address of an SNS certificate")


def verify(envelope: Mapping[str, Any], certificate: str, now: datetime) -> None:
    """ForgedMessageError unless the certificate's key signed exactly this and it is at most an hour old (or early)."""
    if str(envelope.get("Type")) not in SIGNED:
        raise ForgedMessageError(f"{envelope.get('Type')!r} is no type of an SNS message")
    if envelope.get("SignatureVersion") != VERSION:
        raise ForgedMessageError("signature version 1 (SHA-1) is not accepted; set the topic's SignatureVersion to 2")
    try:
        signature = base64.b64decode(str(envelope.get("Signature")), validate=True)
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ForgedMessageError("the certificate holds no RSA key")
        key.verify(signature, string_to_sign(envelope), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, KeyError) as error:
        raise ForgedMessageError(f"the signature does not match the message: {error or 'InvalidSignature'}") from error
    _check_age(str(envelope["Timestamp"]), now)


def _check_age(timestamp: str, now: datetime) -> None:
    try:
        sent = datetime.fromisoformat(timestamp).astimezone(UTC)
    except ValueError:
        raise ForgedMessageError(f"{timestamp!r} is no timestamp") from None
    if abs(now - sent) > MAX_AGE:
        raise ForgedMessageError(f"sent at {timestamp}, more than an hour from now")
