"""What is asked for together, and that every selector gets what it would have got alone."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ports import Span
from app.prometheus.groups import MOST_TOGETHER, alone, grouped
from app.prometheus.source import MOST_SERIES, PrometheusSource
from slo.estate.indicator import CounterQuery
from slo.judge.answer import Failed
from tests.support.answering import Asked, Said, answering
from tests.support.prometheus import M0, Samples, holding, minutes_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SPAN = Span(M0, M0 + 2)


def test_selectors_that_differ_in_one_label_are_one_query() -> None:
    (group,) = grouped(['x{job="a",path="/v1.2"}', 'x{path="/buy", job="a"}', 'x{job="a",path="/"}'])
    assert group.query == r'x{job="a",path=~"/v1\\.2|/buy|/"}'
    assert group.member_of((("code", "200"), ("job", "a"), ("path", "/buy"))) == 'x{path="/buy", job="a"}'
    assert group.member_of((("job", "a"), ("path", "/other"))) is None
    assert group.member_of((("job", "a"),)) is None


def test_what_all_have_in_common_stays_a_matcher() -> None:
    (group,) = grouped(['x{code=~"5..",job="a"}', 'x{code=~"5..",job="b"}'])
    assert group.query == 'x{code=~"5..",job=~"a|b"}'


@pytest.mark.parametrize(
    "pair",
    [
        ('x{job="a"}', 'y{job="b"}'),
        ('x{job="a"}', 'x{job="b",code="1"}'),
        ('x{job="a",code="1"}', 'x{job="b",code="2"}'),
        ('x{job="a",code=~"4.."}', 'x{job="b",code=~"5.."}'),
        ('x{job="a"}', 'x{job=""}'),
        ('x{job="a"}', 'x{job="b|c"}'),
        ('x{job="a"}', r'x{job="b\n"}'),
        ('x{job="a"}', "x{job='b'}"),
        ('x{job!="a"}', 'x{job!="b"}'),
        ('x{job="a",job!="c"}', 'x{job="b",job!="c"}'),
        ('x{job="a"}', 'sum(x{job="b"})'),
        ('x{job="a"}', 'x{job="b"} offset 5m'),
        ('x{job="a"}', 'x{ job = "a" }'),
        ('{__name__="x"}', '{__name__="y"}'),
        ("x", "y"),
    ],
)
def test_what_cannot_be_told_apart_again_is_asked_for_alone(pair: tuple[str, str]) -> None:
    assert grouped(pair) == [alone(selector) for selector in pair]


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "c"])] * 3), unique=True, max_size=27))
def test_every_selector_is_in_exactly_one_group(triples: list[tuple[str, str, str]]) -> None:
    selectors = [f'x{{l="{a}",m="{b}",n="{c}"}}' for a, b, c in triples]
    members = [selector for group in grouped(selectors) for selector in group.members.values()]
    assert sorted(members) == sorted(selectors)


def test_a_group_has_a_size_that_a_query_can_have() -> None:
    selectors = [f'x{{path="/{n}"}}' for n in range(2 * MOST_TOGETHER + 1)]
    assert [len(group.members) for group in grouped(selectors)] == [MOST_TOGETHER, MOST_TOGETHER, 1]


class Counting:
    """Every series that a `path` matches counts its number a minute; `refused` queries get an error."""

    def __init__(self, paths: Sequence[str], refused: str = "nothing", status: int = 422) -> None:
        self.asked: list[str] = []
        self._paths, self._refused, self._status = paths, re.compile(refused), status

    def __call__(self, asked: Asked) -> Said:
        query = parse_qs(asked.body.decode())["query"][0]
        self.asked.append(query)
        if self._refused.search(query):
            return Said(self._status, [b'{"status":"error","errorType":"execution","error":"no"}'])
        wanted = re.search(r'path=~?"([^"]*)"', query)
        assert wanted is not None
        paths = [path for path in self._paths if re.fullmatch(wanted[1].replace("\\\\", "\\"), path)]
        result = [
            {"metric": {"path": p}, "values": [[(M0 + m) * 60, str(m * n)] for m in range(3)]} for n, p in enumerate(paths)
        ]
        return Said(200, [matrix(result)])


def matrix(result: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def queries(count: int) -> list[CounterQuery]:
    return [CounterQuery(f'x{{path="p{n}"}}') for n in range(count)]


def test_one_answer_serves_many_queries() -> None:
    server, wanted = Counting([f"p{n}" for n in range(50)]), queries(50)
    with answering(server) as url, closing(PrometheusSource(url)) as source:
        answers = source.fetch(wanted, SPAN)
    assert len(server.asked) == 1
    assert [minutes_of(answers[query]) for query in wanted] == [{0: n, 1: n} for n in range(50)]


def test_a_group_that_is_refused_is_asked_for_one_by_one_so_that_only_the_bad_one_fails() -> None:
    server, wanted = Counting(["p0", "p1", "p2"], refused="=~|p1"), queries(3)
    with answering(server) as url, closing(PrometheusSource(url)) as source:
        answers = source.fetch(wanted, Span(M0, M0 + 2))
    assert server.asked == ['x{path=~"p0|p1|p2"}', *(query.selector for query in wanted)]
    assert [isinstance(answers[query], Failed) for query in wanted] == [False, True, False]


def test_a_selector_with_too_many_series_does_not_take_its_neighbours_with_it() -> None:
    server, wanted = Counting([*["p0"] * (MOST_SERIES + 1), "p1"]), queries(2)
    series = [{"metric": {"path": "p0", "n": str(n)}, "values": []} for n in range(MOST_SERIES + 1)]
    other = [{"metric": {"path": "p1"}, "values": [[M0 * 60, "1"], [M0 * 60 + 60, "5"]]}]

    def answer(asked: Asked) -> Said:
        server(asked)
        query = server.asked[-1]
        return Said(200, [matrix((series if "p0" in query else []) + (other if "p1" in query else []))])

    with answering(answer) as url, closing(PrometheusSource(url)) as source:
        answers = source.fetch(wanted, SPAN)
    failed = answers[wanted[0]]
    assert isinstance(failed, Failed)
    assert failed.message.startswith(f'x{{path="p0"}}: {MOST_SERIES + 1} series, above the cap of {MOST_SERIES}; ')
    assert minutes_of(answers[wanted[1]]) == {0: 4}


def test_f08_a_group_that_was_late_is_asked_for_apart_the_next_time() -> None:
    server, wanted = Counting(["p0", "p1"], refused="=~", status=503), [*queries(2), CounterQuery('y{path="p0"}')]
    with answering(server) as url, closing(PrometheusSource(url)) as source:
        assert [isinstance(answer, Failed) for answer in source.fetch(wanted, SPAN).values()] == [True, True, False]
        assert [isinstance(answer, Failed) for answer in source.fetch(wanted, SPAN).values()] == [False, False, False]
    assert server.asked[2:] == ['y{path="p0"}', 'x{path="p0"}', 'x{path="p1"}']


@pytest.mark.needs("prometheus")
def test_a_real_prometheus_gives_every_selector_what_it_gives_it_alone(tmp_path: Path) -> None:
    samples = Samples()
    names = ["/", "/v1.2", "/v1x2", "/a b", "/buy-now", "host:80", "me@x", "/v1.2/more", "Ab_9"]
    for n, name in enumerate(names):
        for code in ("200", "500"):
            samples.add("x", {"path": name, "code": code}, {(M0 + m) * 60: m * (n + 1) for m in range(3)})
    samples.add("x", {"code": "200"}, {(M0 + m) * 60: m for m in range(3)})
    wanted = [CounterQuery(f'x{{path="{name}"{more}}}') for name in names for more in ("", ',code=~"5.."', ',code="200"')]
    with holding(tmp_path, samples) as url, closing(PrometheusSource(url)) as source:
        together = source.fetch(wanted, SPAN)
        apart = [source.fetch([query], SPAN)[query] for query in wanted]
    assert len(grouped([query.selector for query in wanted])) == 3
    assert [minutes_of(together[query]) for query in wanted] == [minutes_of(answer) for answer in apart]
    assert [minutes_of(together[query])[0] for query in wanted[:4]] == [2, 1, 1, 4]
