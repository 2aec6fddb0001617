from __future__ import annotations

import pytest

from alerts.incidents import Incident, parse
from slo.errors import IncidentsError
from slo.units import parse_minute

NOON = parse_minute("2026-03-01T12:00:00Z")
HEAD = b"start,end,objective,name\n"
ROW = b"2026-03-01T12:00:00Z,2026-03-01T12:10:00Z,api.availability,deploy\n"


def read(data: bytes) -> tuple[Incident, ...]:
    return parse("may.csv", data, {"api.availability"})


def test_incidents_come_in_the_order_of_time_whatever_the_order_of_rows_and_columns() -> None:
    data = (
        b"\xef\xbb\xbfname,end,start\r\n"
        b"later,2026-03-01T13:30:00+01:00,2026-03-01T12:20:00Z\r\n\r\n"
        b",2026-03-01T12:10:00Z,2026-03-01T12:00:00Z\r\n"
    )
    assert read(data) == (Incident(NOON, NOON + 10), Incident(NOON + 20, NOON + 30, None, "later"))


def test_objective_and_name_may_be_given_and_left_empty() -> None:
    data = HEAD + ROW + b"2026-03-01T12:00:00Z,2026-03-01T12:10:00Z,,\n"
    assert read(data) == (Incident(NOON, NOON + 10), Incident(NOON, NOON + 10, "api.availability", "deploy"))
    assert [incident.title for incident in read(data)] == ["2026-03-01T12:00:00Z", "deploy"]


def test_a_file_with_only_its_header_says_that_nothing_happened() -> None:
    assert read(b"start,end\n") == ()


@pytest.mark.parametrize(
    ("data", "line", "told"),
    [
        (b"", 1, "column 'start' is missing"),
        (b"start,objective\n", 1, "column 'end' is missing"),
        (b"start,end,severity\n", 1, "column 'severity' is unknown or doubled"),
        (b"start,end,end\n", 1, "column 'end' is unknown or doubled"),
        (HEAD + b"2026-03-01T12:00:00Z,2026-03-01T12:10:00Z\n", 2, "2 cells; a row has 4"),
        (HEAD + ROW + b"2026-03-01T12:00:00,2026-03-01T12:10:00Z,,\n", 3, "start: '2026-03-01T12:00:00' has no zone"),
        (HEAD + b"2026-03-01T12:00:00Z,2026-03-01T12:10:30Z,,\n", 2, "end: '2026-03-01T12:10:30Z' is not a whole minute"),
        (HEAD + b"2026-03-01T12:00:00Z,soon,,\n", 2, "end: 'soon' is not an ISO 8601 time"),
        (HEAD + b"2026-03-01T12:00:00Z,2026-03-01T12:00:00Z,,\n", 2, "is not after start"),
        (HEAD + b"2026-03-01T12:00:00Z,2026-03-01T12:10:00Z,web.latency,\n", 2, "objective 'web.latency' is not in the estate"),
        (HEAD + ROW + b"\n" + ROW, 4, "the incident of line 2 again"),
        (HEAD + b'"2026\n', 2, "not CSV"),
        (HEAD + b"caf\xe9\n", 2, "not UTF-8"),
    ],
)
def test_a_bad_row_is_told_with_its_file_and_line(data: bytes, line: int, told: str) -> None:
    with pytest.raises(IncidentsError) as caught:
        read(data)
    assert (caught.value.file, caught.value.line) == ("may.csv", line)
    assert told in str(caught.value)
