"""The key that the simulator's SNS signs with, and its certificate."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from app.hooks.signature import string_to_sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

VERSION = "2"


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
