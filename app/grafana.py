"""Grafana's dashboards of an estate, in a folder of their own, through its HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from grafana_client import GrafanaApi
from grafana_client.client import GrafanaException

from dashboards.grafana_json import normal_form
from dashboards.naming import grafana_folder
from slo.errors import SourceError, Throttled, one_line
from slo.resource import ESTATE, Kind, Live, Resource, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slo.plan import Change

MOST = 5000
"""The most that Grafana's search gives at once."""
MOST_TOLD = 300
"""Characters of an error: Grafana, or a proxy before it, may answer with a whole page."""
_OURS = "sloop:"


class GrafanaDashboards:
    kinds: frozenset[Kind] = frozenset({"grafana"})

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        # grafana-client joins the path of the address and `api` as they are: it needs the slash.
        self._api = GrafanaApi.from_url(f"{url.rstrip('/')}/", credential=token or None, timeout=10)

    def read(self, estate: str) -> Sequence[Live]:
        tag = quote(f"{ESTATE}={estate}", safe="")
        found = self._call("search", lambda: self._api.search.search_dashboards(tag=tag, type_="dash-db", limit=MOST))
        return [live for row in found if (live := self._found(row["uid"])) is not None]

    def write(self, change: Change) -> None:
        """Creates, updates and changed tags are one call: a dashboard is replaced whole."""
        resource = change.resource
        if change.op == "delete":
            self._call("delete a dashboard", lambda: _unless_gone(lambda: self._api.dashboard.delete_dashboard(resource.name)))
            return
        uid, title = grafana_folder(resource.tags[ESTATE])
        self._make_folder(uid, title)
        document = {**resource.spec["body"], "id": None, "tags": _with_tags(resource)}
        post = {"dashboard": document, "folderUid": uid, "overwrite": True, "message": "sloop apply"}
        self._call("write a dashboard", lambda: self._api.dashboard.update_dashboard(post))

    def close(self) -> None:
        self._api.client.s.close()

    def _found(self, uid: str) -> Live | None:
        """None when it was deleted since it was listed."""
        answer = self._call("read a dashboard", lambda: _unless_gone(lambda: self._api.dashboard.get_dashboard(uid)))
        if answer is None:
            return None
        body = answer["dashboard"]
        tags = dict(tag.split("=", 1) for tag in body.get("tags", ()) if tag.startswith(_OURS) and "=" in tag)
        plain = {**body, "tags": [tag for tag in body.get("tags", ()) if not tag.startswith(_OURS)]}
        spec = {"body": normal(normal_form(plain))}
        return Live(Resource("grafana", "", "", uid, spec, tags))

    def _make_folder(self, uid: str, title: str) -> None:
        known = self._call("read a folder", lambda: _unless_gone(lambda: self._api.folder.get_folder(uid)))
        if known is None:
            self._call("make a folder", lambda: _unless_made(lambda: self._api.folder.create_folder(title, uid)))

    def _call(self, what: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except GrafanaException as error:
            raise self._error(what, error) from error
        except (OSError, ValueError) as error:  # what requests raises is an OSError
            raise SourceError(f"Grafana at {self._url}: {what}: {one_line(error)[:MOST_TOLD]}", retryable=True) from error

    def _error(self, what: str, error: GrafanaException) -> SourceError:
        text = f"Grafana at {self._url}: {what}: {one_line(error)[:MOST_TOLD]}"
        if error.status_code in (401, 403):
            return SourceError(f"{text}; give SLOOP_GRAFANA_TOKEN of a service account with the role Editor", retryable=False)
        if error.status_code == 429:
            return Throttled(text)
        return SourceError(text, retryable=error.status_code >= 500)


def _with_tags(resource: Resource) -> list[str]:
    """Ownership stands in Grafana's own tags, which are plain words."""
    return [*resource.spec["body"]["tags"], *(f"{key}={value}" for key, value in sorted(resource.tags.items()))]


def _unless_made(call: Callable[[], Any]) -> Any:
    """Somebody else may have made it since we looked."""
    try:
        return call()
    except GrafanaException as error:
        if error.status_code in (409, 412):
            return None
        raise


def _unless_gone(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except GrafanaException as error:
        if error.status_code == 404:
            return None
        raise
