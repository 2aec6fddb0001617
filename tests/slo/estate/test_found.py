from __future__ import annotations

from slo.estate.found import Calls, Found, calls_between, components_of, with_queue
from slo.estate.places import LABEL

QUEUE = Found("sqs", "jobs", "sqs:ListQueues", {"queue": "jobs"}, aliases=("https://sqs.example/1/jobs",))
DATABASE = Found("rds", "prod", "rds:DescribeDBInstances", {"instance": "prod"}, "Main DB", ("prod.c0.rds.example",))


def service(name: str, *says: str, **resource: str) -> Found:
    return Found("ecs", name, "ecs:DescribeServices", {"cluster": "c", "service": name, **resource}, says=says)


def test_names_are_labels_and_given_once_and_a_tag_goes_before_an_id() -> None:
    found = [
        Found("sqs", "Main_DB", "a", {}),
        DATABASE,
        Found("s3", "main-db", "a", {}),
        Found("sns", "---", "a", {}),
        Found("nat", "nat-1", "a", {}, "NAT (eu-central-1a)"),
    ]
    named = components_of(found)
    assert named["main-db"] is DATABASE
    assert {one.id: name for name, one in named.items()} == {
        "Main_DB": "main-db-2",
        "prod": "main-db",
        "main-db": "main-db-3",
        "---": "sns",
        "nat-1": "nat-eu-central-1a",
    }
    assert all(LABEL.fullmatch(name) for name in named)
    assert [one.id for one in named.values()] == [one.id for one in found]


def test_two_without_a_letter_have_two_names() -> None:
    named = components_of([Found("sns", "-", "a", {}), Found("sns", "--", "a", {})])
    assert len(named) == 2


def test_who_is_configured_with_an_address_depends_on_it() -> None:
    named = components_of([service("api", "postgres://u@PROD.c0.rds.example:5432/x"), DATABASE])
    assert [(c.caller, c.callee) for c in calls_between(named, ()).kept] == [("api", "main-db")]


def test_an_address_is_no_part_of_a_longer_one_and_an_id_alone_is_no_address() -> None:
    dead = "https://sqs.example/1/jobs-dlq"
    named = components_of([service("api", dead, "prod", "eu.prod.c0.rds.example", "prod.c0.rds.example.com"), QUEUE, DATABASE])
    assert calls_between(named, ()).kept == []


def test_a_service_behind_no_balancer_that_names_one_queue_works_it() -> None:
    url = QUEUE.aliases[0]
    behind = service("api", url, target_group="targetgroup/api/1", load_balancer="app/x/1")
    named = with_queue(components_of([service("worker", url), behind, QUEUE]))
    assert named["worker"].resource["queue"] == "jobs"
    assert "taken for the queue" in named["worker"].notes[0]
    assert "queue" not in named["api"].resource


def test_the_service_map_speaks_of_components_by_name_id_or_host() -> None:
    named = components_of([service("api"), DATABASE, QUEUE])
    edges = [("api", "app@prod.c0.rds.example"), ("API", QUEUE.aliases[0]), ("api", "Main DB")]
    calls = calls_between(named, edges)
    assert {(c.caller, c.callee) for c in calls.kept} == {("api", "main-db"), ("api", "jobs")}
    assert calls.left == []


def test_who_is_unknown_or_goes_by_a_name_of_two_is_listed() -> None:
    named = components_of([service("api"), Found("rds", "shop", "a", {}, "one"), Found("docdb", "shop", "a", {}, "two")])
    assert calls_between(named, [("client", "api"), ("api", "shop")]).left == [
        "X-Ray saw api call shop: no single component goes by 'shop'",
        "X-Ray saw client call api: no single component goes by 'client'",
    ]


def test_what_would_close_a_circle_is_left_out_and_said() -> None:
    calls = Calls()
    for caller, callee in (("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")):
        calls.add(caller, callee, f"seen {caller}{callee}")
    assert [(c.caller, c.callee) for c in calls.kept] == [("a", "b"), ("b", "c")]
    assert calls.left == ["seen ca; c -> a would close a circle and is left out"]


def test_a_dependency_that_is_seen_twice_has_both_reasons() -> None:
    calls = Calls()
    calls.add("a", "b", "first")
    calls.add("a", "b", "second")
    assert [c.reason for c in calls.kept] == ["first; second"]


def test_a_service_with_a_target_group_is_no_worker_even_where_its_balancer_is_not_told() -> None:
    named = with_queue(components_of([service("api", QUEUE.aliases[0], target_group="targetgroup/api/1"), QUEUE]))
    assert "queue" not in named["api"].resource
