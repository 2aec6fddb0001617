"""SigV4 as Amazon Managed Prometheus sees it: the signature is made again from what arrived, by botocore."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.aws.session import AwsSession
from app.aws.signing import SigV4
from app.bootstrap_sources import feeds
from app.ports import Span
from app.prometheus.source import PrometheusSource
from app.settings import Settings
from slo.errors import AccessDenied, SourceError
from slo.estate.indicator import CounterQuery
from tests.support.answering import Asked, Said, answering
from tests.support.prometheus import M0

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
SELECTOR = 'http_requests_total{job="shop",code=~"5..|ü"}'
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not a secret", "AWS_SESSION_TOKEN": "a+token/="}


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def read_once(url: str) -> None:
    settings = Settings(prometheus_url=f"{url}/workspaces/ws-1", prometheus_aws_region="eu-central-1")
    source = feeds(settings, AwsSession({}))["prometheus"].source
    assert isinstance(source, PrometheusSource)
    with closing(source):
        source.fetch([CounterQuery(SELECTOR)], Span(M0, M0 + 1))


def signed_again(url: str, asked: Asked) -> str:
    """As botocore signs it at the time that the request names, with the headers that it names and no others."""
    auth = SigV4Auth(Credentials(*KEYS.values()), "aps", "eu-central-1")
    given = re.search(r"SignedHeaders=([^,]*)", asked.headers["authorization"])
    assert given is not None
    request = AWSRequest("POST", url + asked.path, {name: asked.headers[name] for name in given[1].split(";")}, asked.body)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, Signature={signature}"


def test_the_signature_covers_host_time_token_and_body_for_aps_in_the_region() -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked)
        return Said(200, [EMPTY])

    with answering(answer) as url:
        read_once(url)
    (asked,) = seen
    assert asked.headers["authorization"] == signed_again(url, asked)
    assert (
        "/eu-central-1/aps/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"
        in (asked.headers["authorization"])
    )
    assert asked.headers["x-amz-security-token"] == KEYS["AWS_SESSION_TOKEN"]
    assert asked.headers["host"] == url.removeprefix("http://")
    age = datetime.now(UTC) - datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(age.total_seconds()) < 60
    changed = Asked(asked.path, asked.headers, asked.body + b"0")
    assert asked.headers["authorization"] != signed_again(url, changed)


def test_without_credentials_nothing_is_sent_and_trying_again_is_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    seen: list[Asked] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked)
        return Said(200, [EMPTY])

    with answering(answer) as url, pytest.raises(SourceError, match="aps:QueryMetrics: Unable to locate credentials") as caught:
        read_once(url)
    assert seen == []
    assert not caught.value.retryable


def test_f05_a_denied_query_names_the_missing_action() -> None:
    body = b'{"message":"User: arn:aws:iam::1:user/x is not authorized","__type":"AccessDeniedException"}'
    with answering(lambda _: Said(403, [body])) as url, pytest.raises(AccessDenied) as caught:
        read_once(url)
    assert caught.value.action == "aps:QueryMetrics"
    assert str(caught.value).endswith("is not authorized; allow the IAM action aps:QueryMetrics")


def test_a_signature_that_is_refused_is_told_as_aws_tells_it() -> None:
    body = b'{"message":"The request signature we calculated does not match"}'
    with answering(lambda _: Said(403, [body])) as url, pytest.raises(SourceError, match="signature we calculated") as caught:
        read_once(url)
    assert not isinstance(caught.value, AccessDenied)


def test_f06_new_credentials_are_taken_at_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = SigV4(AwsSession({}), "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
    request = next(signer.auth_flow(httpx.Request("POST", "https://aps.example.com/api/v1/query", data={"query": "up"})))
    assert "Credential=AKIDOTHER/" in request.headers["authorization"]
