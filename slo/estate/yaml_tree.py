"""YAML text -> documents, straight from parser events, so that limits hold before anything is built or expanded.

An alias shares the node of its anchor; how many nodes and levels it stands for is counted, never unfolded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from slo.estate import plain
from slo.estate.problems import Log, Refused, shown
from slo.estate.tree import MAX_DEPTH, Fields, Items, Node, Scalar, field_path, item_path

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ALIASED = 10_000
MAX_DOCUMENTS = 1000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR_TAG = "tag:yaml.org,2002:str"
_TAB_INDENT = re.compile(r" *\t[ \t]*[^\s#]")
_TAB_MESSAGE = "indented with a tab; YAML is indented with spaces"


def documents(text: str, log: Log) -> list[Node]:
    """Empty documents are left out. Raises Refused where reading cannot go on."""
    tabs = [line for line, written in enumerate(text.split("\n"), 1) if _TAB_INDENT.match(written)]
    builder = _Builder(log)
    try:
        found = builder.documents(yaml.parse(text, Loader=_LOADER))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an escape outside Unicode
        if not tabs:
            raise Refused(_line_of(error, text), "", "syntax", _syntax_message(error)) from None
        found = []
    in_blocks = {line for first, last in builder.blocks for line in range(first + 1, last + 1)} if tabs else set()
    for line in tabs:
        if line not in in_blocks:  # there a tab is text
            log.add(line, "", "tab_indentation", _TAB_MESSAGE)
    return found


class _Builder:
    """`anchors` maps a name to (node, nodes it stands for, levels it is deep), or to None while it is being built."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.anchors: dict[str, tuple[Node, int, int] | None] = {}
        self.aliased = 0
        self.blocks: list[tuple[int, int]] = []
        self.events: Iterator[Any] = iter(())

    def documents(self, events: Iterator[Any]) -> list[Node]:
        self.events = events
        found: list[Node] = []
        count = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count > MAX_DOCUMENTS:
                    raise Refused(
                        _line(event), "", "too_many_documents", f"more than {MAX_DOCUMENTS} documents; split the file"
                    )
                self.anchors.clear()
                node, _, _ = self.node(next(events), "", 0)
                if not (isinstance(node, Scalar) and node.kind == "null"):
                    found.append(node)
        return found

    def node(self, event: Any, path: str, depth: int) -> tuple[Node, int, int]:
        """The node, how many nodes it stands for, how many levels it is deep."""
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            built: tuple[Node, int, int] = (self.scalar(event, path), 1, 0)
        else:
            built = self.collection(event, path, depth + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def alias(self, event: Any, path: str, depth: int) -> tuple[Node, int, int]:
        if event.anchor not in self.anchors:
            raise Refused(_line(event), path, "syntax", f"alias *{shown(event.anchor)} has no anchor before it")
        target = self.anchors[event.anchor]
        if target is None:
            raise Refused(_line(event), path, "recursive_alias", f"alias *{event.anchor} stands inside its own anchor")
        self.aliased += target[1]
        if self.aliased > MAX_ALIASED:
            raise Refused(
                _line(event), path, "too_many_nodes", f"aliases stand for more than {MAX_ALIASED:,} nodes; write fewer"
            )
        _check_depth(event, path, depth + target[2])
        return target

    def collection(self, event: Any, path: str, depth: int) -> tuple[Node, int, int]:
        _check_depth(event, path, depth)
        self.check_tag(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(event, path, depth)
        return self.fields(event, path, depth)

    def items(self, start: Any, path: str, depth: int) -> tuple[Node, int, int]:
        found: list[Node] = []
        size, height = 1, 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            node, inner, levels = self.node(event, item_path(path, len(found)), depth)
            found.append(node)
            size, height = size + inner, max(height, levels)
        return Items(_line(start), tuple(found)), size, height + 1

    def fields(self, start: Any, path: str, depth: int) -> tuple[Node, int, int]:
        found: dict[str, tuple[int, Node]] = {}
        size, height = 1, 0
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path, depth, found)
            inside = path if key is None else field_path(path, key)
            node, inner, levels = self.node(next(self.events), inside, depth)
            if key is not None:
                found[key] = (_line(event), node)
            size, height = size + inner + 1, max(height, levels)
        return Fields(_line(start), found), size, height + 1

    def key(self, event: Any, path: str, depth: int, before: dict[str, tuple[int, Node]]) -> str | None:
        """The name, or None (with its problem) for a key that is none or that stands there already."""
        if not isinstance(event, yaml.ScalarEvent):
            self.node(event, path, depth)
            self.log.add(_line(event), path, "bad_key", "a field's name must be plain text, not a list, mapping or alias")
            return None
        inside, plain_text = field_path(path, event.value), event.implicit[0]
        if plain_text and event.value == "<<":
            self.log.add(_line(event), inside, "merge_key", "merge keys are not read; write the fields out")
            return None
        scalar = self.node(event, inside, depth)[0]
        if not isinstance(scalar, Scalar) or scalar.kind == "refused":
            return None
        if event.value in before:
            first = before[event.value][0]
            message = f"{shown(event.value)} is given twice, first in line {first}; keep one"
            self.log.add(_line(event), inside, "duplicate_key", message)
            return None
        return str(event.value)

    def scalar(self, event: Any, path: str) -> Scalar:
        line, text = _line(event), event.value
        if event.style in ("|", ">"):
            self.blocks.append((line, event.end_mark.line + 1))
        if not self.check_tag(event, path):
            return Scalar(line, text, "refused")
        if not event.implicit[0] or event.tag is not None:
            return Scalar(line, text, "str")
        reading = plain.surprise(text)
        if reading is not None:
            message = f'{shown(text)} without quotes reads as {reading}; quote it ("...") or write what you mean'
            self.log.add(line, path, "surprising_value", message)
            return Scalar(line, text, "refused")
        return Scalar(line, text, plain.kind_of(text))

    def check_tag(self, event: Any, path: str) -> bool:
        if event.tag is None or (event.tag == _STR_TAG and isinstance(event, yaml.ScalarEvent)):
            return True
        self.log.add(_line(event), path, "custom_tag", f"tag {shown(event.tag)} is not read; remove it")
        return False


def _check_depth(event: Any, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused(_line(event), path, "too_deep", f"nested more than {MAX_DEPTH} levels deep")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _line_of(error: Exception, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return int(mark.line) + 1
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _syntax_message(error: Exception) -> str:
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).splitlines()[0]
    return f"not YAML: {what}"
