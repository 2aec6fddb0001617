from __future__ import annotations

from datetime import UTC, datetime

from app.hooks.signature import certificate_of, check_signature
from app.simulator.signing import Signer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_what_it_signs_verifies_with_its_certificate() -> None:
    signer = Signer.create(NOW)
    envelope = {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:pages",
        "Message": "{}",
        "Timestamp": "2026-11-22T12:00:00.000Z",
    }
    told = {**envelope, "SignatureVersion": "2", "Signature": signer.sign(envelope)}
    certificate = certificate_of(signer.certificate.encode(), of_aws=False)
    assert certificate.subject == certificate.issuer
    assert check_signature(told, certificate, NOW) is None  # type: ignore[func-returns-value]
