"""Who may ask, and from where: Host and Origin checks, security headers, and the role that every route declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders

from app.api.problems import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Role = Literal["viewer", "operator", "admin", "auditor", "sns"]
"""`sns` is nobody's: what comes there carries a signature of SNS, which its route checks."""
HTTP = 80
"""The port that browsers leave out of the Host header."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Requires:
    """The role a route needs, declared as a dependency. Without sign-in whoever reaches the loopback has every role."""

    role: Role

    async def __call__(self) -> None:
        assert self.role in get_args(Role)


def loopback_hosts(port: int) -> frozenset[str]:
    """The Host headers a browser on this machine sends: without them a foreign page could rebind its name to us."""
    names = ("127.0.0.1", "localhost", "[::1]")
    return frozenset((*(f"{name}:{port}" for name in names), *(names if port == HTTP else ())))


def unguarded(routes: Iterable[BaseRoute]) -> list[str]:
    """The paths of routes that declare no role, routers within routers included."""
    return [getattr(route, "path", repr(route)) for route in _flat(routes) if not _declares_role(route)]


def paths(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Those of every route, routers within routers included."""
    return frozenset(getattr(route, "path", "") for route in _flat(routes))


def signed(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """The paths whose role is `sns`."""
    return paths(route for route in _flat(routes) if any(r.role == "sns" for r in _roles(route)))


def _flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        inner: Any = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from _flat(inner.routes)


def _declares_role(route: BaseRoute) -> bool:
    return bool(_roles(route))


def _roles(route: BaseRoute) -> list[Requires]:
    found = [d.dependency for d in route.dependencies] if isinstance(route, APIRoute) else []
    return [role for role in found if isinstance(role, Requires)]


class Guard:
    """Outermost layer: refuses foreign hosts and cross-site writes, answers HEAD like GET, adds the headers to everything.

    `signed` are paths that are answered under any host and from any origin: a signature says who writes there. SNS posts
    under the public name of a proxy, and no cookie or address of a person counts for anything there.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], signed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._hosts, self._signed = hosts, signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head else scope
        answer = self._refusal(scope) or self._app
        await answer(inner, receive, _guarded(send, bodiless=head))

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"] in self._signed and scope["method"] == "POST":
            return None
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            return problem(421, f"this server does not answer for host {host!r}; use one of {', '.join(sorted(self._hosts))}")
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and _is_foreign(headers, host):
            return problem(403, "a page of another site may not write here; send the request from this one")
        return None


def _is_foreign(headers: Headers, host: str) -> bool:
    """Browsers name the origin of every write; programs that are no browsers name none, and carry no cookies of ours."""
    origin = headers.get("origin")
    if origin is not None:
        return origin not in (f"http://{host}", f"https://{host}")
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _guarded(send: Send, *, bodiless: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        elif bodiless and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_with_headers
