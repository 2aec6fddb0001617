"""How the server is signed in to, as the server sees it; and what stops the program before anything is asked."""

from __future__ import annotations

import base64
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from app.aws.session import AwsSession
from app.bootstrap_sources import feeds
from app.ports import Span
from app.prometheus.access import Access
from app.prometheus.source import PrometheusSource
from app.settings import Settings, read_settings
from slo.errors import SettingsError, SourceError
from slo.estate.indicator import CounterQuery
from tests.support.answering import Asked, Said, answering
from tests.support.certificates import Authority
from tests.support.prometheus import M0

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
SPAN = Span(M0, M0 + 1)


class Server:
    """Answers with nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Said:
        self.asked.append(asked)
        return Said(200, [EMPTY])

    @property
    def header(self) -> str | None:
        (asked,) = self.asked
        return asked.headers.get("authorization")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SLOOP_{name.upper()}", raising=False)


def read_once(monkeypatch: pytest.MonkeyPatch, url: str, **variables: str) -> None:
    """As the program does it: variables in, a request out."""
    for name, value in {"url": url, **variables}.items():
        monkeypatch.setenv(f"SLOOP_PROMETHEUS_{name.upper()}", value)
    source = feeds(read_settings(), AwsSession({}))["prometheus"].source
    assert isinstance(source, PrometheusSource)
    with closing(source):
        source.fetch([CounterQuery("x")], SPAN)


def test_without_credentials_none_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with answering(server) as url:
        read_once(monkeypatch, url)
    assert server.header is None


def test_a_token_is_sent_as_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with answering(server) as url:
        read_once(monkeypatch, url, token="abc.def")
    assert server.header == "Bearer abc.def"


def test_user_and_password_are_sent_as_basic_authentication(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with answering(server) as url:
        read_once(monkeypatch, url, user="sloop", password="pass:wörd")
    assert server.header == f"Basic {base64.b64encode('sloop:pass:wörd'.encode()).decode()}"


def test_the_path_of_the_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with answering(server) as url:
        read_once(monkeypatch, f"{url}/workspaces/ws-1/")
    assert [asked.path for asked in server.asked] == ["/workspaces/ws-1/api/v1/query_range"]


def test_neither_a_redirect_nor_a_proxy_gets_to_see_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Server()
    with answering(proxy) as elsewhere, answering(lambda _: Said(307, [b""])) as url:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere)
        with pytest.raises(SourceError, match="HTTP 307"):
            read_once(monkeypatch, url, token="abc")
    assert proxy.asked == []


def test_a_server_that_wants_a_certificate_is_shown_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, server = Authority(tmp_path), Server()
    own = authority.issue("sloop")
    with answering(server, authority.context(authority.issue("server"), ask=True)) as url:
        with pytest.raises(SourceError, match=r"/api/v1/query_range x: "):
            read_once(monkeypatch, url, ca_file=str(authority.file))
        assert server.asked == []
        paths = {"client_cert": str(own.certificate), "client_key": str(own.key)}
        read_once(monkeypatch, url, ca_file=str(authority.file), **paths)
    assert len(server.asked) == 1


HTTPS = "https://127.0.0.1:1"


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"url": "prometheus:9090"}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"url": "ftp://127.0.0.1"}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"url": "http://["}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"url": "http://"}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"url": "http://h:hidden/graph"}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"url": "http://h/graph?g0=hidden"}, "SLOOP_PROMETHEUS_URL: not the address of a server"),
        ({"token": "hidden", "user": "me"}, "SLOOP_PROMETHEUS_TOKEN and SLOOP_PROMETHEUS_USER: give one way to sign in"),
        ({"url": "https://me:hidden@h", "token": "hidden"}, "SLOOP_PROMETHEUS_TOKEN and a user in SLOOP_PROMETHEUS_URL: "),
        ({"aws_region": "eu-west-1", "token": "hidden"}, "SLOOP_PROMETHEUS_AWS_REGION and SLOOP_PROMETHEUS_TOKEN: "),
        ({"aws_region": "Ireland"}, "SLOOP_PROMETHEUS_AWS_REGION: "),
        ({"password": "hidden"}, "SLOOP_PROMETHEUS_PASSWORD: give SLOOP_PROMETHEUS_USER too"),
        ({"token": "hidden\n"}, "SLOOP_PROMETHEUS_TOKEN: it has a character that no token has"),
        ({"client_key": "key.pem"}, "SLOOP_PROMETHEUS_CLIENT_KEY: give SLOOP_PROMETHEUS_CLIENT_CERT too"),
        ({"url": "http://h", "ca_file": "ca.pem"}, "SLOOP_PROMETHEUS_CA_FILE=ca.pem: SLOOP_PROMETHEUS_URL is not https"),
        ({"url": "http://h", "client_cert": "c.pem"}, "SLOOP_PROMETHEUS_CLIENT_CERT=c.pem: SLOOP_PROMETHEUS_URL is not https"),
        ({"ca_file": "nowhere.pem"}, "SLOOP_PROMETHEUS_CA_FILE=nowhere.pem: No such file or directory; give"),
        (
            {"client_cert": "nowhere.pem"},
            "SLOOP_PROMETHEUS_CLIENT_CERT=nowhere.pem with SLOOP_PROMETHEUS_CLIENT_KEY=: No such file",
        ),
    ],
)
def test_a_wrong_setting_stops_the_program_and_is_named(
    variables: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_once(monkeypatch, **{"url": HTTPS, **variables})
    assert str(caught.value).startswith(text)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_certificate_or_of_another_key_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.issue("one"), authority.issue("other")
    with pytest.raises(SettingsError, match=r"SLOOP_PROMETHEUS_CA_FILE=.*; give certificates in PEM"):
        Access(HTTPS, ca_file=str(one.key)).client()
    with pytest.raises(SettingsError, match=r"SLOOP_PROMETHEUS_CLIENT_KEY=.*; give PEM files"):
        Access(HTTPS, client_cert=str(one.certificate), client_key=str(other.key)).client()


def test_f12_no_setting_switches_verification_off(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("own")
    ways = (
        Access(HTTPS),
        Access(HTTPS, ca_file=str(authority.file), client_cert=str(own.certificate), client_key=str(own.key)),
    )
    for access in ways:
        context = access.context()
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert [name for name in Settings.model_fields if "verify" in name or "insecure" in name] == []


def test_nothing_secret_is_in_what_an_access_or_the_settings_print(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access("http://me:hidden@h", token="hidden", password="hidden")
    assert "hidden" not in repr(access)
    assert access.secrets == ("hidden",) * 3
    monkeypatch.setenv("SLOOP_PROMETHEUS_TOKEN", "hidden")
    monkeypatch.setenv("SLOOP_PROMETHEUS_PASSWORD", "hidden")
    assert "hidden" not in repr(read_settings())


def test_a_password_that_the_server_echoes_is_not_passed_on() -> None:
    error = b'{"status":"error","errorType":"bad_data","error":"user sloop with hunter2 is unknown"}'
    with answering(lambda _: Said(400, [error])) as url:
        access = Access(url, user="sloop", password="hunter2")
        source = PrometheusSource(url, client=access.client(), secrets=access.secrets)
        with closing(source), pytest.raises(SourceError, match=r"user sloop with \*\*\* is unknown"):
            source.fetch([CounterQuery("x")], SPAN)
