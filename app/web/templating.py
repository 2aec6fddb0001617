"""Jinja with escaping and no silent holes, and the static files under names that change with their content."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Static:
    """One file; `name` holds a hash of its content, so it may be kept for ever."""

    name: str
    body: bytes
    media_type: str


def static_files(folder: Path = HERE / "static") -> Mapping[str, Static]:
    """By the file's own name: `sloop.css` -> sloop.1a2b3c4d5e.css."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in MEDIA_TYPES:
            body = path.read_bytes()
            name = f"{path.stem}.{sha256(body).hexdigest()[:10]}{path.suffix}"
            found[path.name] = Static(name, body, MEDIA_TYPES[path.suffix])
    return found


def environment(static: Mapping[str, Static]) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals["static"] = {name: f"/static/{file.name}" for name, file in static.items()}
    return jinja
