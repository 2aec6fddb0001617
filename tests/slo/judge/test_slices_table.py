from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import SlicesError
from slo.judge.slices_table import Block, Table

rows = st.lists(st.tuples(st.integers(0, 5), st.integers(-50, 50), st.integers(0, 9)), max_size=60)


def table_of(given_rows: list[tuple[int, int, int]], block: int = 7) -> Table:
    table = Table("may.csv")
    full = [(line, table.code(f"i{i}"), m, t + 1, t) for line, (i, m, t) in enumerate(given_rows, start=2)]
    for n in range(0, len(full), block):
        table.add(Block.of(full[n : n + block]))
    return table


@given(rows)
def test_rows_come_out_by_indicator_and_minute_or_the_first_repeated_one_is_named(found: list[tuple[int, int, int]]) -> None:
    keys = [(i, m) for i, m, _ in found]
    repeated = [line for line, key in enumerate(keys, start=2) if key in keys[: line - 2]]
    if repeated:
        with pytest.raises(
            SlicesError, match=rf"^may\.csv:{repeated[0]}: minute .* of i{keys[repeated[0] - 2][0]} is given twice"
        ):
            table_of(found).slices()
        return
    slices = table_of(found).slices()
    assert list(slices) == list(dict.fromkeys(f"i{i}" for i, _ in keys))
    for name, series in slices.items():
        mine = sorted((m, t + 1, t) for i, m, t in found if f"i{i}" == name)
        assert list(zip(series.minutes.tolist(), series.total.tolist(), series.bad.tolist(), strict=True)) == mine


def test_an_indicator_whose_rows_were_given_up_is_not_there() -> None:
    table = table_of([(1, 5, 3)])
    table.code("read but refused")
    assert list(table.slices()) == ["i1"]


def test_a_name_of_two_lines_is_told_in_one() -> None:
    table = Table("may.csv")
    table.add(Block.of([(line, table.code("two\nlines"), 5, 1, 0) for line in (2, 4)]))
    with pytest.raises(SlicesError, match=r"^may\.csv:4: minute 1970-01-01T00:05:00Z of two lines is given twice$"):
        table.slices()
