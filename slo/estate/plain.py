"""What YAML 1.1 makes of an unquoted scalar, and which of those readings would surprise the writer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slo.estate.tree import ScalarKind

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {"true", "True", "TRUE", "false", "False", "FALSE"}
_YES_NO = {form for word in ("y", "n", "yes", "no", "on", "off") for form in (word, word.title(), word.upper())}
_NUMERIC_START = set("+-.0123456789")

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")

# In this order: the first that matches names the surprise.
_SURPRISES = (
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a sexagesimal number (1:30 is 90)"),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), "a hexadecimal number"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number"),
    (re.compile(r"[-+]?0o[0-7_]+"), "an octal number in YAML 1.2 and text in YAML 1.1"),
    (re.compile(r"[-+]?0[0-7_]+"), "an octal number (010 is 8)"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?"), "text or a number, depending on the reader, for its leading zero"),
    (re.compile(r"[-+]?[0-9.]*[0-9]_[0-9_.]*"), "a number, without its underscores"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), "infinity"),
    (re.compile(r"\.(nan|NaN|NAN)"), "not-a-number"),
)


def surprise(text: str) -> str | None:
    """What YAML 1.1 reads this unquoted text as, where a person would have meant something else."""
    if text in _YES_NO:
        return "true" if text.lower() in {"y", "yes", "on"} else "false"
    if text[:1] in _NUMERIC_START:
        return next((reading for pattern, reading in _SURPRISES if pattern.fullmatch(text)), None)
    return None


def kind_of(text: str) -> ScalarKind:
    """Of unquoted text that does not surprise. Dates and times stay text: they are read as such where one is wanted."""
    if text in _NULLS:
        return "null"
    if text in _BOOLS:
        return "bool"
    if text[:1] in _NUMERIC_START:
        return "int" if _INT.fullmatch(text) else "float" if _FLOAT.fullmatch(text) else "str"
    return "str"
