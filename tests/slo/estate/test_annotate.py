from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.annotate import annotate, comment
from slo.estate.write import write
from tests.support.estates import CATALOG, estates, loaded

if TYPE_CHECKING:
    from slo.estate.annotate import Path
    from slo.estate.spec import Estate

TEXT = """\
components:
  - name: api
    depends_on: [database]
    objectives:
      - {indicator: availability, target: 99.9%}
  - name: database
"""


def test_comments_stand_above_what_they_are_about_and_as_far_in() -> None:
    comments = {
        (): ["Top."],
        ("components", 0): ["Of api."],
        ("components", 0, "depends_on"): ["Why."],
        ("components", 0, "objectives", 0): ["One.", "Two."],
        ("components", 1): ["Of database."],
    }
    assert annotate(TEXT, comments) == (
        """\
# Top.
components:
  # Of api.
  - name: api
    # Why.
    depends_on: [database]
    objectives:
      # One.
      # Two.
      - {indicator: availability, target: 99.9%}
  # Of database.
  - name: database
"""
    )


def test_a_comment_never_ends_before_its_line_does() -> None:
    text = annotate(TEXT, {("components", 1): ["A tag that says\n- name: intruder\r\n\x85  kind: rds"]})
    assert yaml.safe_load(text) == yaml.safe_load(TEXT)


def test_a_long_sentence_is_broken_between_words() -> None:
    lines = comment(["word " * 60], 4).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("    # word") and len(line) <= 128 for line in lines)


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="no such place to comment"):
        annotate(TEXT, {("components", 7): ["Of nothing."]})


@settings(deadline=None, max_examples=10)
@given(estate=estates(), sentence=st.text(max_size=300))
def test_of_any_estate_and_any_sentence_the_bytes_of_the_writer_are_left(estate: Estate, sentence: str) -> None:
    text = write(estate, CATALOG.default_policy).text
    places: dict[Path, list[str]] = {("components", n): [sentence] for n, _ in enumerate(estate.components)}
    assert loaded(annotate(text, places)) == estate
