"""A maintenance window that is edited while it burns: the estate as it is now decides, at the next minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.memory.source import MemorySource
from slo.estate.spec import Exclusion
from tests.support.rig import DAY, START, Rig, traffic, watch

if TYPE_CHECKING:
    from app.ports import Store

EDITED = START + 20
"""The minute at which the service starts with the edited file; the outage began ten minutes before."""


def mute(end: int) -> tuple[Exclusion, ...]:
    return (Exclusion(START, end, "mute", "deploy", "ann", component="api"),)


@pytest.mark.parametrize(
    ("edited", "told"),
    [
        ((), EDITED),
        (mute(EDITED - 3), EDITED),
        (mute(EDITED + 7), EDITED + 7),
        (mute(START + 100), START + 100),
    ],
    ids=["withdrawn", "ended before", "shortened", "prolonged"],
)
def test_f54_a_mute_that_is_edited_while_it_fires_pages_within_one_tick_of_its_new_end(
    store: Store, edited: tuple[Exclusion, ...], told: int
) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 10))
    traffic(source, range(START + 10, START + 120), bad=100)
    rig = Rig(store, watch(source, exclusions=mute(START + 60))).start(START)
    rig.polls(START + 1, EDITED - 1)
    assert rig.messages() == []
    again = Rig(store, watch(source, exclusions=edited)).restart(EDITED)
    again.polls(EDITED + 1, START + 110)
    assert [(b.severity, b.notified_at) for b in again.breaches() if b.severity == "page"] == [("page", told)]
    assert [m for m in again.messages() if ".page." in m and m.endswith("/notified")] == [
        f"api.availability.page.{again.breaches()[-1].fired_at}/notified"
    ]
