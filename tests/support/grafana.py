"""The part of Grafana's HTTP API that dashboards are kept through. Written from its documentation: no Grafana runs here."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

_UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


@dataclass(slots=True, eq=False)
class Grafana:
    """`kept` is uid -> what was posted; `calls` are (method, path); `fail` answers everything with this status once set."""

    token: str = "secret"
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fail: int | None = None
    versions: dict[str, int] = field(default_factory=dict)
    late: bool = False
    """A folder is not found although it is there: another process made it just now."""

    @property
    def app(self) -> Starlette:
        """Under a path of its own, as behind a proxy."""
        routes = [
            Route("/search", self._guarded(self._search)),
            Route("/dashboards/db", self._guarded(self._post), methods=["POST"]),
            Route("/dashboards/uid/{uid}", self._guarded(self._get)),
            Route("/dashboards/uid/{uid}", self._guarded(self._delete), methods=["DELETE"]),
            Route("/folders/{uid}", self._guarded(self._folder)),
            Route("/folders", self._guarded(self._make_folder), methods=["POST"]),
        ]
        return Starlette(routes=[Mount("/grafana/api", routes=routes)])

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            self.calls.append((request.method, request.url.path))
            if request.headers.get("authorization") != f"Bearer {self.token}":
                return _message(401, "Invalid API key")
            if self.fail is not None:
                return _message(self.fail, "as told")
            return await handler(request)

        return guarded

    async def _search(self, request: Request) -> Response:
        assert request.query_params["type"] == "dash-db"
        tag = request.query_params["tag"]
        hits = [
            {"uid": uid, "title": posted["dashboard"]["title"], "type": "dash-db", "folderUid": posted["folderUid"]}
            for uid, posted in self.kept.items()
            if tag in posted["dashboard"]["tags"]
        ]
        return JSONResponse(hits[: int(request.query_params["limit"])])

    async def _get(self, request: Request) -> Response:
        """As stored, with what Grafana adds of its own."""
        posted = self.kept.get(request.path_params["uid"])
        if posted is None:
            return _message(404, "Dashboard not found")
        uid = posted["dashboard"]["uid"]
        body = {**posted["dashboard"], "id": 7, "version": self.versions[uid]}
        body["annotations"] = {"list": [{"builtIn": 1, "name": "Annotations & Alerts"}]}
        body["panels"] = [{**panel, "pluginVersion": "11.6.0"} for panel in body["panels"]]
        return JSONResponse({"meta": {"folderUid": posted["folderUid"], "version": self.versions[uid]}, "dashboard": body})

    async def _post(self, request: Request) -> Response:
        posted = await request.json()
        dashboard = posted["dashboard"]
        if not dashboard.get("title") or not _UID.fullmatch(dashboard.get("uid") or ""):
            return _message(400, "Dashboard title cannot be empty, uid takes 40 letters, digits, - and _")
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(set(ids)) < len(ids) or dashboard.get("id") is not None:
            return _message(400, "panel ids must be unique, and a dashboard that is addressed by uid has no id")
        if posted["folderUid"] not in self.folders:
            return _message(400, "folder not found")
        if dashboard["uid"] in self.kept and not posted.get("overwrite"):
            return _message(412, "The dashboard has been changed by someone else")
        self.kept[dashboard["uid"]] = json.loads(json.dumps(posted))
        self.versions[dashboard["uid"]] = self.versions.get(dashboard["uid"], 0) + 1
        return JSONResponse({"uid": dashboard["uid"], "status": "success", "version": self.versions[dashboard["uid"]]})

    async def _delete(self, request: Request) -> Response:
        if self.kept.pop(request.path_params["uid"], None) is None:
            return _message(404, "Dashboard not found")
        return JSONResponse({"message": "Dashboard deleted"})

    async def _folder(self, request: Request) -> Response:
        title = None if self.late else self.folders.get(request.path_params["uid"])
        return _message(404, "folder not found") if title is None else JSONResponse({"title": title})

    async def _make_folder(self, request: Request) -> Response:
        body = await request.json()
        if body["uid"] in self.folders:
            return _message(412, "a folder with that uid already exists")
        self.folders[body["uid"]] = body["title"]
        return JSONResponse({"uid": body["uid"], "title": body["title"]})


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)
