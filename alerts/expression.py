"""The metric math of CloudWatch as text: parsed once, evaluated by `metric_math`.

or -> and -> comparison -> sum -> product -> unary -> primary, each level binding tighter than the one before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LENGTH = 2048
MAX_DEPTH = 50
MAX_OPERATORS = 300
ARGUMENTS: dict[str, tuple[int, int]] = {
    "IF": (2, 3),
    "FILL": (2, 2),
    "SUM": (1, 1),
    "MIN": (1, 1),
    "MAX": (1, 1),
    "AVG": (1, 1),
    "ABS": (1, 1),
    "CEIL": (1, 1),
    "FLOOR": (1, 1),
    "TIME_SERIES": (1, 1),
}
"""Functions we know, with the fewest and the most arguments."""
KEYWORDS = frozenset({"REPEAT", "LINEAR"})

_OVER_TIME = frozenset({"SUM", "MIN", "MAX", "AVG"})
_LEVELS = (("OR",), ("AND",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"))
_SPELLINGS = {"||": "OR", "&&": "AND"}
_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?|\.[0-9]+)|([A-Za-z][A-Za-z0-9_]*)|(\|\||&&|==|!=|<=|>=|[-+*/<>()\[\],]))")
_END = ""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A metric or another expression, by its id; or REPEAT, LINEAR."""

    id: str


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Name | Array | Negated | Binary | Call


def parse(text: str) -> Node:
    """ValueError says what was not understood and where."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    parser = _Parser(text)
    node = parser.binary(0)
    if parser.word != _END:
        raise parser.unexpected()
    return node


def names(node: Node) -> frozenset[str]:
    """The ids an expression reads."""
    return frozenset(n.id for n in _walk(node) if isinstance(n, Name) and n.id not in KEYWORDS)


def steps_alone(node: Node) -> bool:
    """Whether each datapoint of the result needs only those of its own period."""
    return not any(
        (isinstance(n, Call) and n.function in _OVER_TIME and not isinstance(n.arguments[0], Array))
        or (isinstance(n, Name) and n.id in KEYWORDS)
        for n in _walk(node)
    )


def _walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Array(items) | Call(_, items):
            children = items
        case Negated(operand):
            children = (operand,)
        case Binary(_, left, right):
            children = (left, right)
        case _:
            children = ()
    for child in children:
        yield from _walk(child)


class _Parser:
    """One token of look-ahead over the text."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._start = text, 0, 0
        self._depth = self._operators = 0
        self.word = ""
        self._advance()

    def unexpected(self) -> ValueError:
        found = repr(self.word) if self.word else "the end"
        return ValueError(f"expression {self._text!r}: did not expect {found} at position {self._start}")

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        node = self.binary(level + 1)
        while self.word in _LEVELS[level]:
            operator = self._advance()
            self._count_operator()
            node = Binary(operator, node, self.binary(level + 1))
        return node

    def _count_operator(self) -> None:
        # Chains and brackets are counted, so that a wall of either is an error and not a stack overflow.
        self._operators += 1
        if self._operators > MAX_OPERATORS:
            raise ValueError(f"the expression has more than {MAX_OPERATORS} operators")

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"the expression nests deeper than {MAX_DEPTH}")
        try:
            if self.word == "-":
                self._advance()
                return Negated(self._unary())
            return self._primary()
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        first = self._advance()
        if first[:1].isdigit() or first[:1] == ".":
            return Number(float(first))
        if first == "(":
            node = self.binary(0)
            self._expect(")")
            return node
        if first == "[":
            return Array(self._list("]"))
        if first[:1].isalpha() and first not in ("AND", "OR"):
            return self._named(first)
        self.word = first
        raise self.unexpected()

    def _named(self, name: str) -> Node:
        if self.word != "(":
            if name[0].isupper() and name not in KEYWORDS:
                raise ValueError(f"expression {self._text!r}: {name} is neither an id (lowercase first) nor called")
            return Name(name)
        if name not in ARGUMENTS:
            raise ValueError(f"expression {self._text!r}: unknown function {name}; known are {', '.join(sorted(ARGUMENTS))}")
        self._advance()
        arguments = self._list(")")
        fewest, most = ARGUMENTS[name]
        if not fewest <= len(arguments) <= most:
            raise ValueError(f"expression {self._text!r}: {name} takes {fewest} to {most} arguments, not {len(arguments)}")
        return Call(name, arguments)

    def _list(self, closing: str) -> tuple[Node, ...]:
        items = [self.binary(0)]
        while self.word == ",":
            self._advance()
            items.append(self.binary(0))
        self._expect(closing)
        return tuple(items)

    def _expect(self, expected: str) -> None:
        if self.word != expected:
            raise self.unexpected()
        self._advance()

    def _advance(self) -> str:
        """Hand out the current token and read the next."""
        current = self.word
        rest = self._text[self._at :]
        self._start = self._at + len(rest) - len(rest.lstrip())
        if not rest.strip():
            self.word, self._at = _END, len(self._text)
            return current
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise ValueError(f"expression {self._text!r}: cannot read position {self._start}")
        self._at = match.end()
        found = match.group(match.lastindex or 0)
        self.word = _SPELLINGS.get(found, found)
        return current
