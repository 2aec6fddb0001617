"""The few PromQL queries that mean "so many events": a counter, or sums of rates or increases of counters.

We difference raw counters ourselves, so `sum(rate(a[5m]))` becomes the selector `a`. All else is refused by name: a query
that was only nearly understood would count something else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from slo.estate.indicator import Unbound
from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 10_000
_DEEPEST = 20

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<range>\[[^\[\]]*\])
    |(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)
    |(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>@])""",
    re.VERBOSE,
)
_RANGE = re.compile(r"\[\s*(?:(?:[0-9]+(?:ms|[smhdwy]))+|\{\{\s*\.window\s*\}\})\s*\]")
"""A duration, or the placeholder that Sloth fills in."""

_COUNTED = ("rate", "increase")
_MATCHERS = ("=", "!=", "=~", "!~")
_CLAUSES = ("by", "without", "offset", "on", "ignoring", "group_left", "group_right", "bool", "and", "or", "unless", "atan2")


class _Token(NamedTuple):
    kind: str
    text: str


class _Term(NamedTuple):
    """`over` is function and range, empty for raw counters."""

    selector: str
    over: str
    summed: bool


class Counters(NamedTuple):
    """`raw`: read as they are, so that nothing but the writer's word says that they only ever rise."""

    selectors: tuple[str, ...]
    raw: bool


def counter_selectors(query: str, *, or_zero: bool = False) -> tuple[str, ...] | Unbound:
    """Of a counter, a rate or increase of one, or a sum of several such sums: the selectors whose events it adds up.

    Whitespace and comments are gone from them. Unbound (code `promql`) names what is not understood, and what is.
    `or_zero` takes `or vector(0)` after a sum for nothing: an absent part of a total that came is 0 anyway. A total that is
    absent is missing, so for a total it would change the meaning.
    """
    found = counters(query, or_zero=or_zero)
    return found if isinstance(found, Unbound) else found.selectors


def counters(query: str, *, or_zero: bool = False) -> Counters | Unbound:
    """As `counter_selectors`, and whether a rate or increase was taken of them."""
    try:
        terms = _Reader(query, or_zero=or_zero).terms()
    except ValueError as error:
        return _refusal(query, str(error), "sum(rate(selector[5m])), sums of these joined by +, or a plain counter")
    return Counters(tuple(term.selector for term in terms), not terms[0].over)


def gauge_selector(query: str) -> str | Unbound:
    """Of a plain gauge, or of the `max` of one: the largest of its series is what a gauge means here."""
    try:
        return _Reader(query).gauge()
    except ValueError as error:
        return _refusal(query, str(error), 'a plain gauge like queue_depth{queue="orders"}, or max(...) around one')


def _refusal(query: str, reason: str, like: str) -> Unbound:
    return Unbound("promql", f"{reason} in {shown(' '.join(query[:200].split()))} is not understood; write {like}")


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None:
            raise ValueError(shown(query[at : at + 20]))
        at = match.end()
        if match.lastgroup != "space":
            yield _Token(match.lastgroup or "", match[0])
    yield _Token("end", "")


class _Reader:
    """Reads one query from left to right; ValueError names the first thing that is not understood."""

    def __init__(self, query: str, *, or_zero: bool = False) -> None:
        if len(query) > LONGEST:
            raise ValueError(f"a query of more than {LONGEST} characters")
        self._tokens = list(_tokens(query))
        self._at = 0
        self._or_zero = or_zero

    def terms(self) -> tuple[_Term, ...]:
        found = self._added(0)
        self._end()
        return found

    def gauge(self) -> str:
        if self._is_call("max"):
            self._at += 2
            selector = self._selector()
            self._expect(")")
        else:
            selector = self._selector()
        self._end()
        return selector

    def _added(self, depth: int) -> tuple[_Term, ...]:
        """PromQL adds series with equal labels and drops the rest, so that only sums, which have none, add up."""
        found = self._term(depth)
        while self._next.text == "+":
            self._at += 1
            found = (*found, *self._term(depth))
            if not all(term.summed for term in found):
                raise ValueError("+ between series that are not sums")
            if len({term.over for term in found}) > 1:
                raise ValueError("+ between different functions or ranges")
            if len({term.selector for term in found}) < len(found):
                raise ValueError("a counter that is added twice")
        return found

    def _term(self, depth: int) -> tuple[_Term, ...]:
        if depth > _DEEPEST:
            raise ValueError(f"nesting deeper than {_DEEPEST}")
        if self._next.text == "(":
            self._at += 1
            found = self._added(depth + 1)
            self._expect(")")
        elif self._is_call("sum"):
            self._at += 2
            inner = self._term(depth + 1)
            self._expect(")")
            found = tuple(term._replace(summed=True) for term in inner)
        else:
            found = (self._counted(),)
        if self._or_zero and all(term.summed for term in found):
            self._skip_zero()
        return found

    def _skip_zero(self) -> None:
        if [token.text for token in self._tokens[self._at : self._at + 5]] == ["or", "vector", "(", "0", ")"]:
            self._at += 5

    def _counted(self) -> _Term:
        name = self._next.text
        if name not in _COUNTED or not self._is_call(name):
            return _Term(self._selector(), "", summed=False)
        self._at += 2
        selector = self._selector()
        span = self._next
        if span.kind != "range" or not _RANGE.fullmatch(span.text):
            self._refuse()
        self._at += 1
        self._expect(")")
        return _Term(selector, name + "".join(span.text.split()), summed=False)

    def _selector(self) -> str:
        """As written, without whitespace; a function or clause where a name should be is refused by its name."""
        name = ""
        if self._next.kind == "word":
            name = self._next.text
            if name in _CLAUSES or self._tokens[self._at + 1].text in ("(", "by", "without"):
                raise ValueError(f"{name}(...)")
            self._at += 1
        if self._next.text != "{":
            return name or self._refuse()
        self._at += 1
        matchers = []
        while self._next.text != "}":
            matchers.append(self._matcher())
            if self._next.text != "}":
                self._expect(",")
        self._at += 1
        if not name and not matchers:
            raise ValueError("a selector without a name or label")
        return f"{name}{{{','.join(matchers)}}}" if matchers else name

    def _matcher(self) -> str:
        """A string alone is the metric's name."""
        label = self._next
        if label.kind not in ("word", "string"):
            self._refuse()
        self._at += 1
        sign = self._next
        if label.kind == "string" and sign.text in (",", "}"):
            return label.text
        if sign.text not in _MATCHERS:
            self._refuse()
        self._at += 1
        value = self._next
        if value.kind != "string":
            self._refuse()
        self._at += 1
        return f"{label.text}{sign.text}{value.text}"

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _is_call(self, name: str) -> bool:
        return self._next.text == name and self._tokens[self._at + 1].text == "("

    def _expect(self, text: str) -> None:
        if self._next.text != text:
            self._refuse()
        self._at += 1

    def _end(self) -> None:
        if self._next.kind != "end":
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError("an end too early" if self._next.kind == "end" else self._next.text[:60])
