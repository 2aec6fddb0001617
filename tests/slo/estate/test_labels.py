from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.labels import label_of
from slo.estate.places import LABEL


@pytest.mark.parametrize(
    ("text", "label"), [("My_Service.v2", "my-service-v2"), ("a" * 80, "a" * 63), ("--", ""), ("ok", "ok")]
)
def test_the_nearest_label_is_found(text: str, label: str) -> None:
    assert label_of(text) == label


@given(st.text(min_size=1), st.lists(st.text(), max_size=3))
def test_whatever_the_text_it_is_a_label_that_nobody_has(text: str, others: list[str]) -> None:
    taken = {label_of(other) for other in others} | {label_of(text)} - {""}
    found = label_of(text, taken - {""})
    assert found == "" or (LABEL.fullmatch(found) is not None and found not in taken)
