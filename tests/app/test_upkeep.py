from __future__ import annotations

from fractions import Fraction

from app.files import read_prices
from app.upkeep import Upkeep, upkeep
from slo.estate.spec import Component, Estate
from slo.resource import COMPONENT, Resource

ESTATE = Estate("t", components=(Component("api", "ecs"), Component("web", "ecs"), Component("quiet", "ecs")))


def board(view: str, account: str = "main") -> Resource:
    return Resource("dashboard", account, "", f"sloop-t-{view}", {})


def alarm(component: str, period: int = 60) -> Resource:
    return Resource("alarm", "main", "eu-west-1", f"sloop/t/{component}/{period}", {"Period": period}, {COMPONENT: component})


def test_alarms_belong_to_their_components_and_topics_cost_nothing() -> None:
    topic = Resource("topic", "main", "eu-west-1", "sloop-t-pages", {})
    found = upkeep(ESTATE, (topic, alarm("api"), alarm("api", 10), alarm("web")), read_prices())
    assert found == (Upkeep("api", alarms=Fraction("0.4")), Upkeep("web", alarms=Fraction("0.1")))


def test_what_is_free_is_shared_by_all_dashboards_of_an_account() -> None:
    drawn = (board("component_api"), board("component_web"), board("view_estate"), board("view_on-call"))
    each = Fraction(3, 4)
    assert upkeep(ESTATE, drawn, read_prices()) == (
        Upkeep("api", dashboards=each),
        Upkeep("web", dashboards=each),
        Upkeep("", dashboards=2 * each),
    )


def test_every_account_has_free_dashboards_of_its_own() -> None:
    drawn = (*(board(f"view_{n}") for n in range(3)), *(board(f"view_{n}", "other") for n in range(4)))
    assert upkeep(ESTATE, drawn, read_prices()) == (Upkeep("", dashboards=Fraction(3)),)


def test_grafana_costs_nothing_at_aws() -> None:
    assert upkeep(ESTATE, (Resource("grafana", "", "", "sloop-1", {}),), read_prices()) == ()
