from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import APIRouter, Depends

from app.guards import Requires, loopback_hosts, paths, unguarded
from app.main import create_app
from app.snapshot import AppState, SnapshotBox
from slo.errors import SettingsError
from tests.app import picture


@pytest.fixture
def site() -> picture.Site:
    return picture.site(*picture.shared())


async def broken() -> float:
    return 1 / 0


async def write() -> dict[str, bool]:
    return {"written": True}


def state() -> AppState:
    snapshot, history = picture.shared()
    hosts = frozenset({"127.0.0.1:8000"})
    return AppState(SnapshotBox(snapshot), picture.Log(), history, picture.Wall(), lambda: b"", hosts)


def writing() -> picture.Site:
    router = APIRouter()
    router.add_api_route("/write", write, methods=["POST"], dependencies=[Depends(Requires("operator"))])
    return picture.Site(state().box, picture.Wall(), create_app(state(), [router]))


def test_every_route_declares_its_role(site: picture.Site) -> None:
    assert unguarded(site.app.routes) == []


def test_a_route_without_a_role_does_not_start() -> None:
    router = APIRouter()
    router.add_api_route("/open", write)
    with pytest.raises(SettingsError, match="/open"):
        create_app(state(), [router])


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9", "127.0.0.1:8000.evil.example", ""])
def test_another_host_is_not_answered(site: picture.Site, host: str) -> None:
    answer = site.get("/api/v1/slos", host=host)
    assert answer.status_code == 421
    assert b"api.availability" not in answer.content


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_the_loopback_is_answered_under_its_three_names(site: picture.Site, host: str) -> None:
    assert site.get("/healthz", host=host).status_code == 200


def test_at_the_port_of_http_the_host_stands_without_it() -> None:
    assert {"127.0.0.1", "localhost:80"} <= loopback_hosts(80)
    assert "127.0.0.1" not in loopback_hosts(8000)


@pytest.mark.parametrize(("path", "media_type"), [("/api/v1/broken", "application/problem+json"), ("/broken", "text/html")])
def test_a_bug_is_a_problem_or_a_page_with_the_security_headers_and_is_not_swallowed(path: str, media_type: str) -> None:
    router = APIRouter()
    router.add_api_route(path, broken, dependencies=[Depends(Requires("viewer"))])
    app = create_app(state(), [router])

    async def ask(*, raising: bool) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=raising)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.get(path)

    answer = asyncio.run(ask(raising=False))
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith(media_type)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask(raising=True))


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}])
def test_a_write_from_another_site_is_refused(headers: dict[str, str]) -> None:
    assert writing().request("POST", "/write", **headers).status_code == 403


@pytest.mark.parametrize("headers", [{"origin": "http://127.0.0.1:8000"}, {}, {"sec_fetch_site": "same-origin"}])
def test_a_write_from_here_or_from_a_program_is_let_through(headers: dict[str, str]) -> None:
    assert writing().request("POST", "/write", **headers).json() == {"written": True}


@pytest.mark.parametrize("path", ["/", "/api/v1/slos", "/nowhere", "/healthz"])
def test_every_answer_carries_the_security_headers(site: picture.Site, path: str) -> None:
    headers = site.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_head_is_answered_like_get_without_a_body(site: picture.Site) -> None:
    get, head = site.get("/slos"), site.request("HEAD", "/slos")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]


def test_the_paths_of_routers_within_the_application_are_known_too() -> None:
    assert {"/", "/slos/{objective_id}", "/api/v1/slos", "/healthz"} <= paths(create_app(state()).routes)
