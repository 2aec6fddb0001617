from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.estimate import estimate
from app.files import read_prices
from app.settings import Settings
from app.web.source_costs import TOP, cost_page
from tests.app import picture, reference
from tests.support.markup import checked

if TYPE_CHECKING:
    from app.costs import Reading


def read() -> Reading:
    return estimate(reference.estate(), reference.catalog(), Settings(), read_prices()).reading


def page(reading: Reading | None) -> str:
    answer = picture.site(*reference.shared(), reading=reading).get("/sources")
    assert answer.status_code == 200
    return answer.text


def test_sources_names_the_dated_price_list_and_every_source_with_its_dollars() -> None:
    text = page(read())
    assert checked(text).wrong == []
    assert "AWS list prices of 2025-10-28 for us-east-1" in text
    for line in cost_page(read()).sources:
        assert line.name in text
        assert (line.why or line.dollars).partition("'")[0] in text


def test_the_components_that_take_most_come_first_and_the_others_are_counted() -> None:
    reading = read()
    found = cost_page(reading)
    assert [line.name for line in found.components] == [share.component for share in reading.by_component()[:TOP]]
    assert found.more == len(reading.by_component()) - TOP > 0


def test_the_wait_of_each_lane_is_shown() -> None:
    lanes = {(line.source, line.lane): (line.mean, line.worst) for line in cost_page(read()).lanes}
    assert lanes["cloudwatch/main/us-east-1", "slow"] == ("5.5", "8.0")


def test_an_unpriced_source_says_why_instead_of_nothing() -> None:
    lines = {line.name: line for line in cost_page(read()).sources}
    assert "X-Ray bills" in lines["xray/main/us-east-1"].why
    assert lines["cloudwatch/main/us-east-1"].why == ""


def test_without_an_estimate_the_page_shows_no_dollars() -> None:
    assert "Dollars" not in page(None)
    few = replace(read(), shares=read().shares[:1])
    assert "more; " not in page(few)
