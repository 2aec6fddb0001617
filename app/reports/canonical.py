"""JSON with one spelling for one value, after RFC 8785: sorted keys, no blanks, no floats. What is hashed is these bytes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from slo import resource

if TYPE_CHECKING:
    from collections.abc import Sequence


def canonical(value: Any) -> bytes:
    """UTF-8. TypeError for a float or a key that is no string: they have several spellings."""
    _check(value)
    return resource.canonical(value).encode()


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    return digest(canonical(value))


def spec_digest(files: Sequence[bytes]) -> str:
    """Of one file as `sha256sum` prints it; of several that of the sorted digests, one a line, wherever the files lie."""
    each = sorted(digest(data) for data in files)
    return each[0] if len(each) == 1 else digest("".join(f"{one}\n" for one in each).encode())


def _check(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(key, str) and key.isascii() for key in value):
            raise TypeError(f"keys of a report are ASCII strings: {sorted(map(repr, value))[:5]}")
        for inner in value.values():
            _check(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check(inner)
    elif not (value is None or isinstance(value, (str, int, bool))):
        raise TypeError(f"a report holds no {type(value).__name__}: {value!r}")
