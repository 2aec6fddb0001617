"""Every PromQL expression of the dashboards, asked of a real Prometheus that scrapes a real `/metrics` page of Sloop's."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from app.exposition import MEDIA_TYPE
from app.files import packaged_spec, read_catalog
from dashboards.desired import dashboards_of
from slo.estate.load import load
from slo.units import parse_duration
from tests.app.picture import ESTATE, shared, site
from tests.support.prometheus import scraping
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slo.estate.spec import Estate

PATIENCE_SECONDS = 20
CATALOG = read_catalog()


@dataclass(frozen=True, slots=True)
class Ask:
    where: str
    expression: str
    instant: bool


def asks(estate: Estate) -> list[Ask]:
    """As Grafana would send them, with the variables filled in."""
    found = []
    for dashboard in dashboards_of(estate, CATALOG, "https://sloop.example", ["grafana"]):
        for panel in dashboard.body["panels"]:
            for target in panel.get("targets", ()):
                if target["datasource"]["type"] == "prometheus":
                    expression = target["expr"].replace("$job", "sloop").replace("$slo", ".*")
                    found.append(Ask(f"{dashboard.name}: {panel['title']}", expression, target["instant"]))
    return found


@dataclass(frozen=True, slots=True)
class Prometheus:
    client: httpx.Client
    url: str

    def ask(self, ask: Ask) -> list[Any]:
        """The series of the answer; an expression that Prometheus does not understand fails the test."""
        now = time.time()
        span = {"time": now} if ask.instant else {"start": now - 60, "end": now, "step": 1}
        path = "query" if ask.instant else "query_range"
        answer = self.client.get(f"{self.url}/api/v1/{path}", params={"query": ask.expression, **span}).json()
        assert answer["status"] == "success", (ask.where, ask.expression, answer)
        series: list[Any] = answer["data"]["result"]
        return series


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Once it has scraped often enough to know a rate."""
    page = site(*shared()).get("/metrics")
    assert page.status_code == 200

    def metrics(_request: object) -> Response:
        return Response(page.content, media_type=MEDIA_TYPE)

    folder: Path = tmp_path_factory.mktemp("prometheus")
    with (
        httpx.Client(trust_env=False) as client,
        serving(Starlette(routes=[Route("/metrics", metrics)])) as address,
        scraping(folder, "sloop", address.removeprefix("http://")) as url,
    ):
        prometheus = Prometheus(client, url)
        _wait(prometheus)
        yield prometheus


def _wait(prometheus: Prometheus) -> None:
    known = Ask("", 'rate(sloop_source_errors_total{job="sloop"}[5m])', instant=True)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not prometheus.ask(known):
        assert time.monotonic() < deadline, "Prometheus has not scraped the page"
        time.sleep(0.05)


def is_unknown(expression: str) -> bool:
    """What the picture has not measured has no sample; nothing there sends messages or counts orders."""
    if "sloop_notifications_total" in expression or "orders_requests_total" in expression:
        return True
    about = re.search(r'(sloop_\w+)\{job=~"sloop",slo="([^"]+)"(?:,window="(\w+)")?', expression)
    if about is None:
        return False
    metric, objective, window = about.groups()
    verdict = shared()[0].verdicts.get(objective)
    if verdict is None:
        return True
    if metric == "sloop_burn_rate":
        return verdict.burns[parse_duration(window)] is None
    return metric == "sloop_error_budget_remaining_ratio" and verdict.remaining is None


@pytest.mark.needs("prometheus")
def test_every_panel_has_data_exactly_where_something_is_known(prometheus: Prometheus) -> None:
    wrong = [ask for ask in asks(ESTATE) if bool(prometheus.ask(ask)) is is_unknown(ask.expression)]
    assert wrong == []


@pytest.mark.needs("prometheus")
def test_every_expression_of_the_reference_estate_is_understood(prometheus: Prometheus) -> None:
    estate = load([("reference.yaml", packaged_spec("reference"))], CATALOG).estate
    assert estate is not None
    expressions = asks(estate)
    assert len(expressions) > 200
    for ask in expressions:
        prometheus.ask(ask)


@pytest.mark.needs("prometheus")
def test_no_open_page_is_zero_and_not_nothing(prometheus: Prometheus) -> None:
    (pages,) = (ask for ask in asks(ESTATE) if ask.where.endswith("Open pages"))
    (series,) = prometheus.ask(pages)
    assert series["value"][1] == "1"
    (none,) = prometheus.ask(Ask("", pages.expression.replace('severity="page"', 'severity="nothing"'), instant=True))
    assert none["value"][1] == "0"


@pytest.mark.needs("prometheus")
def test_the_state_of_an_objective_is_one_number(prometheus: Prometheus) -> None:
    (states, *_) = (ask for ask in asks(ESTATE) if ask.where.endswith("component_api: State"))
    (series,) = prometheus.ask(states)
    assert series["metric"] == {"slo": "api.availability"}
    assert series["values"][-1][1] == "5"
