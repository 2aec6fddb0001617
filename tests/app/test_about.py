from __future__ import annotations

from app.about import about, grafana_links
from dashboards.desired import desired_dashboards
from slo.estate.spec import Component, Estate
from tests.app import reference


def test_every_component_of_the_reference_estate_has_a_layer_a_kind_and_pitfalls() -> None:
    known = reference.facts()

    assert set(known) == {c.name for c in reference.estate().components}
    assert all(found.layer and found.kind and found.pitfalls for found in known.values())
    assert (known["database"].layer, known["api"].dashboards) == ("data", (("Grafana", reference.GRAFANA),))


def test_alarms_that_cannot_be_bound_are_none_and_an_unknown_kind_has_no_layer() -> None:
    estate = Estate("odd", components=(Component("thing", "unheard-of"), Component("database", "rds")))

    known = about(estate, reference.catalog())

    assert (known["thing"].layer, known["thing"].kind) == (None, "unheard-of")
    assert (known["database"].layer, known["database"].alarms) == ("data", ())


def test_each_component_is_linked_with_the_dashboard_that_apply_makes_of_it() -> None:
    links = grafana_links(reference.estate(), "https://grafana.example/")
    drawn = desired_dashboards(reference.estate(), reference.catalog(), "")
    made = {r.name for r in drawn if r.kind == "grafana"}

    assert set(links) == {c.name for c in reference.estate().components}
    assert {href.removeprefix("https://grafana.example/d/") for ((_, href),) in links.values()} <= made
    assert grafana_links(reference.estate(), "") == {}
