from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.files import read_pieces
from slo.errors import SlicesError, UnreadableFile
from slo.judge import slices_file

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"indicator,minute,good,total\na.b,2026-03-01T00:00:00Z,1,2\na.b,2026-03-01T00:01:00Z,3,4\n"


def test_a_file_comes_in_pieces_of_the_size_asked_for(tmp_path: Path) -> None:
    (tmp_path / "may.csv").write_bytes(TEXT)
    pieces = list(read_pieces(tmp_path / "may.csv", 40))
    assert [len(p) for p in pieces[:-1]] == [40] * (len(pieces) - 1)
    assert b"".join(pieces) == TEXT


def test_slices_read_from_pieces_as_from_the_whole_file(tmp_path: Path) -> None:
    (tmp_path / "may.csv").write_bytes(TEXT)
    found = slices_file.parse("may.csv", read_pieces(tmp_path / "may.csv", 7))["a.b"]
    assert (found.total.tolist(), found.bad.tolist()) == ([2, 4], [1, 1])


def test_a_file_that_cannot_be_read_says_why_and_an_empty_one_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.csv: No such file or directory"):
        slices_file.parse("gone.csv", read_pieces(tmp_path / "gone.csv", 7))
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(SlicesError, match=r"empty\.csv:1: empty"):
        slices_file.parse("empty.csv", read_pieces(tmp_path / "empty.csv", 7))
