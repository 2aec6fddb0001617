from __future__ import annotations

from app.files import read_catalog
from slo.estate.discovered import draft, settle
from slo.estate.found import Found
from slo.estate.load import load
from slo.estate.spec import Account, Estate
from slo.estate.suggest import MINUTES
from slo.judge.windows import Counts

CATALOG = read_catalog()
MAIN = Account("main", "111122223333", "eu-central-1")
SPAN = (29_000_000, 29_000_000 + MINUTES)


def text_of(found: list[Found], measured: dict[str, Counts | str], gaps: tuple[str, ...] = ()) -> str:
    drafted = draft(found, (), CATALOG, MAIN)
    return settle(drafted, "prod", measured, CATALOG, gaps, SPAN).text(CATALOG)


def estate_of(text: str) -> Estate:
    loaded = load((("estate.yaml", text.encode()),), CATALOG)
    assert loaded.problems == ()
    assert loaded.estate is not None
    return loaded.estate


def test_an_account_with_nothing_in_it_is_an_estate_with_nothing_in_it() -> None:
    text = text_of([], {}, ("sqs:ListQueues was denied",))
    assert text.splitlines()[0].startswith("# Discovered in account 111122223333, region eu-central-1.")
    assert text.endswith("components: []\n# Not read: sqs:ListQueues was denied\n")
    assert estate_of(text).components == ()


def test_what_cannot_be_measured_says_so_instead_of_an_objective() -> None:
    bucket = Found("s3", "media", "s3:ListAllMyBuckets", {"bucket": "media"}, notes=("Request metrics are not configured.",))
    estate = estate_of(text_of([bucket], {}))
    (component,) = estate.components
    assert component.objectives == ()
    assert component.no_objective is not None
    assert component.no_objective.startswith("availability cannot be measured: resource lacks filter")


def test_an_indicator_that_was_not_measured_and_has_no_usual_target_is_left_out_with_the_reason() -> None:
    service = Found("ecs", "worker", "ecs:DescribeServices", {"cluster": "c", "service": "worker", "min_tasks": "2"})
    text = text_of([service], {"worker.capacity": Counts(0, 0, 0)})
    assert "  # capacity is left out: Nothing measured: 14 days: 0 of 20,160 minutes measured" in text
    assert estate_of(text).objectives == ()


def test_a_tag_with_anything_in_it_breaks_nothing() -> None:
    odd = Found("sns", "t\n- x: y", "sns:ListTopics", {"topic": "topic: {a}, # b"}, 'Evil "tag"\n# : {}', notes=("a\x00\nb",))
    text = text_of([odd], {"evil-tag.availability": Counts(100_000, 1, 10)})
    (component,) = estate_of(text).components
    assert (component.name, component.resource["topic"]) == ("evil-tag", "topic: {a}, # b")
