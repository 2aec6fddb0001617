"""JSON text -> its one document, with lines, duplicate keys and the text of numbers, which `json` does not keep."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from slo.estate.problems import Log, Refused, shown
from slo.estate.tree import MAX_DEPTH, Fields, Items, Node, Scalar, field_path, item_path

if TYPE_CHECKING:
    from slo.estate.tree import ScalarKind

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, ScalarKind] = {"true": "bool", "false": "bool", "null": "null"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def documents(text: str, log: Log) -> list[Node]:
    """Raises Refused where the text is not JSON."""
    reader = _Reader(text, log)
    node, end = reader.node(reader.skip(0), "", 0)
    end = reader.skip(end)
    if end < len(text):
        raise reader.refused(end, "", "nothing may follow the document")
    return [node]


class _Reader:
    """Every method takes a position and returns what it read with the position after it."""

    def __init__(self, text: str, log: Log) -> None:
        self.text = text
        self.log = log
        self.breaks = [m.start() for m in re.finditer("\n", text)]
        self.strings = json.JSONDecoder()

    def line(self, at: int) -> int:
        return bisect_right(self.breaks, at - 1) + 1

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        assert match is not None, "the pattern matches the empty text"
        return match.end()

    def refused(self, at: int, path: str, message: str) -> Refused:
        return Refused(self.line(at), path, "syntax", f"not JSON: {message}")

    def node(self, at: int, path: str, depth: int) -> tuple[Node, int]:
        first = self.text[at : at + 1]
        if first in ("{", "["):
            if depth == MAX_DEPTH:
                raise Refused(self.line(at), path, "too_deep", f"nested more than {MAX_DEPTH} levels deep")
            return self.fields(at, path, depth + 1) if first == "{" else self.items(at, path, depth + 1)
        if first == '"':
            text, end = self.string(at, path)
            return Scalar(self.line(at), text, "str"), end
        return self.bare(at, path)

    def bare(self, at: int, path: str) -> tuple[Node, int]:
        """A number, true, false or null."""
        for word, kind in _WORDS.items():
            if self.text.startswith(word, at):
                return Scalar(self.line(at), word, kind), at + len(word)
        match = _NUMBER.match(self.text, at)
        if match is None:
            found = shown(self.text[at : at + 10]) if at < len(self.text) else "the end of the file"
            raise self.refused(at, path, f"a value is wanted here, not {found}")
        return Scalar(self.line(at), match[0], "float" if match[1] or match[2] else "int"), match.end()

    def string(self, at: int, path: str) -> tuple[str, int]:
        try:
            text, end = self.strings.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            raise self.refused(at, path, error.msg) from None
        if _SURROGATE.search(text):
            raise self.refused(at, path, "half a surrogate pair is no character")
        return text, end

    def items(self, start: int, path: str, depth: int) -> tuple[Node, int]:
        found: list[Node] = []
        at = self.skip(start + 1)
        while self.text[at : at + 1] != "]":
            node, at = self.node(at, item_path(path, len(found)), depth)
            found.append(node)
            at = self.separator(at, "]", path)
        return Items(self.line(start), tuple(found)), at + 1

    def fields(self, start: int, path: str, depth: int) -> tuple[Node, int]:
        found: dict[str, tuple[int, Node]] = {}
        at = self.skip(start + 1)
        while self.text[at : at + 1] != "}":
            if self.text[at : at + 1] != '"':
                raise self.refused(at, path, "a field's name in double quotes is wanted here")
            line = self.line(at)
            key, at = self.string(at, path)
            inside = field_path(path, key)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise self.refused(at, inside, "a colon is wanted here")
            node, at = self.node(self.skip(at + 1), inside, depth)
            if key in found:
                message = f"{shown(key)} is given twice, first in line {found[key][0]}; keep one"
                self.log.add(line, inside, "duplicate_key", message)
            else:
                found[key] = (line, node)
            at = self.separator(at, "}", path)
        return Fields(self.line(start), found), at + 1

    def separator(self, at: int, closing: str, path: str) -> int:
        """After a comma, the next element; at the closing bracket, that."""
        at = self.skip(at)
        here = self.text[at : at + 1]
        if here == closing:
            return at
        after = self.skip(at + 1)
        if here != "," or self.text[after : after + 1] == closing:
            raise self.refused(at, path, f"a comma and a value, or {closing}, is wanted here")
        return after
