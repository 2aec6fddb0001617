from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.spec import Composite, CompositeMode, Part
from slo.judge.composite import combine, states
from slo.judge.series import Slices

GOOD, BAD, IDLE = (10, 1), (10, 2), (0, 0)
"""(total, bad) of a minute; the target of a part is 90 %, so 1 of 10 is just good."""
CELLS = {"good": GOOD, "bad": BAD, "idle": IDLE}
MINUTE = 1000


def composite(parts: int, need: int | None, weights: tuple[str, ...] = ()) -> Composite:
    mode: CompositeMode = "weighted" if need is None else "k-of-n"
    given_weights = weights or ("1",) * parts
    return Composite(mode, tuple(Part(f"p.{n}", Decimal("0.9"), Decimal(w)) for n, w in enumerate(given_weights)), need)


def one_minute(votes: tuple[str, ...]) -> dict[str, Slices]:
    return {f"p.{n}": Slices.of([(MINUTE, *CELLS[v])]) for n, v in enumerate(votes) if v in CELLS}


def outcome(journey: Composite, votes: tuple[str, ...]) -> str:
    slices = combine(journey, one_minute(votes))
    if not len(slices):
        return "missing"
    total, bad = int(slices.total[0]), int(slices.bad[0])
    return {(0, 0): "idle", (1, 0): "good", (1, 1): "bad"}[total, bad]


def whatever_the_missing_were(need: int, votes: tuple[str, ...]) -> str:
    """Each missing part may have been good or bad: what all of these worlds agree in is known, else it is missing."""
    voting = [v for v in votes if v != "idle"]
    if not voting:
        return "idle"
    worlds = product(*[("good", "bad") if v == "missing" else (v,) for v in voting])
    told = {"good" if world.count("good") >= min(need, len(voting)) else "bad" for world in worlds}
    return told.pop() if len(told) == 1 else "missing"


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_every_vote_of_every_composite_is_what_all_possible_worlds_agree_in(parts: int) -> None:
    for need in range(1, parts + 1):
        for votes in product(("good", "bad", "idle", "missing"), repeat=parts):
            assert outcome(composite(parts, need), votes) == whatever_the_missing_were(need, votes), (need, votes)


def test_a_serial_minute_is_missing_if_a_part_is_missing_and_none_is_bad() -> None:
    serial = composite(3, 3)
    assert outcome(serial, ("good", "missing", "good")) == "missing"
    assert outcome(serial, ("bad", "missing", "good")) == "bad"
    assert outcome(serial, ("good", "good", "good")) == "good"


def test_a_parallel_minute_is_good_as_soon_as_one_part_is() -> None:
    parallel = composite(2, 1)
    assert outcome(parallel, ("good", "missing")) == "good"
    assert outcome(parallel, ("bad", "missing")) == "missing"
    assert outcome(parallel, ("bad", "bad")) == "bad"


def test_an_idle_fallback_does_not_hide_that_the_path_in_use_is_down() -> None:
    assert outcome(composite(2, 1), ("bad", "idle")) == "bad"
    assert outcome(composite(3, 2), ("good", "idle", "idle")) == "good"
    assert outcome(composite(2, 2), ("idle", "idle")) == "idle"


def test_a_part_exactly_at_its_target_is_good() -> None:
    assert outcome(composite(1, 1), ("good",)) == "good"
    assert outcome(composite(1, 1), ("bad",)) == "bad"


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (("good", "good", "good"), (10, 0)),
        (("good", "bad", "good"), (10, 3)),
        (("good", "idle", "bad"), (7, 5)),
        (("idle", "idle", "idle"), (0, 0)),
        (("good", "missing", "bad"), (7, 5)),
        (("good", "missing", "good"), None),
        (("missing", "missing", "missing"), None),
    ],
)
def test_weighted_minutes_count_weights_in_whole_numbers(votes: tuple[str, ...], expected: tuple[int, int] | None) -> None:
    """Weights 0.1, 0.15, 0.25 are as 2, 3, 5."""
    slices = combine(composite(3, None, ("0.1", "0.15", "0.25")), one_minute(votes))
    found = [(int(t), int(b)) for t, b in zip(slices.total, slices.bad, strict=True)]
    assert found == ([] if expected is None else [expected])


rows = st.dictionaries(
    st.integers(0, 12), st.sampled_from([GOOD, BAD, IDLE, (10, 0), (3, 3), (1, 0), (1, 1), (10**12, 10**11)]), max_size=8
)


@settings(max_examples=200)
@given(st.lists(rows, min_size=1, max_size=3), st.integers(1, 3))
def test_a_series_is_combined_minute_by_minute(parts: list[dict[int, tuple[int, int]]], need: int) -> None:
    journey = composite(len(parts), min(need, len(parts)))
    slices = {f"p.{n}": Slices.of([(m, *cell) for m, cell in part.items()]) for n, part in enumerate(parts)}
    combined = combine(journey, slices)
    told = {int(m): (int(t), int(b)) for m, t, b in zip(combined.minutes, combined.total, combined.bad, strict=True)}
    for minute in range(13):
        votes = tuple(vote(part.get(minute)) for part in parts)
        expected = whatever_the_missing_were(min(need, len(parts)), votes) if {*votes} != {"missing"} else "missing"
        assert told.get(minute) == {"good": (1, 0), "bad": (1, 1), "idle": (0, 0), "missing": None}[expected]
        assert [state for _, state in states(journey, slices, minute)] == list(votes)


def vote(cell: tuple[int, int] | None) -> str:
    if cell is None:
        return "missing"
    total, bad = cell
    if total == 0:
        return "idle"
    return "good" if Fraction(total - bad, total) >= Fraction(9, 10) else "bad"


def test_a_composite_whose_parts_have_no_slices_is_missing_throughout() -> None:
    assert len(combine(composite(2, 1), {})) == 0
    assert [state for _, state in states(composite(2, 1), {}, MINUTE)] == ["missing", "missing"]
