"""A document as read from YAML or JSON: the text of every scalar is kept, nothing is converted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 50

ScalarKind = Literal["str", "int", "float", "bool", "null", "refused"]

_SIMPLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_/-]*")


@dataclass(frozen=True, slots=True)
class Scalar:
    """`kind` is what YAML reads it as; `refused` already has its problem, so nobody complains about it again."""

    line: int
    text: str
    kind: ScalarKind


@dataclass(frozen=True, slots=True)
class Items:
    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields` maps a name to the line of its key and its value, in the order of the file."""

    line: int
    fields: Mapping[str, tuple[int, Node]]


Node = Scalar | Items | Fields


def field_path(parent: str, key: str) -> str:
    """`spec` + `target` -> `spec.target`; a key that is no plain word is quoted in brackets."""
    if not _SIMPLE_KEY.fullmatch(key):
        return f"{parent}[{key!r}]"
    return f"{parent}.{key}" if parent else key


def item_path(parent: str, index: int) -> str:
    return f"{parent}[{index}]"
