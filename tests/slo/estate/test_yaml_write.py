from __future__ import annotations

from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate import nodes
from slo.estate.tree import Fields, Scalar
from slo.estate.yaml_write import Number, dump

odd = st.text(st.characters(codec="utf-8", exclude_characters="\x00")) | st.sampled_from(
    [
        "NO",
        "y",
        "010",
        "1:30",
        "1e3",
        "0x1f",
        "~",
        "",
        " a ",
        "- x",
        "a: b",
        "#",
        "2026-01-01",
        ".inf",
        "1_000",
        "=",
        "<<",
        "\t",
        "a\n b\n",
    ]
)


@settings(deadline=None)
@given(odd)
def test_text_reads_back_as_the_same_text_by_us_and_by_yaml(text: str) -> None:
    written = dump([{"a": text, "b": [text]}])
    assert yaml.safe_load(written) == {"a": text, "b": [text]}
    contents = nodes.read("x.yaml", written.encode())
    assert contents.log.found == []
    [document] = contents.documents
    assert isinstance(document, Fields)
    node = document.fields["a"][1]
    assert isinstance(node, Scalar)
    assert (node.kind, node.text) == ("str", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("14.40", "14.4"), ("6", "6"), ("0.999", "0.999"), ("1E+2", "100"), ("1E-7", "0.0000001"), ("10", "10"), ("0.0", "0")],
)
def test_numbers_are_written_by_their_digits(value: str, text: str) -> None:
    assert dump([{"k": Number.of(Decimal(value))}]) == f"{{k: {text}}}\n"


def test_lists_and_mappings_of_scalars_stand_on_one_line_and_long_ones_do_not() -> None:
    assert dump([{"a": [{"b": "c", "d": Number.of(1)}], "e": []}]) == "a:\n  - {b: c, d: 1}\ne: []\n"
    assert dump([{"a": ["x" * 70, "y" * 70]}]).count("\n") == 3
