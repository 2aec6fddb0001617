from __future__ import annotations

import pytest

from alerts.topics import Pager, mark, subscription, subscription_attributes, topic_arn, topics
from slo.errors import ProvisionError
from slo.resource import APPLIED, PAGER, SPEC_SHA, Place, Resource

HERE = Place("main", "us-east-1", "111122223333")
URL = "https://events.pagerduty.com/integration/secret/enqueue"
PAGERDUTY = Pager.of(URL)


def of_kind(kind: str, made: tuple[Resource, ...]) -> list[Resource]:
    return [r for r in made if r.kind == kind]


def test_pages_and_tickets_have_topics_of_their_own_and_only_pages_reach_the_pager() -> None:
    made = topics("prod", HERE, ("page", "ticket"), PAGERDUTY)
    assert [(r.kind, r.name.split("/")[0]) for r in made] == [
        ("queue", "sloop-prod-dead-letters"),
        ("topic", "sloop-prod-pages"),
        ("topic", "sloop-prod-tickets"),
        ("subscription", "sloop-prod-pages"),
    ]


def test_the_second_path_has_a_topic_and_an_address_of_its_own() -> None:
    other = Pager.of("https://second.example/hook")
    made = topics("prod", HERE, ("page", "second"), PAGERDUTY, other)
    assert [(r.spec["Topic"], r.spec["Host"]) for r in of_kind("subscription", made)] == [
        ("sloop-prod-pages", "events.pagerduty.com"),
        ("sloop-prod-second", "second.example"),
    ]
    assert topic_arn("prod", "second", HERE) == "arn:aws:sns:us-east-1:111122223333:sloop-prod-second"


def test_what_cannot_be_delivered_goes_to_the_queue_which_takes_it_from_these_topics_alone() -> None:
    made = topics("prod", HERE, ("page", "ticket"), PAGERDUTY)
    (queue,), (subscribed,) = of_kind("queue", made), of_kind("subscription", made)
    assert subscribed.spec["RedrivePolicy"] == {
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:111122223333:sloop-prod-dead-letters"
    }
    (statement,) = queue.spec["Policy"]["Statement"]
    arns = [topic_arn("prod", "page", HERE), topic_arn("prod", "ticket", HERE)]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arns}}
    assert queue.spec["MessageRetentionPeriod"] == 14 * 86_400


def test_a_place_without_topics_has_no_queue() -> None:
    assert topics("prod", HERE, (), PAGERDUTY) == ()


def test_the_address_of_the_pager_stands_nowhere() -> None:
    assert "secret" not in repr(topics("prod", HERE, ("page",), PAGERDUTY))


def test_without_an_address_the_subscription_is_nobodys_business() -> None:
    _, topic = topics("prod", HERE, ("page",), None)
    assert PAGER not in topic.tags


def test_a_found_subscription_is_ours_where_its_topic_says_so() -> None:
    _, topic, declared = topics("prod", HERE, ("page",), PAGERDUTY)
    assert subscription(topic, "https", URL, subscription_attributes("prod", HERE)) == declared
    assert subscription(topic, "https", URL, {}).tags[SPEC_SHA] == declared.spec_sha
    assert subscription(topic, "email", "a@b.example", {}).tags == {}
    assert subscription(topic, "email", "a@b.example", {}).spec["Host"] == "email"


@pytest.mark.parametrize("url", ["pagerduty", "ftp://secret/y", "https:///secret", "https://[::1", "mailto:secret@x"])
def test_an_address_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ProvisionError, match="SLOOP_PAGER_ENDPOINT") as caught:
        Pager.of(url)
    assert url not in str(caught.value)
    assert Pager.of("") is None


def test_the_mark_changes_with_anything_declared_in_its_place_and_with_nothing_elsewhere() -> None:
    _, topic = topics("prod", HERE, ("page",), None)
    here = Resource("alarm", "main", "us-east-1", "a", {"Threshold": 1})
    there = Resource("alarm", "main", "eu-west-1", "a", {"Threshold": 1})
    everywhere = Resource("grafana", "", "", "a", {})
    marks = [mark((topic, *more))[0].tags[APPLIED] for more in ((), (here,), (there,), (everywhere,))]
    assert marks[0] == marks[2]
    assert len(set(marks)) == 3
