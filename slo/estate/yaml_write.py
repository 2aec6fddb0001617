"""Plain values -> YAML that reads back as the same text, by our strict reader and by YAML 1.1 alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from slo.estate import plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

WIDTH = 128


class Number(str):
    """A number by its text, written without quotes: no double stands between what was read and what is written."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Decimal | int) -> Number:
        """Without an exponent and without zeros at its end: Decimal('14.40') -> 14.4."""
        text = f"{value:f}" if not isinstance(value, int) else str(value)
        return cls(text.rstrip("0").rstrip(".") if "." in text else text)


def dump(documents: Iterable[Any]) -> str:
    """Mappings, lists, text, numbers and flags; keys stay in their order, collections of scalars stand on one line."""
    return yaml.dump_all(
        documents,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=WIDTH,
    )


class _Dumper(yaml.SafeDumper):
    """Quotes whatever would be read as something else than text."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # lists are indented
        super().increase_indent(flow, False)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        node = super().represent_sequence(tag, sequence, flow_style)
        node.flow_style = _fits_on_a_line(node.value)
        return node

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        node.flow_style = _fits_on_a_line([part for pair in node.value for part in pair])
        return node


def _fits_on_a_line(parts: list[yaml.Node]) -> bool:
    """Scalars only, no blocks, and not too many."""
    scalars = [part for part in parts if isinstance(part, yaml.ScalarNode) and part.style != "|"]
    return len(scalars) == len(parts) and sum(len(part.value) + 3 for part in scalars) < WIDTH - 20


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    """Over several lines as a block. Where quotes are needed they are double ones."""
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    doubtful = plain.kind_of(text) != "str" or plain.surprise(text) is not None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if doubtful else None)


def _number(dumper: _Dumper, text: Number) -> yaml.Node:
    kind = "float" if "." in text else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", str(text))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Number, _number)
