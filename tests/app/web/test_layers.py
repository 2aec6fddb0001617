from __future__ import annotations

from dataclasses import replace

import pytest

from app.web.layers import LayerRow, layers
from slo.catalog.signal import LAYERS
from slo.estate.spec import Component, Estate
from tests.app import picture, reference


@pytest.fixture(scope="module")
def drawn() -> dict[str, LayerRow]:
    return {row.name: row for row in layers(reference.shared()[0], reference.facts())}


def test_the_reference_estate_fills_every_layer_in_the_order_of_the_target_architecture(drawn: dict[str, LayerRow]) -> None:
    assert list(drawn) == list(LAYERS)
    assert sorted(t.name for row in drawn.values() for t in row.tiles) == sorted(c.name for c in reference.estate().components)


def test_a_layer_says_how_many_of_its_components_are_not_in_order(drawn: dict[str, LayerRow]) -> None:
    assert {name: row.troubled for name, row in drawn.items() if row.troubled} == {"compute": 2, "data": 2, "network": 1}


def test_a_tile_in_trouble_shows_the_objective_that_is_and_its_budget(drawn: dict[str, LayerRow]) -> None:
    tiles = {t.name: t for t in drawn["compute"].tiles}
    api, web = tiles["api"], tiles["web"]

    assert api.badge is not None
    assert (api.badge.state, api.which, api.row and api.row.id) == ("burning_fast", "availability", "api.availability")
    assert (web.which, web.left) == ("capacity", "budget unknown")


def test_a_tile_in_order_shows_the_least_budget_of_its_objectives(drawn: dict[str, LayerRow]) -> None:
    tools = next(t for t in drawn["compute"].tiles if t.name == "tools")
    budgets = {o: v.remaining for o, v in reference.shared()[0].verdicts.items() if o.startswith("tools.")}

    assert tools.row is not None
    assert (tools.row.remaining, tools.which) == (min(b for b in budgets.values() if b is not None), "")
    assert tools.left == f"{tools.row.budget} left"


def test_an_overspent_budget_is_over_and_one_that_cannot_be_read_now_is_the_last_known(drawn: dict[str, LayerRow]) -> None:
    tiles = {t.name: t.left for t in drawn["data"].tiles}

    assert tiles["database"].endswith(" % over")
    assert tiles["cache"].endswith(" % last known")


def test_a_component_without_objectives_says_why_and_is_not_in_trouble(drawn: dict[str, LayerRow]) -> None:
    waf = next(t for t in drawn["edge"].tiles if t.name == "waf")

    assert (waf.badge, waf.row) == (None, None)
    assert waf.reason.startswith("It filters in line")


def test_a_component_that_the_catalogue_does_not_know_stands_in_a_layer_of_its_own() -> None:
    estate = Estate("odd", components=(Component("thing", "unheard-of"),))
    rows = layers(replace(picture.shared()[0], estate=estate, verdicts={}), {})

    assert [(row.title, [t.name for t in row.tiles]) for row in rows] == [("Other", ["thing"])]
    assert rows[0].tiles[0].reason == "no reason is declared"
