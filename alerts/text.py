"""Text that anybody may have written, made safe for one line of a message."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format (bidi overrides, joiners), lone surrogate, private, unassigned, line and paragraph separators."""


def line(text: str) -> str:
    """One line without hidden characters; letters of every script stay."""
    shown = "".join(" " if unicodedata.category(c) in _HIDDEN else c for c in unicodedata.normalize("NFC", text))
    return " ".join(shown.split())


def ascii_line(text: str) -> str:
    """As `line`, and accents, emoji and other scripts are left out: printable ASCII only, possibly nothing."""
    bare = unicodedata.normalize("NFKD", line(text)).encode("ascii", "ignore").decode()
    return " ".join(bare.split())


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, the last three dots where something is missing; no accent is torn from its letter."""
    if len(text) <= limit:
        return text
    end = limit - 3
    while end > 0 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + "..."
