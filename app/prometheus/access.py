"""Where the Prometheus server is and how it is spoken to: address, credentials, TLS. Verification cannot be switched off."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from app.clock import WallClock
from app.prometheus.deadline import Patience, PunctualTransport
from slo.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

URL = "SLOOP_PROMETHEUS_URL"
CA_FILE = "SLOOP_PROMETHEUS_CA_FILE"
CLIENT_CERT = "SLOOP_PROMETHEUS_CLIENT_CERT"
CLIENT_KEY = "SLOOP_PROMETHEUS_CLIENT_KEY"
_NO_URL = "not the address of a server; write it like http://127.0.0.1:9090"
_PATIENCE = Patience()
_MONOTONIC = WallClock().monotonic


@dataclass(frozen=True, slots=True)
class Access:
    """Each field is the setting `SLOOP_PROMETHEUS_*` of its name; `sign` is how SLOOP_PROMETHEUS_AWS_REGION is signed for."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    sign: httpx.Auth | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show."""
        return tuple(filter(None, (self.token, self.password, _parsed(self.url).password)))

    def client(self, kept: Patience = _PATIENCE, monotonic: Callable[[], float] = _MONOTONIC) -> httpx.Client:
        """SettingsError names the variable that is wrong. Proxies are not used, redirects not followed."""
        url = _parsed(self.url)
        self._refuse_mixtures(url)
        transport = PunctualTransport(self.context(), kept, monotonic)
        timeout = httpx.Timeout(kept.read, connect=kept.connect)
        return httpx.Client(transport=transport, auth=self._auth(), timeout=timeout, trust_env=False)

    def _refuse_mixtures(self, url: httpx.URL) -> None:
        ways = {
            "SLOOP_PROMETHEUS_AWS_REGION": self.sign is not None,
            "SLOOP_PROMETHEUS_TOKEN": self.token,
            "SLOOP_PROMETHEUS_USER": self.user,
            f"a user in {URL}": url.userinfo,
        }
        given = [name for name, value in ways.items() if value]
        if len(given) > 1:
            raise SettingsError(f"{' and '.join(given)}: give one way to sign in")
        if self.password and not self.user:
            raise SettingsError("SLOOP_PROMETHEUS_PASSWORD: give SLOOP_PROMETHEUS_USER too")
        if self.client_key and not self.client_cert:
            raise SettingsError(f"{CLIENT_KEY}: give {CLIENT_CERT} too")
        for name, value in ((CA_FILE, self.ca_file), (CLIENT_CERT, self.client_cert)):
            if value and url.scheme != "https":
                raise SettingsError(f"{name}={value}: {URL} is not https, so no certificate would be looked at")

    def _auth(self) -> httpx.Auth | None:
        if self.token:
            return _Bearer(self.token)
        return httpx.BasicAuth(self.user, self.password) if self.user else self.sign

    def context(self) -> ssl.SSLContext:
        """The usual authorities, or those of `ca_file` alone."""
        context = httpx.create_ssl_context()
        if self.ca_file:
            try:
                context = ssl.create_default_context(cafile=self.ca_file)
            except OSError as error:  # an SSLError is one too
                raise SettingsError(f"{CA_FILE}={self.ca_file}: {_reason(error)}; give certificates in PEM") from None
        if self.client_cert:
            try:
                # A password, so that an encrypted key is refused and nobody is asked for one.
                context.load_cert_chain(self.client_cert, self.client_key or None, password="")
            except OSError as error:
                why = f"{_reason(error)}; give PEM files, the key without a password and of this certificate"
                raise SettingsError(f"{CLIENT_CERT}={self.client_cert} with {CLIENT_KEY}={self.client_key}: {why}") from None
        return context


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise SettingsError("SLOOP_PROMETHEUS_TOKEN: it has a character that no token has; is there a line break in it?")
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


def shown(url: str) -> str:
    """Without user and password."""
    return str(_parsed(url).copy_with(userinfo=b"")).rstrip("/")


def _parsed(url: str) -> httpx.URL:
    """The address is left out of the message: what is wrong with it may be in its password."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise SettingsError(f"{URL}: {_NO_URL}") from None
    if found.scheme not in ("http", "https") or not found.host or "%" in found.host or found.query or found.fragment:
        raise SettingsError(f"{URL}: {_NO_URL}")
    return found


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__
