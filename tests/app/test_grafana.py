"""Grafana's adapter against a stand-in that speaks its HTTP API; what the contract with its twin says is in tests/contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.grafana import GrafanaDashboards
from dashboards.desired import desired_dashboards
from slo.errors import SourceError, Throttled
from slo.plan import Change
from tests.support.boards import BASE_URL, CATALOG, ESTATE
from tests.support.grafana import Grafana
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

(FIRST, *_) = desired_dashboards(ESTATE, CATALOG, BASE_URL, ["grafana"])


@pytest.fixture
def grafana() -> Grafana:
    return Grafana()


@pytest.fixture
def url(grafana: Grafana) -> Iterator[str]:
    with serving(grafana.app) as url:
        yield f"{url}/grafana"


@pytest.fixture
def adapter(url: str) -> Iterator[GrafanaDashboards]:
    adapter = GrafanaDashboards(url, "secret")
    yield adapter
    adapter.close()


def test_a_dashboard_is_posted_into_the_folder_of_its_estate(grafana: Grafana, adapter: GrafanaDashboards) -> None:
    adapter.write(Change("create", None, FIRST))
    posted = grafana.kept[FIRST.name]
    assert grafana.folders == {posted["folderUid"]: "sloop-small"}
    assert posted["overwrite"] is True
    assert posted["dashboard"]["id"] is None
    assert posted["dashboard"]["uid"] == FIRST.name
    assert posted["dashboard"]["tags"][:2] == ["sloop", "sloop:estate=small"]


def test_the_folder_is_made_once(grafana: Grafana, adapter: GrafanaDashboards) -> None:
    adapter.write(Change("create", None, FIRST))
    adapter.write(Change("update", FIRST, FIRST))
    assert grafana.calls.count(("POST", "/grafana/api/folders")) == 1
    assert grafana.versions[FIRST.name] == 2


def test_what_grafana_adds_of_its_own_is_no_difference(adapter: GrafanaDashboards) -> None:
    adapter.write(Change("create", None, FIRST))
    (live,) = adapter.read("small")
    assert live.resource == FIRST


def test_a_dashboard_without_our_tags_is_not_ours(grafana: Grafana, adapter: GrafanaDashboards) -> None:
    adapter.write(Change("create", None, FIRST))
    grafana.kept[FIRST.name]["dashboard"]["tags"] = ["sloop"]
    assert adapter.read("small") == []


def test_a_wrong_token_says_which_setting_to_mend(url: str) -> None:
    stranger = GrafanaDashboards(url, "wrong")
    with pytest.raises(SourceError, match="SLOOP_GRAFANA_TOKEN") as refused:
        stranger.read("small")
    stranger.close()
    assert not refused.value.retryable


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (503, True), (400, False), (412, False), (429, True)])
def test_an_error_says_whether_trying_again_can_help(
    grafana: Grafana, adapter: GrafanaDashboards, status: int, *, retryable: bool
) -> None:
    grafana.fail = status
    with pytest.raises(SourceError, match="as told") as failed:
        adapter.write(Change("create", None, FIRST))
    assert failed.value.retryable is retryable
    assert isinstance(failed.value, Throttled) is (status == 429)


def test_a_grafana_that_is_not_there_can_be_tried_again() -> None:
    adapter = GrafanaDashboards("http://127.0.0.1:9", "secret")
    with pytest.raises(SourceError, match=r"Grafana at http://127\.0\.0\.1:9") as failed:
        adapter.read("small")
    adapter.close()
    assert failed.value.retryable
    assert "\n" not in str(failed.value)


def test_f66_a_folder_that_another_process_made_meanwhile_is_used_as_it_is(
    grafana: Grafana, adapter: GrafanaDashboards
) -> None:
    adapter.write(Change("create", None, FIRST))
    folders = dict(grafana.folders)
    grafana.late = True
    adapter.write(Change("update", FIRST, FIRST))
    assert grafana.folders == folders, "whoever owns it keeps its title and permissions"
    assert [live.resource for live in adapter.read("small")] == [FIRST]
