"""Comments over a YAML text that somebody else wrote: whole lines above what they are about, no byte of it changed."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import yaml

from slo.estate.yaml_write import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Path = tuple[str | int, ...]
"""Keys and numbers of items from the root: `("components", 0, "objectives", 1)`."""


def annotate(text: str, comments: Mapping[Path, Sequence[str]]) -> str:
    """Each comment stands above the line on which its path begins; () is the top. KeyError names paths that are not there."""
    places = {(): (0, 0), **dict(_places(yaml.compose(text, yaml.SafeLoader), ()))}
    missing = comments.keys() - places.keys()
    if missing:
        raise KeyError(f"no such place to comment: {sorted(map(str, missing))}")
    above: dict[int, list[str]] = {}
    for path in sorted(comments, key=len):
        line, column = places[path]
        above.setdefault(line, []).extend(_lines(comments[path], column))
    lines = text.splitlines(keepends=True)
    return "".join("".join(above.get(number, ())) + line for number, line in enumerate(lines))


def comment(sentences: Sequence[str], column: int = 0) -> str:
    """As comment lines that are indented so far and no wider than the writer's lines."""
    return "".join(_lines(sentences, column))


def _lines(sentences: Sequence[str], column: int) -> Iterator[str]:
    start = " " * column + "# "
    for sentence in sentences:
        # What AWS or a tag says may hold line breaks, which end a comment, and characters that no YAML may hold.
        plain = "".join(c if c.isprintable() else " " for c in sentence)
        parts = wrap(" ".join(plain.split()), WIDTH - len(start), break_long_words=False, break_on_hyphens=False)
        yield from (f"{start}{part}\n" for part in parts or ("",))


def _places(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """(line, column) of every key and item."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), (key.start_mark.line, key.start_mark.column)
            yield from _places(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            # An item of a block begins two columns before its content: at the dash.
            dash = 0 if node.flow_style else 2
            yield (*path, number), (item.start_mark.line, item.start_mark.column - dash)
            yield from _places(item, (*path, number))
