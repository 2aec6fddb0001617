"""Nested values as the XML of AWS's query and REST protocols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape

from slo.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

Tree: TypeAlias = "str | bool | int | float | Mapping[str, Tree] | tuple[str, Sequence[Tree]] | list[Tree] | None"
"""A float is a moment (epoch seconds); a tuple is a list with the name of its members; a list repeats the element itself."""


def element(name: str, value: Tree) -> str:
    """None is no element at all."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(element(name, item) for item in value)
    return f"<{name}>{_content(value)}</{name}>"


def _content(value: Tree) -> str:
    if isinstance(value, Mapping):
        return "".join(element(key, item) for key, item in value.items())
    if isinstance(value, tuple):
        member, items = value
        return "".join(element(member, item) for item in items)
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_seconds(int(value)) if isinstance(value, float) else escape(str(value))
