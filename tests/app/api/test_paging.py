from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.paging import keyset


@settings(deadline=None)
@given(names=st.sets(st.text(max_size=3)), limit=st.integers(1, 4))
def test_pages_hold_every_item_once_and_in_order(names: set[str], limit: int) -> None:
    shown: list[str] = []
    cursor = None
    while True:
        items, cursor = keyset(names, str, limit, cursor)
        shown += items
        assert len(items) <= limit
        if cursor is None:
            break

    assert shown == sorted(names)


def test_a_cursor_that_is_gone_goes_on_after_where_it_was() -> None:
    assert keyset(["a", "c", "d"], str, 1, "b") == (["c"], "c")
