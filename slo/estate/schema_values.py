"""JSON Schema of the values that stand in many fields of an estate: names, shares, durations, times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.estate.places import LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable

Schema = dict[str, Any]

_DIGITS = r"[0-9]{1,20}"
_PERCENT = rf"(?!0+(\.0+)?\s?%)0{{0,4}}[0-9]{{1,2}}(\.{_DIGITS})?\s?%"
_RATIO = rf"(?!0+\.0+\s*$)0{{1,6}}\.{_DIGITS}"
DURATION = r"[0-9]{1,6}[mhdw]"


def described(about: str, example: Any, **schema: Any) -> Schema:
    """With an example in the text, for editors that show no other."""
    written = f'"{example}"' if isinstance(example, str) and not example.strip() else example
    return {"description": f"{about} Example: {written}", "examples": [example], **schema}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def mapping(properties: dict[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    """Of these fields only."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False, **more}


def exactly_one(*names: str) -> list[Schema]:
    return [{"required": [name]} for name in names]


def only_with(name: str, other: str, values: list[str]) -> Schema:
    """Field `name` stands only where `other` is one of the values."""
    return {"if": {"required": [name]}, "then": {"properties": {other: {"enum": values}}, "required": [other]}}


def choice(options: Iterable[tuple[str, str]]) -> list[Schema]:
    """Of words, each with what it means."""
    return [{"const": word, "description": meaning} for word, meaning in options]


def _share(*whole: Schema) -> Schema:
    return {
        "anyOf": [
            {"type": "string", "pattern": rf"^\s*({_PERCENT}|{_RATIO})\s*$"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            *whole,
        ]
    }


DEFINITIONS: dict[str, Schema] = {
    "name": {"type": "string", "pattern": f"^{LABEL.pattern}$", "title": "1 to 63 of a-z, 0-9 and -"},
    "text": {"type": "string", "pattern": r"\S"},
    "share": {"title": "a share between 0 and 100 %, like 99.9% or 0.999", **_share()},
    "share-or-all": {
        "title": "a share above 0, up to 100 %",
        **_share({"type": "string", "pattern": r"^\s*(100(\.0{1,20})?\s?%|1(\.0{1,20})?)\s*$"}, {"const": 1}),
    },
    "number": {
        "title": "a number above 0",
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,20})?$"},
        ],
    },
    "duration": {"type": "string", "pattern": f"^{DURATION}$", "title": "a whole number and m, h, d or w"},
    "duration-or-0": {"anyOf": [{"type": "string", "pattern": f"^({DURATION}|0)$"}, {"const": 0}]},
    "time": {"type": "string", "pattern": "^[0-9]{4}-", "title": "a whole minute, ISO 8601 with a zone"},
}
