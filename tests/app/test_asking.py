from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.asking import CountedSource, note_throttled
from app.memory.source import MemorySource
from app.ports import Span
from slo.errors import Throttled
from tests.support.rig import START, query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import Query
    from slo.judge.answer import Answer

SPAN = Span(START, START + 5)
ASKED = (query("api", "Requests"), query("api", "Errors"))


class Stubborn(MemorySource):
    """Tries each fetch three times before it answers."""

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        note_throttled()
        note_throttled()
        return MemorySource.fetch(self, queries, span)


def test_series_are_counted_whether_they_are_answered_or_not_until_they_are_taken() -> None:
    source = CountedSource(MemorySource(failures=[Throttled("Rate exceeded")]))
    with pytest.raises(Throttled):
        source.fetch(ASKED, SPAN)
    source.fetch(ASKED[:1], SPAN)

    assert source.taken() == (3, 0)
    assert source.taken() == (0, 0)


def test_what_was_tried_again_is_told_to_the_one_who_asks_and_to_nobody_after_him() -> None:
    one, other = CountedSource(Stubborn()), CountedSource(Stubborn())
    one.fetch(ASKED, SPAN)
    other.fetch(ASKED, SPAN)
    one.fetch(ASKED, SPAN)
    note_throttled()

    assert (one.taken().throttled, other.taken().throttled) == (4, 2)
