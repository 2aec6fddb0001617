"""A dependency that is down keeps the alarms of what depends on it quiet: as it is declared, in the simulated CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.handover import World, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

SYMPTOMS, DOWN, HIGH = "sloop/small/shop/symptoms", "sloop/small/database/silent", "sloop/small/shop/target-5xx-high"
LONGEST = 7
"""Minutes until five of five missing ones are an alarm: CloudWatch reads two periods more than it judges."""
PAGES = "sloop-small-pages"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Well for eight minutes."""
    with handed_over(monkeypatch, "sloop/small/shop/", DOWN) as found:
        found.minutes(8)
        found.told.clear()
        yield found


def test_while_the_database_is_well_the_errors_of_the_shop_page_once_through_the_composite(world: World) -> None:
    world.minutes(12, bad=50)
    assert world.state(HIGH) == "ALARM"
    assert (world.of(SYMPTOMS), world.of(HIGH)) == ([(PAGES, "ALARM")], [])
    world.minutes(8)
    assert world.of(SYMPTOMS) == [(PAGES, "ALARM"), (PAGES, "OK")]


def test_while_the_database_is_down_only_the_database_pages(world: World) -> None:
    world.minutes(LONGEST, database=False)
    assert world.of(DOWN) == [(PAGES, "ALARM")]
    world.minutes(12, bad=50, database=False)
    assert (world.state(HIGH), world.state(SYMPTOMS)) == ("ALARM", "ALARM")
    assert world.of(SYMPTOMS) == world.of(HIGH) == []
    world.minutes(8, database=False)
    world.minutes(8)
    assert world.of(SYMPTOMS) == []
    assert world.of(DOWN) == [(PAGES, "ALARM"), (PAGES, "OK")]


def test_what_still_fails_when_the_database_is_back_pages_then(world: World) -> None:
    world.minutes(LONGEST, database=False)
    world.minutes(12, bad=50, database=False)
    world.minutes(12, bad=50)
    assert world.of(SYMPTOMS) == [(PAGES, "ALARM")]
