"""What SNS signs, and how a receiver makes sure that SNS signed it.

The certificate comes over TLS from a host of AWS, which is what vouches for it: no authority is kept here to check it again.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from slo.errors import ForgedMessage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
MAX_AGE = timedelta(hours=1)
MAX_AHEAD = timedelta(minutes=5)
LEAST_BITS = 2048
_DIGESTS = {"1": hashes.SHA1, "2": hashes.SHA256}
"""By SignatureVersion; 1 is what a topic has unless it was told otherwise."""
_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z]{2}(?:-[a-z]+)+-\d+):\d{12}:[A-Za-z0-9_-]{1,256}")
_CERTIFICATE = r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem"
_ISSUED_TO = re.compile(r"sns(?:-[a-z0-9-]+|\.[a-z0-9-]+|-signing\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
"""`sns.amazonaws.com`; newer regions, China and GovCloud have names of their own."""


def string_to_sign(envelope: Mapping[str, Any]) -> bytes:
    """Name and value on a line each, names in alphabetical order, a missing Subject left out."""
    names = SIGNED[envelope["Type"]]
    return "".join(f"{name}\n{envelope[name]}\n" for name in names if envelope.get(name) is not None).encode()


def region_of(topic_arn: str) -> str:
    """ForgedMessage when it is no topic's ARN."""
    found = _TOPIC.fullmatch(topic_arn)
    if found is None:
        raise ForgedMessage("TopicArn is not the ARN of a topic")
    return found[1]


def check_certificate_url(url: str, region: str, loopback: Collection[str] = ()) -> None:
    """Only SNS' own host in that region; `loopback` names host:port pairs of a stand-in. ForgedMessage otherwise."""
    if not any(re.fullmatch(re.escape(base) + _CERTIFICATE, url) for base in _bases(region, loopback)):
        raise ForgedMessage(f"SigningCertURL is not the address of a certificate of SNS in {region}")


def check_confirm_url(url: str, envelope: Mapping[str, str], loopback: Collection[str] = ()) -> None:
    """Only a link that confirms this very subscription at SNS in the topic's region. ForgedMessage otherwise."""
    region = region_of(envelope["TopicArn"])
    ours = any(url.startswith(f"{base}/") for base in _bases(region, loopback))
    asked = {name: values[-1] for name, values in parse_qs(url.partition("?")[2]).items()}
    wanted = {"Action": "ConfirmSubscription", "TopicArn": envelope["TopicArn"], "Token": envelope["Token"]}
    if not ours or asked != wanted or re.fullmatch(r"[!-~]+", url) is None:
        raise ForgedMessage(f"SubscribeURL is not SNS' own link to confirm a subscription in {region}")


def certificate_of(pem: bytes, *, of_aws: bool) -> x509.Certificate:
    """The first certificate of a PEM file, with an RSA key; of AWS it is issued to SNS and by somebody else. ForgedMessage."""
    try:
        found = x509.load_pem_x509_certificate(pem)
        key = found.public_key()
    except ValueError as error:
        raise ForgedMessage("what stands at SigningCertURL is no certificate") from error
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ForgedMessage(f"the certificate holds no RSA key of {LEAST_BITS} bits or more")
    if of_aws and (found.issuer == found.subject or not any(_ISSUED_TO.fullmatch(name) for name in _names(found))):
        raise ForgedMessage("the certificate is not one that was issued to SNS")
    return found


def check_shape(envelope: Mapping[str, Any], now: datetime) -> None:
    """Whether it may be a message of SNS at all, and is fresh: before anything is fetched for its sake. ForgedMessage."""
    kind = envelope.get("Type")
    if not isinstance(kind, str) or kind not in SIGNED:
        raise ForgedMessage("Type is no type of an SNS message; leave raw message delivery off")
    if envelope.get("SignatureVersion") not in _DIGESTS:
        raise ForgedMessage("SignatureVersion is neither 1 nor 2")
    for name in SIGNED[kind]:
        value = envelope.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise ForgedMessage(f"{name} is missing")
        # Fields are signed one line after the other: with a line break in one, the same bytes could be read as other fields.
        if name != "Message" and ("\n" in value or "\r" in value):
            raise ForgedMessage(f"{name} has a line break")
    _check_age(envelope["Timestamp"], now)


def check_signature(envelope: Mapping[str, Any], certificate: x509.Certificate, now: datetime) -> None:
    """ForgedMessage unless the certificate is in force and its key signed exactly this."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ForgedMessage("the certificate is not in force now")
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        signature = base64.b64decode(str(envelope.get("Signature")), validate=True)
        key.verify(signature, string_to_sign(envelope), padding.PKCS1v15(), _DIGESTS[envelope["SignatureVersion"]]())
    except (InvalidSignature, ValueError) as error:
        raise ForgedMessage("the signature does not match the message") from error


def _check_age(timestamp: str, now: datetime) -> None:
    try:
        sent = datetime.fromisoformat(timestamp)
    except ValueError:
        raise ForgedMessage("Timestamp is no time") from None
    if sent.tzinfo is None or not -MAX_AHEAD <= now - sent.astimezone(UTC) <= MAX_AGE:
        raise ForgedMessage("it was sent more than an hour ago, or will be in more than five minutes")


def _bases(region: str, loopback: Collection[str]) -> tuple[str, ...]:
    suffix = ".cn" if region.startswith("cn-") else ""
    return (f"https://sns.{region}.amazonaws.com{suffix}", *(f"http://{host}" for host in loopback))


def _names(certificate: x509.Certificate) -> list[str]:
    """The common name, and the DNS names that it is good for."""
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    names = [str(attribute.value) for attribute in common]
    try:
        more = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names + more.value.get_values_for_type(x509.DNSName)
