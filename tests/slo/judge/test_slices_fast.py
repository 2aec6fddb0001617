from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slo.errors import SlicesError
from slo.judge import slices_fast, slices_file
from slo.units import parse_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slo.judge.slices_table import Block

HEAD = "indicator,minute,good,total\n"
PLAIN = [f"{name},2026-03-{day:02}T{hour:02}:{minute:02}:00Z,{good},{good + 1}\n" for name in ("a.b", "c.d") for day in (1, 31)
         for hour in (0, 23) for minute in (0, 59) for good in (0, 12345)]  # fmt: skip

ODD = {
    "indicator": ["", " ", " a.b ", "größe", "\ufeffa.b", "n\0l", "nl\0", "a\rb", "x" * 300, '"a.b"', '"q,u"', '"a\nb"', '"'],
    "minute": [
        "2024-02-29T12:30", "2026-02-29T12:30", "2026-13-01T00:00", "2026-00-10T00:00", "2026-04-00T00:00", "2026-04-31T00:00",
        "2026-03-01T24:00", "2026-03-01T00:60", "1898-12-31T23:59", "1900-01-01T00:00", "9900-12-31T23:59", "9901-01-01T00:00",
        "2026-03-01500:00", "20260301T000000", "2026-W10-1T00:00", "2026-3-01T00:000", "2026/03/01T00:00", "2026-03-01 00:00",
        "2026-03-01T0:000", "2026-03-01T00:0:", "2026-03-01T00:0/", "2026-03-01T00:00:00", "now", "", " 2026-03-01T00:00",
    ],
    "count": [
        "007", " 7", "7 ", "", "-1", "+1", "1.0", "1e3", "NaN", "٩", "3:", "3/", ":", "9" * 12, "1000000000000",
        "1000000000001", "9" * 13, "0" * 14, "9" * 20, "1,1", "1\n", "1\r", "1\r\n", '"1\n"',
    ],
    "tail": [
        ":00Z", "Z", ":00+00:00", ":00+01:00", ":00-00:30", ":30Z", ":00", "", ":00.000Z", ":00.5Z", ":00z", ":00+0100",
        ":00Z ", ":00Zx", ":00+00:00:30", ":0٣Z", ":00+24:00",
    ],
    "end": ["\n", "\r\n", "\r", "\r\r\n", "\n\n", " \n", ",\n", '"\n'],
}  # fmt: skip
odd = {name: st.sampled_from(values) for name, values in ODD.items()}


@st.composite
def rows(draw: st.DrawFn) -> list[str]:
    """Up to six rows that agree, but for a cell or two."""
    tail, end = draw(odd["tail"]), draw(st.sampled_from(["\n", "\r\n"]))
    table = [["a.b", f"2026-03-01T00:0{m}", tail, "3", "7", end] for m in range(draw(st.integers(1, 6)))]
    for _ in range(draw(st.integers(0, 2))):
        column, kind = draw(st.sampled_from(list(enumerate(["indicator", "minute", "tail", "count", "count", "end"]))))
        draw(st.sampled_from(table))[column] = draw(odd[kind])
    return [f"{name},{minute}{tail},{good},{total}{end}" for name, minute, tail, good, total, end in table]


