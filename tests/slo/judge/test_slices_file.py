from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.errors import SlicesError
from slo.judge import slices_file
from slo.judge.series import Slices

HEAD = "indicator,minute,good,total\n"
ROW = "api.availability,2026-03-01T00:00:00Z,9,10\n"

refused = {
    "an empty file": ("", 1, "empty"),
    "a missing column": ("indicator,minute,good\n", 1, "'total' is missing"),
    "an unknown column": ("indicator,minute,good,total,note\n", 1, "'note' is unknown"),
    "a doubled column": ("indicator,minute,good,total,good\n", 1, "'good' is unknown or doubled"),
    "an extra cell": (HEAD + ROW + ROW.replace("00:00:00", "00:01:00").replace("10\n", "10,1\n"), 3, "5 cells"),
    "a short row": (HEAD + "api.availability,2026-03-01T00:00:00Z,9\n", 2, "3 cells"),
    "a minute given twice": (HEAD + ROW + ROW, 3, "given twice"),
    "a minute given twice in two zones": (HEAD + ROW + ROW.replace("00:00:00Z", "01:00:00+01:00"), 3, "given twice"),
    "seconds": (HEAD + ROW.replace("00:00Z", "00:30Z"), 2, "not a whole minute"),
    "no zone": (HEAD + ROW.replace("Z", ""), 2, "no zone"),
    "no time": (HEAD + ROW.replace("2026-03-01T00:00:00Z", "yesterday"), 2, "not an ISO 8601 time"),
    "more good than total": (HEAD + ROW.replace(",9,", ",11,"), 2, "good 11 is more than total 10"),
    "a negative": (HEAD + ROW.replace(",9,", ",-9,"), 2, "not a whole number"),
    "a fraction": (HEAD + ROW.replace(",9,", ",9.0,"), 2, "not a whole number"),
    "an exponent": (HEAD + ROW.replace(",9,", ",1e1,"), 2, "not a whole number"),
    "NaN": (HEAD + ROW.replace(",10", ",NaN"), 2, "not a whole number"),
    "other digits": (HEAD + ROW.replace(",9,", ",٩,"), 2, "not a whole number"),
    "too large": (HEAD + ROW.replace(",10", ",1000000000001"), 2, "above 10^12"),
    "huge": (HEAD + ROW.replace(",10", "," + "9" * 5000), 2, "above 10^12"),
    "no indicator": (HEAD + ROW.replace("api.availability", ""), 2, "indicator is empty"),
    "an open quote": (HEAD + '"api,2026-03-01T00:00:00Z,9,10\n', 2, "not CSV"),
}
refused_ndjson = {
    "no JSON": ("{", 1, "not JSON"),
    "no object": ("[1]", 1, "not an object"),
    "a missing name": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":1}', 1, "'total' is missing"),
    "an extra name": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":1,"total":1,"x":1}', 1, "unknown field 'x'"),
    "a doubled name": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":1,"total":1,"good":1}', 1, "doubled"),
    "a fraction": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":1.0,"total":1}', 1, "not a whole number"),
    "NaN": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":1,"total":NaN}', 1, "not a whole number"),
    "text": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":"1","total":1}', 1, "good '1' is text"),
    "true": ('{"indicator":"a","minute":"2026-03-01T00:00:00Z","good":true,"total":1}', 1, "not a whole number"),
    "a number for a name": ('{"indicator":1,"minute":"2026-03-01T00:00:00Z","good":1,"total":1}', 1, "'indicator' is not text"),
    "deep nesting": ("[" * 100_000, 1, "not JSON"),
}


@pytest.mark.parametrize(("text", "line", "words"), refused.values(), ids=refused)
def test_a_bad_csv_is_refused_with_file_line_and_reason(text: str, line: int, words: str) -> None:
    with pytest.raises(SlicesError) as caught:
        slices_file.parse("may.csv", text.encode())
    assert str(caught.value).startswith(f"may.csv:{line}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "line", "words"), refused_ndjson.values(), ids=refused_ndjson)
def test_a_bad_ndjson_is_refused_with_file_line_and_reason(text: str, line: int, words: str) -> None:
    with pytest.raises(SlicesError) as caught:
        slices_file.parse("may.ndjson", text.encode())
    assert str(caught.value).startswith(f"may.ndjson:{line}: ")
    assert words in str(caught.value)


def test_a_byte_order_mark_crlf_blank_lines_and_any_order_of_columns_and_rows_are_fine() -> None:
    text = "\ufeffminute,total,good,indicator\r\n2026-03-01T00:01:00Z,5,5,a\r\n\r\n2026-03-01T01:00:00+01:00,10,9,a\r\n"
    found = slices_file.parse("may.csv", text.encode())["a"]
    assert (found.minutes[1] - found.minutes[0], found.total.tolist(), found.bad.tolist()) == (1, [10, 5], [1, 0])


def test_what_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(SlicesError, match=r"may\.csv:2: not UTF-8"):
        slices_file.parse("may.csv", HEAD.encode() + b"\xff\xfe\n")


def test_the_first_bad_row_is_told_even_when_later_bytes_are_no_text() -> None:
    with pytest.raises(SlicesError, match=r"may\.csv:3: good 11 is more than total 10"):
        slices_file.parse("may.csv", (HEAD + ROW + ROW.replace(",9,", ",11,")).encode() + b"\xff\n")


rows = st.lists(
    st.tuples(st.integers(28_000_000, 28_100_000), st.integers(0, 10**12), st.integers(0, 10**12)).map(
        lambda r: (r[0], max(r[1:]), min(r[1:]))
    ),
    unique_by=lambda r: r[0],
    max_size=30,
)


@given(st.dictionaries(st.sampled_from(["a.b", "c.d", 'odd "name", x']), rows, max_size=3), st.booleans())
def test_what_is_written_reads_back_the_same(found: dict[str, list[tuple[int, int, int]]], ndjson: bool) -> None:
    slices = {name: Slices.of(r) for name, r in found.items() if r and (ndjson or "," not in name)}
    text = "".join(slices_file.render(slices, ndjson=ndjson))
    back = slices_file.parse("x.ndjson" if ndjson else "x.csv", text.encode())
    assert {n: s.minutes.tolist() for n, s in back.items()} == {n: s.minutes.tolist() for n, s in slices.items()}
    assert {n: s.total.tolist() for n, s in back.items()} == {n: s.total.tolist() for n, s in slices.items()}
    assert {n: s.bad.tolist() for n, s in back.items()} == {n: s.bad.tolist() for n, s in slices.items()}


@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.ndjson"]))
def test_no_bytes_whatever_raise_anything_but_the_expected_error(data: bytes, name: str) -> None:
    try:
        found: object = slices_file.parse(name, data)
    except SlicesError as error:
        found = error
    assert isinstance(found, dict) or str(found).startswith(f"{name}:")
