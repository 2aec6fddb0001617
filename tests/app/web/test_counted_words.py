from __future__ import annotations

import pytest

from app.web.objective import _query
from slo.estate.indicator import LogsQuery, SearchQuery


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (LogsQuery("main", "us-east-1", ("/a", "/b")), "records of /a, /b in us-east-1"),
        (LogsQuery("main", "us-east-1", ("/a",), "status >= 500"), "records of /a in us-east-1 with status >= 500"),
        (SearchQuery("api-*", '{"match_all":{}}'), 'documents of api-* with {"match_all":{}}, by @timestamp'),
    ],
)
def test_a_count_of_logs_is_told_in_words(query: LogsQuery | SearchQuery, words: str) -> None:
    assert _query(query) == words
