from __future__ import annotations

import pytest

from alerts.topics import Pager, mark, subscription, topics
from slo.errors import ProvisionError
from slo.resource import APPLIED, PAGER, Place, Resource

HERE = Place("main", "us-east-1", "111122223333")
URL = "https://events.pagerduty.com/integration/secret/enqueue"
PAGERDUTY = Pager.of(URL)


def test_pages_and_tickets_have_topics_of_their_own_and_only_pages_reach_the_pager() -> None:
    made = topics("prod", HERE, ("page", "ticket"), PAGERDUTY)
    assert [(r.kind, r.name.split("/")[0]) for r in made] == [
        ("topic", "sloop-prod-pages"),
        ("topic", "sloop-prod-tickets"),
        ("subscription", "sloop-prod-pages"),
    ]


def test_the_address_of_the_pager_stands_nowhere() -> None:
    assert "secret" not in repr(topics("prod", HERE, ("page",), PAGERDUTY))


def test_without_an_address_the_subscription_is_nobodys_business() -> None:
    (topic,) = topics("prod", HERE, ("page",), None)
    assert PAGER not in topic.tags


def test_a_found_subscription_is_ours_where_its_topic_says_so() -> None:
    topic, declared = topics("prod", HERE, ("page",), PAGERDUTY)
    assert subscription(topic, "https", URL) == declared
    assert subscription(topic, "email", "a@b.example").tags == {}
    assert subscription(topic, "email", "a@b.example").spec["Host"] == "email"


@pytest.mark.parametrize("url", ["pagerduty", "ftp://secret/y", "https:///secret", "https://[::1", "mailto:secret@x"])
def test_an_address_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ProvisionError, match="SLOOP_PAGER_ENDPOINT") as caught:
        Pager.of(url)
    assert url not in str(caught.value)
    assert Pager.of("") is None


def test_the_mark_changes_with_anything_declared_in_its_place_and_with_nothing_elsewhere() -> None:
    (topic,) = topics("prod", HERE, ("page",), None)
    here = Resource("alarm", "main", "us-east-1", "a", {"Threshold": 1})
    there = Resource("alarm", "main", "eu-west-1", "a", {"Threshold": 1})
    everywhere = Resource("grafana", "", "", "a", {})
    marks = [mark((topic, *more))[0].tags[APPLIED] for more in ((), (here,), (there,), (everywhere,))]
    assert marks[0] == marks[2]
    assert len(set(marks)) == 3