bodies = st.one_of(
    st.lists(st.sampled_from(PLAIN), unique=True, max_size=12), rows(), st.tuples(rows(), rows()).map(lambda p: p[0] + p[1])
)
heads = st.sampled_from(
    [HEAD] * 5 + ["\ufeff" + HEAD, "\n" + HEAD, HEAD.replace("\n", "\r\n"), '"indicator",minute,good,total\n', ""]
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Valid, odd and damaged ones: the last line may be cut off, and a byte anywhere may be another one."""
    data = (draw(heads) + "".join(draw(bodies))).encode()
    if data and draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(data) - 1))
        data = (
            data[:place]
            + draw(st.sampled_from([b"", b"\xff", b"\0", b'"', b",", b"\n", b"\r", b"9", b" "]))
            + data[place + 1 :]
        )
    return data.removesuffix(b"\n") if draw(st.booleans()) else data


def never(_chunk: bytes, _line: int, _order: Sequence[int], _code: Callable[[str], int]) -> Block | None:
    return None


def outcome(data: bytes, chunk: int, fast: slices_file.Fast) -> object:
    """Everything that a reader can see of it."""
    try:
        found = slices_file.parse("may.csv", data, chunk=chunk, fast=fast)
    except SlicesError as error:
        return str(error)
    return [(n, s.minutes.tolist(), s.total.tolist(), s.bad.tolist(), s.coarse.tolist()) for n, s in found.items()]


@settings(deadline=None, max_examples=400)
@given(files(), st.integers(1, 400))
@example((HEAD + PLAIN[0] + '"a\n.b",2026-03-01T00:00:00Z,1,1\n' + PLAIN[1] + PLAIN[1]).encode(), 45)
@example((HEAD + PLAIN[0] + PLAIN[0] + "a.b,never,1,1\n").encode(), 40)
@example((HEAD + PLAIN[0] + "a.b,never,1,1\n").encode() + b"\xff\n", 1000)
def test_whole_chunks_and_any_cut_read_as_row_by_row_at_one_go(data: bytes, chunk: int) -> None:
    assert outcome(data, chunk, slices_fast.read) == outcome(data, len(data) + 1, never)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in ODD.items() for value in values])
def test_one_odd_cell_among_plain_ones_is_judged_as_row_by_row(kind: str, value: str) -> None:
    plain = {"indicator": "a.b", "minute": "2026-03-01T00:00", "tail": ":00Z", "good": "3", "total": "7", "end": "\n"}
    for cell in ("good", "total") if kind == "count" else (kind,):
        rows = [plain | {"minute": f"2026-03-01T00:0{m}"} for m in range(1, 6)]
        rows[2] |= {cell: value}
        data = HEAD + "".join("{indicator},{minute}{tail},{good},{total}{end}".format(**row) for row in rows)
        assert outcome(data.encode(), 1000, slices_fast.read) == outcome(data.encode(), 1000, never)


@given(st.permutations(slices_file.COLUMNS), st.lists(st.sampled_from(PLAIN), unique=True, min_size=1))
def test_columns_in_any_order_read_the_same_at_once(order: list[str], lines: list[str]) -> None:
    cells = [dict(zip(slices_file.COLUMNS, line.strip().split(","), strict=True)) for line in lines]
    text = "".join(",".join(row[name] for name in order) + "\n" for row in cells)
    block = slices_fast.read(text.encode(), 2, [order.index(n) for n in slices_file.COLUMNS], ["a.b", "c.d"].index)
    assert block is not None
    assert block.line.tolist() == list(range(2, 2 + len(cells)))
    assert block.code.tolist() == [["a.b", "c.d"].index(row["indicator"]) for row in cells]
    assert block.minute.tolist() == [parse_minute(row["minute"]) for row in cells]
    assert block.total.tolist() == [int(row["total"]) for row in cells]
    assert block.bad.tolist() == [1] * len(cells)


@pytest.mark.parametrize("tail", [":00Z", "Z", ":00+00:00", ":00+05:30", ":00.000Z"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_common_spelling_of_minutes_is_read_at_once(tail: str, end: str) -> None:
    lines = [f"größe,2026-0{month}-28T23:5{month}{tail},{month},10000" for month in range(1, 10)]
    block = slices_fast.read(end.join(lines).encode(), 2, range(4), lambda _: 0)
    assert block is not None
    assert block.minute.tolist() == [parse_minute(line.split(",")[1]) for line in lines]


@pytest.mark.parametrize(
    ("good", "bad"), [("Z,1,1\n", "Z,1,0\n"), ("Z,1,1\n", "Z,1,1,\n"), ("Z,1,1\n", "Z,a,1\n"), ("a.b", '"a.b"'), ("a.b", " ")]
)
def test_one_odd_row_leaves_the_whole_chunk_to_the_exact_reader(good: str, bad: str) -> None:
    line = "a.b,2026-03-01T00:00:00Z,1,1\n"
    later = line.replace("00:00:00", "00:01:00")
    assert slices_fast.read((line + later).encode(), 2, range(4), lambda _: 0) is not None
    assert slices_fast.read((line + later.replace(good, bad)).encode(), 2, range(4), lambda _: 0) is None
