"""Dashboards are kept and found again by CloudWatch (the simulator, moto), Grafana's API (a stand-in) and their twin alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app.aws.dashboards import AwsDashboards
from app.aws.session import AwsSession
from app.grafana import GrafanaDashboards
from app.memory.dashboards import MemoryDashboards
from app.provision import Provisioner
from dashboards.desired import FORMATS, desired_dashboards
from slo.guards import Permits
from slo.plan import Change, make_destroy, make_plan
from slo.resource import Place, Resource
from tests.support.boards import BASE_URL, CATALOG, ESTATE
from tests.support.grafana import Grafana
from tests.support.serving import serving
from tests.support.simulated import Account, environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Resources
    from slo.plan import Plan

PLACES = (Place("main", "us-east-1", "111122223333"),)
WANTED = {form: desired_dashboards(ESTATE, CATALOG, BASE_URL, [form]) for form in FORMATS}


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with simulated() as account:
        yield account


@pytest.fixture(params=["memory", "cloudwatch", "moto", "grafana"])
def kept(
    request: pytest.FixtureRequest, account: Account, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Resources, tuple[Resource, ...]]]:
    """An adapter on an empty world, and what is wanted in it."""
    if request.param == "memory":
        yield MemoryDashboards(), WANTED["grafana"]
    elif request.param == "moto":
        request.getfixturevalue("moto")
        yield AwsDashboards(AwsSession({}), PLACES, lambda: None), WANTED["cloudwatch"]
    elif request.param == "cloudwatch":
        account.begin(1_800_000_000.0)
        for name, value in environment(account.url).items():
            monkeypatch.setenv(name, value)
        yield AwsDashboards(AwsSession({}), PLACES, lambda: None), WANTED["cloudwatch"]
    else:
        grafana = Grafana()
        with serving(grafana.app) as url:
            adapter = GrafanaDashboards(f"{url}/grafana", "secret")
            yield adapter, WANTED["grafana"]
            adapter.close()


def plan(adapter: Resources, wanted: tuple[Resource, ...], **options: Any) -> Plan:
    return make_plan("small", PLACES, wanted, adapter.read("small"), **options)


def apply(adapter: Resources, wanted: tuple[Resource, ...], **options: Any) -> None:
    outcome = Provisioner([adapter], sleep=lambda _: None).apply(plan(adapter, wanted, **options))
    assert outcome.failed == ()


def test_what_was_applied_needs_no_further_change(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    assert [c.op for c in plan(adapter, wanted).changes] == ["create"] * len(wanted)
    apply(adapter, wanted)
    again = plan(adapter, wanted)
    assert (again.changes, again.drifted, again.unchanged) == ((), (), len(wanted))


def test_the_body_of_a_dashboard_reads_back_as_it_was_put_and_goes_with_it(
    kept: tuple[Resources, tuple[Resource, ...]],
) -> None:
    adapter, wanted = kept
    for one in wanted:
        adapter.write(Change("create", None, one))
    bodies = {live.resource.identity: live.resource.spec for live in adapter.read("small")}
    assert bodies == {one.identity: one.spec for one in wanted}
    adapter.write(Change("delete", wanted[0], None))
    assert {live.resource.identity for live in adapter.read("small")} == {one.identity for one in wanted[1:]}


def test_another_address_of_our_pages_changes_every_dashboard(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    apply(adapter, wanted)
    moved = tuple(r for r in desired_dashboards(ESTATE, CATALOG, "https://elsewhere.example") if r.kind == wanted[0].kind)
    assert [c.op for c in plan(adapter, moved).changes] == ["update"] * len(moved)
    apply(adapter, moved, permits=Permits(updates=len(moved)))
    assert plan(adapter, moved).changes == ()


def test_a_component_that_is_gone_takes_its_dashboard_with_it(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    apply(adapter, wanted)
    apply(adapter, wanted[:-1])
    assert {live.resource.name for live in adapter.read("small")} == {r.name for r in wanted[:-1]}


def test_a_panel_that_somebody_moved_is_drift_and_is_put_back_only_on_request(
    kept: tuple[Resources, tuple[Resource, ...]],
) -> None:
    adapter, wanted = kept
    apply(adapter, wanted)
    edited = _edited(wanted[0])
    adapter.write(Change("update", wanted[0], edited))
    found = plan(adapter, wanted)
    assert [(d.kind, d.resource.name) for d in found.drifted] == [("changed", wanted[0].name)]
    assert found.changes == ()
    apply(adapter, wanted, accept_drift=True)
    assert plan(adapter, wanted).drifted == ()


def test_everything_goes_when_the_estate_is_destroyed(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    apply(adapter, wanted)
    outcome = Provisioner([adapter], sleep=lambda _: None).apply(make_destroy("small", PLACES, adapter.read("small")))
    assert len(outcome.done) == len(wanted)
    assert adapter.read("small") == []


def test_a_dashboard_that_is_gone_already_is_deleted(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    adapter.write(Change("delete", wanted[0], None))
    assert list(adapter.read("small")) == []


def test_another_estate_is_not_seen(kept: tuple[Resources, tuple[Resource, ...]]) -> None:
    adapter, wanted = kept
    apply(adapter, wanted)
    assert list(adapter.read("smal")) == []
    assert list(adapter.read("small-eu")) == []


def _edited(resource: Resource) -> Resource:
    """As somebody's hand leaves it: the tags stay those of what was applied."""
    body = dict(resource.spec["body"])
    part = "panels" if resource.kind == "grafana" else "widgets"
    first, *others = body[part]
    moved = {**first, "gridPos": {**first["gridPos"], "h": 9}} if part == "panels" else {**first, "height": 9}
    return replace(resource, spec={"body": {**body, part: [moved, *others]}})
