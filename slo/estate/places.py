"""A node together with where it stands and where its problems go: what every reader of a declaration walks on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from slo.estate.problems import Log, choices, shown
from slo.estate.tree import Fields, Items, Node, Scalar, field_path, item_path
from slo.units import parse_duration

if TYPE_CHECKING:
    from collections.abc import Collection

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Place:
    """Each reading method returns None (or nothing) after it has logged a problem, so that a reader goes on to the next."""

    node: Node
    line: int
    path: str
    log: Log

    @classmethod
    def root(cls, node: Node, log: Log) -> Place:
        return cls(node, node.line, "", log)

    def error(self, code: str, message: str) -> None:
        self.log.add(self.line, self.path, code, message)

    def warn(self, code: str, message: str) -> None:
        self.log.add(self.line, self.path, code, message, "warning")

    def hint(self, word: str, options: Collection[str]) -> str:
        """Which of the options was meant, or what there is. Nothing once nobody will read it: hostile files cost little."""
        if self.log.is_full("error"):
            return ""
        some = [option for option, _ in zip(options, range(100), strict=False)]
        match = get_close_matches(word, some, n=1) if len(word) <= 64 else []
        return f"; did you mean {match[0]!r}?" if match else f"; there is {choices(options)}"

    def missing(self, field: str) -> None:
        self.log.add(self.line, field_path(self.path, field), "missing_field", f"{field!r} is missing; add it")

    def wrong(self, wanted: str) -> None:
        """The value is not of the wanted type."""
        node = self.node
        if isinstance(node, Scalar):
            if node.kind == "refused":
                return
            found = "it is empty" if node.kind == "null" else f"not {shown(node.text)}"
        else:
            found = "not a list" if isinstance(node, Items) else "not a mapping"
        self.error("wrong_type", f"{wanted} is wanted here, {found}")

    def fields(self, known: Collection[str] | None = None, required: Collection[str] = ()) -> dict[str, Place]:
        """By name; only known fields, the others are problems. `known` None: any name."""
        if not isinstance(self.node, Fields):
            self.wrong("a mapping")
            return {}
        found = {}
        for name, (line, node) in self.node.fields.items():
            place = Place(node, line, field_path(self.path, name), self.log)
            if known is None or name in known:
                found[name] = place
            else:
                place.error("unknown_field", f"unknown field {shown(name)}{place.hint(name, known)}")
        for name in required:
            if name not in found:
                self.missing(name)
        return found

    def has(self, name: str) -> bool:
        return isinstance(self.node, Fields) and name in self.node.fields

    def items(self) -> list[Place]:
        if not isinstance(self.node, Items):
            self.wrong("a list")
            return []
        return [Place(n, n.line, item_path(self.path, i), self.log) for i, n in enumerate(self.node.items)]

    @property
    def is_empty_list(self) -> bool:
        return isinstance(self.node, Items) and not self.node.items

    def text(self) -> str | None:
        """A string; an unquoted number or true is none."""
        if not isinstance(self.node, Scalar) or self.node.kind in ("null", "refused"):
            self.wrong("text")
        elif self.node.kind != "str":
            self.error(
                "wrong_type", f"text is wanted here, but {shown(self.node.text)} reads as {self.node.kind}; put it in quotes"
            )
        elif not self.node.text.strip():
            self.error("wrong_type", "text is wanted here, it is empty")
        else:
            return self.node.text
        return None

    def scalar(self, wanted: str = "text or a number") -> str | None:
        """The text of a string or number, as written."""
        if isinstance(self.node, Scalar) and self.node.kind in ("str", "int", "float") and self.node.text:
            return self.node.text
        self.wrong(wanted)
        return None

    def flag(self) -> bool | None:
        if isinstance(self.node, Scalar) and self.node.kind == "bool":
            return self.node.text.lower() == "true"
        self.wrong("true or false")
        return None

    def integer(self, low: int, high: int) -> int | None:
        node = self.node
        if isinstance(node, Scalar) and node.kind == "int" and len(node.text) < 10 and low <= int(node.text) <= high:
            return int(node.text)
        self.wrong(f"a whole number from {low} to {high}")
        return None

    def one_of(self, options: Collection[str]) -> str | None:
        text = self.text()
        if text is None or text in options:
            return text
        self.error("unknown_value", f"{shown(text)} is not known here; write one of {choices(options)}")
        return None

    def label(self) -> str | None:
        """A name that is safe in URLs, files and alarm names."""
        text = self.text()
        return text if text is not None and self.is_label(text) else None

    def is_label(self, name: str) -> bool:
        """Whether this name of the field or in it is an RFC 1123 label; a problem if not."""
        if LABEL.fullmatch(name):
            return True
        like = re.sub(r"[^a-z0-9]+", "-", name[:200].lower())[:63].strip("-")
        rule = "names are 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends"
        self.error(
            "bad_name",
            f"{shown(name)} is not a name: {rule}{f', like {like}' if like else ''}; free text goes into displayName",
        )
        return False

    def duration(self) -> int | None:
        """In minutes; 0 is one."""
        text = self.scalar("a duration like 30d")
        if text is None:
            return None
        try:
            return 0 if text == "0" else parse_duration(text)
        except ValueError:
            self.error("bad_duration", f"{shown(text)} is not a duration; write a whole number and m, h, d or w, like 30d")
            return None
