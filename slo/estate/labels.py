"""Names from other formats as RFC 1123 labels, which is what names are here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_OTHERS = re.compile(r"[^a-z0-9]+")
_LONGEST = 63


def label_of(text: str, taken: Collection[str] = ()) -> str:
    """The nearest label; with a number at its end where others have it. Empty where no letter or digit is in it."""
    name = _OTHERS.sub("-", text.lower()).strip("-")[:_LONGEST].rstrip("-")
    if name not in taken:
        return name
    numbered = (f"{name[: _LONGEST - 6].rstrip('-')}-{n}" for n in range(2, 100_000))
    return next(candidate for candidate in numbered if candidate not in taken)
