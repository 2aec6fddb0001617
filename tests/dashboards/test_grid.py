from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.grid import Row, place
from dashboards.panels import COLUMNS, Text

PANELS = st.builds(Text, st.just("text"), width=st.integers(1, COLUMNS), height=st.integers(1, 12))
ROWS = st.lists(st.builds(Row, st.sampled_from(["", "heading"]), st.lists(PANELS, max_size=9).map(tuple)), max_size=4)


@given(ROWS)
def test_nothing_overlaps_and_nothing_sticks_out(rows: list[Row]) -> None:
    cells = [(x, y) for p in place(rows) for x in range(p.x, p.x + p.width) for y in range(p.y, p.y + p.height)]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < COLUMNS for x, _ in cells)


@given(ROWS)
def test_every_panel_stands_somewhere_in_its_order(rows: list[Row]) -> None:
    placed = list(place(rows))
    assert [p.panel for p in placed if isinstance(p.panel, Text)] == [panel for row in rows for panel in row.panels]
    assert [p.y for p in placed] == sorted(p.y for p in placed)


def test_a_row_of_nothing_has_no_heading_either() -> None:
    assert list(place([Row("Signals", ())])) == []
