"""Composite alarms: a rule over the states of other alarms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from alerts.evaluate import Decision
from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.evaluate import State

_NO_ARNS: Mapping[str, str] = MappingProxyType({})
MAX_LENGTH = 10_240
MAX_CHILDREN = 100
MAX_ELEMENTS = 500
MAX_DEPTH = 50
# A name is quoted, or it ends at the bracket; ours hold slashes, dots and hyphens.
_STATE = "ALARM|OK|INSUFFICIENT_DATA"
_IN_STATE = rf'({_STATE})\s*\(\s*(?:"([^"]*)"|([^()"\s]+))\s*\)'
_AT_LEAST = rf"AT_LEAST\s*\(\s*([0-9]{{1,3}})(%?)\s*,\s*({_STATE})\s*,\s*\(([^()]+)\)\s*\)"
_TOKEN = re.compile(rf"\s*(?:{_IN_STATE}|{_AT_LEAST}|(AND|OR|NOT|TRUE|FALSE)\b|([()]))")


@dataclass(frozen=True, slots=True)
class InState:
    """True while the named alarm (name or ARN) is in this state."""

    alarm: str
    state: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True while this many (or this many percent) of the named alarms are in this state."""

    count: int
    percent: bool
    alarms: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    operand: Rule


@dataclass(frozen=True, slots=True)
class AllOf:
    operands: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    operands: tuple[Rule, ...]


Rule = InState | AtLeast | Constant | Not | AllOf | AnyOf
Token = InState | AtLeast | str


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    name: str
    rule: Rule

    @classmethod
    def of(cls, name: str, rule: str) -> CompositeAlarm:
        """ValueError says where the rule is wrong."""
        return cls(name, parse_rule(rule))

    @property
    def children(self) -> frozenset[str]:
        return frozenset(_children(self.rule))


def evaluate_composite(alarm: CompositeAlarm, states: Mapping[str, State]) -> Decision:
    """ALARM while the rule holds, else OK. A child without a state holds no condition (except under NOT)."""
    known = sorted(f"{child} is {states[child]}" for child in alarm.children if child in states)
    seen = "; ".join(known) or "the rule names no known alarm"
    if holds(alarm.rule, states):
        return Decision("ALARM", Reason("rule_holds", f"the rule holds: {seen}"))
    return Decision("OK", Reason("rule_does_not_hold", f"the rule does not hold: {seen}"))


def holds(rule: Rule, states: Mapping[str, State]) -> bool:
    match rule:
        case InState(alarm, state):
            return states.get(alarm) == state
        case AtLeast(count, percent, alarms, state):
            found = sum(states.get(alarm) == state for alarm in alarms)
            return found * 100 >= count * len(alarms) if percent else found >= count
        case Constant(value):
            return value
        case Not(operand):
            return not holds(operand, states)
        case AllOf(operands):
            return all(holds(o, states) for o in operands)
        case AnyOf(operands):
            return any(holds(o, states) for o in operands)


def order(alarms: Iterable[CompositeAlarm], arns: Mapping[str, str] = _NO_ARNS) -> list[CompositeAlarm]:
    """Children before parents; `arns` are the names behind the ARNs that rules may use.

    Alarms on a cycle, and those above it, are left out: CloudWatch stops evaluating them.
    """
    waiting = {a.name: a for a in alarms}
    children = {name: {arns.get(child, child) for child in a.children} for name, a in waiting.items()}
    ordered: list[CompositeAlarm] = []
    while ready := [a for name, a in waiting.items() if not children[name] & waiting.keys()]:
        ordered += ready
        done = {a.name for a in ready}
        waiting = {name: a for name, a in waiting.items() if name not in done}
    return ordered


def parse_rule(text: str) -> Rule:
    """OR binds loosest, then AND, then NOT. ValueError says what was not understood or which limit was passed."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the rule has {len(text)} characters; at most {MAX_LENGTH} are allowed")
    parser = _Parser(_tokens(text), text)
    rule = parser.any_of()
    if parser.found is not None:
        raise parser.unexpected()
    if (named := len(set(_children(rule)))) > MAX_CHILDREN:
        raise ValueError(f"the rule names {named} alarms; at most {MAX_CHILDREN} are allowed")
    return rule


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"rule {text!r}: cannot read {text[at:].strip()[:30]!r}")
        tokens.append(_token(match))
        at = match.end()
    if sum(t not in ("AND", "OR") for t in tokens) > MAX_ELEMENTS:
        raise ValueError(f"the rule has more than {MAX_ELEMENTS} elements")
    return tokens


def _token(match: re.Match[str]) -> Token:
    state, quoted, bare, count, percent, shared, listed, word, bracket = match.groups()
    if state:
        return InState(quoted if quoted is not None else bare, state)
    if shared:
        alarms = tuple(name.strip().strip('"') for name in listed.split(","))
        return AtLeast(int(count), bool(percent), alarms, shared)
    return str(word or bracket)


class _Parser:
    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._tokens, self._text, self._depth = [*reversed(tokens)], text, 0

    @property
    def found(self) -> Token | None:
        return self._tokens[-1] if self._tokens else None

    def unexpected(self) -> ValueError:
        found = "the end" if self.found is None else str(self.found)
        return ValueError(f"rule {self._text!r}: did not expect {found}")

    def any_of(self) -> Rule:
        operands = [self._all_of()]
        while self._take("OR"):
            operands.append(self._all_of())
        return operands[0] if len(operands) == 1 else AnyOf(tuple(operands))

    def _all_of(self) -> Rule:
        operands = [self._one()]
        while self._take("AND"):
            operands.append(self._one())
        return operands[0] if len(operands) == 1 else AllOf(tuple(operands))

    def _one(self) -> Rule:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"the rule nests deeper than {MAX_DEPTH}")
        try:
            return self._operand()
        finally:
            self._depth -= 1

    def _operand(self) -> Rule:
        if self._take("NOT"):
            return Not(self._one())
        if self._take("("):
            rule = self.any_of()
            if not self._take(")"):
                raise self.unexpected()
            return rule
        found = self.found
        if isinstance(found, InState | AtLeast):
            self._tokens.pop()
            return found
        if found in ("TRUE", "FALSE"):
            self._tokens.pop()
            return Constant(found == "TRUE")
        raise self.unexpected()

    def _take(self, word: str) -> bool:
        if self.found != word:
            return False
        self._tokens.pop()
        return True


def _children(rule: Rule) -> list[str]:
    match rule:
        case InState(alarm, _):
            return [alarm]
        case AtLeast(_, _, alarms, _):
            return list(alarms)
        case Not(operand):
            return _children(operand)
        case AllOf(operands) | AnyOf(operands):
            return [child for o in operands for child in _children(o)]
        case _:
            return []
