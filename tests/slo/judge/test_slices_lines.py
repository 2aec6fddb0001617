from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import SlicesError
from slo.judge.slices_lines import Lines, whole_lines


@given(st.lists(st.sampled_from([b"", b"a", b"\n", b"b\nc", b"\r\n", b"\n\n"]), max_size=12))
def test_pieces_are_joined_again_and_cut_only_at_line_feeds(pieces: list[bytes]) -> None:
    chunks = list(whole_lines(pieces))
    assert b"".join(chunks) == b"".join(pieces)
    assert all(c.endswith(b"\n") for c in chunks[:-1])
    assert all(chunks)
    assert not chunks or chunks[0].count(b"\n") <= 1


def test_a_byte_order_mark_is_left_out_even_when_it_comes_in_two_pieces() -> None:
    assert list(whole_lines([b"\xef", b"\xbb\xbfa\nb", b"\xef\xbb\xbf\n"])) == [b"a\n", b"b\xef\xbb\xbf\n"]


def test_a_row_that_goes_on_takes_lines_of_the_next_chunk() -> None:
    lines = Lines("may.csv", iter([b"c\n", b"d\n"]), newline="")
    lines.put(b"a\rb\n")
    assert [next(lines), next(lines)] == ["a\r", "b\n"]
    assert not lines.pending
    assert next(lines) == "c\n"
    assert list(lines) == ["d\n"]


def test_lines_before_bytes_that_are_no_text_are_given_and_then_the_line_is_named() -> None:
    lines = Lines("may.csv", iter([]), newline="")
    lines.skip(b"x\ny\n")
    lines.put(b"a\nb\xff\n")
    assert next(lines) == "a\n"
    assert lines.pending
    with pytest.raises(SlicesError, match=r"may\.csv:4: not UTF-8"):
        next(lines)
