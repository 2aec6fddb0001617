from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from alerts.suppression import Placed, upstream, with_suppression
from slo.catalog.signal import DefaultAlarm
from slo.estate.indicator import MetricQuery
from slo.estate.spec import Account, Component, Estate
from slo.resource import Place, Resource

HERE = Place("main", "us-east-1", "111122223333")
THERE = replace(HERE, region="us-west-2")
PAGES = ["arn:aws:sns:us-east-1:111122223333:sloop-prod-pages"]
WEB, API, DB, DOCS = (
    Component("web", "alb", depends_on=("api",)),
    Component("api", "ecs", depends_on=("db", "docs", "gone")),
    Component("db", "rds"),
    Component("docs", "docdb", depends_on=("db",)),
)


def estate(*components: Component) -> Estate:
    return Estate("prod", (Account("main", "111122223333", "us-east-1"),), components)


def alarm(name: str, *, page: bool = True, down: bool = False, place: Place = HERE) -> Placed:
    query = MetricQuery("main", place.region, "Test", "M", (), "Sum")
    severity, missing = "page" if page else "ticket", "notBreaching"
    made = DefaultAlarm(name, {"m1": query}, None, ">", Decimal(1), 60, 1, 1, missing, severity, "r", "s", down)  # type: ignore[arg-type]
    return Placed(made, place)


def made(alarms: dict[str, list[Placed]], *components: Component) -> dict[str, Resource]:
    found = list(with_suppression(estate(*(components or (WEB, API, DB, DOCS))), alarms))
    assert len({r.identity for r in found}) == len(found)
    return {r.name: r for r in found}


def test_a_composite_over_its_page_alarms_takes_over_their_actions_and_waits_for_what_it_depends_on() -> None:
    found = made({"api": [alarm("slow"), alarm("errors"), alarm("full", page=False)], "db": [alarm("silent", down=True)]})
    symptoms = found["sloop/prod/api/symptoms"]
    assert symptoms.spec["AlarmRule"] == 'ALARM("sloop/prod/api/errors") OR ALARM("sloop/prod/api/slow")'
    assert symptoms.spec["AlarmActions"] == symptoms.spec["OKActions"] == PAGES
    assert symptoms.spec["ActionsSuppressor"] == "sloop/prod/db/silent"
    assert (symptoms.spec["ActionsSuppressorWaitPeriod"], symptoms.spec["ActionsSuppressorExtensionPeriod"]) == (60, 60)
    assert [found[f"sloop/prod/api/{name}"].spec["AlarmActions"] for name in ("slow", "errors")] == [[], []]
    assert found["sloop/prod/api/full"].spec["AlarmActions"] != []
    assert found["sloop/prod/db/silent"].spec["AlarmActions"] == PAGES
    assert "Told by sloop/prod/api/symptoms." in found["sloop/prod/api/slow"].spec["AlarmDescription"]


def test_alarms_that_tell_that_it_is_down_itself_keep_their_own_actions() -> None:
    found = made({"api": [alarm("none-healthy", down=True), alarm("slow")], "db": [alarm("silent", down=True)]})
    assert found["sloop/prod/api/none-healthy"].spec["AlarmActions"] == PAGES
    assert "none-healthy" not in found["sloop/prod/api/symptoms"].spec["AlarmRule"]


def test_several_causes_near_and_far_become_one_suppressor_without_actions() -> None:
    found = made({"web": [alarm("slow")], "api": [alarm("none", down=True)], "db": [alarm("silent", down=True)]})
    above = found["sloop/prod/web/upstream"]
    assert above.spec["AlarmRule"] == 'ALARM("sloop/prod/api/none") OR ALARM("sloop/prod/db/silent")'
    assert above.spec["AlarmActions"] == []
    assert found["sloop/prod/web/symptoms"].spec["ActionsSuppressor"] == above.name


def test_where_nothing_that_it_depends_on_can_be_down_every_alarm_tells_for_itself() -> None:
    found = made({"api": [alarm("slow")], "db": [alarm("full")]})
    assert {name: r.kind for name, r in found.items()} == {"sloop/prod/api/slow": "alarm", "sloop/prod/db/full": "alarm"}
    assert found["sloop/prod/api/slow"].spec["AlarmActions"] == PAGES


def test_a_suppressor_of_another_region_is_none() -> None:
    found = made({"api": [alarm("slow")], "db": [alarm("silent", down=True, place=THERE)]})
    assert "sloop/prod/api/symptoms" not in found


def test_more_children_than_a_composite_takes_are_left_as_they_are() -> None:
    many = [alarm(f"a{n}") for n in range(101)]
    found = made({"api": many, "db": [alarm("silent", down=True)]})
    assert "sloop/prod/api/symptoms" not in found
    assert found["sloop/prod/api/a0"].spec["AlarmActions"] == PAGES


def test_everything_that_it_depends_on_is_found_once_whatever_way_leads_there() -> None:
    assert upstream(estate(WEB, API, DB, DOCS), "web") == ("api", "db", "docs")
    assert upstream(estate(WEB, API, DB, DOCS), "db") == ()
    circle = (replace(DB, depends_on=("docs",)), DOCS)
    assert upstream(estate(*circle), "db") == ("docs",)
