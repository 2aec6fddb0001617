"""What an import asks of OpenSLO documents beside their meaning: the annotations of our own export, and accounts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slo.errors import Problem
from slo.estate import nodes, recovery_targets
from slo.estate.alarm_changes import restored
from slo.estate.openslo_notes import PREFIX
from slo.estate.places import Place
from slo.estate.tree import Fields, Items, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.estate.spec import AlarmChange, RecoveryTarget

Texts = dict[str, str]

LAST = 10**9
"""The order of what has none: behind the others, as in the files."""

_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Noted:
    """One document; `notes` are our annotations, by the key without its prefix, and `details` how to connect."""

    kind: str
    name: str
    notes: Texts
    details: Texts
    file: str
    line: int

    @property
    def order(self) -> int:
        text = self.notes.get("order", "")
        return int(text) if _WHOLE.fullmatch(text) else LAST

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def whole(self, key: str, problems: list[Problem]) -> int | None:
        text = self.notes.get(key)
        if text is None or _WHOLE.fullmatch(text):
            return None if text is None else int(text)
        problems.append(self.problem(key, "a whole number"))
        return None

    def resource(self, problems: list[Problem]) -> dict[str, str | tuple[str, ...]]:
        found = self.json("resource", problems)
        if not isinstance(found, dict):
            return {}
        return {key: tuple(map(str, value)) if isinstance(value, list) else str(value) for key, value in found.items()}

    def recovery(self, problems: list[Problem]) -> tuple[RecoveryTarget, ...]:
        """Spans are whole minutes."""
        found = self.json("recovery", problems)
        items = found if isinstance(found, list) else []
        try:
            return tuple(recovery_targets.restored(item) for item in items)
        except (AttributeError, KeyError, TypeError, ArithmeticError, ValueError):
            problems.append(self.problem("recovery", "a list of {scenario, rpo, rto}"))
            return ()

    def alarms(self, problems: list[Problem]) -> dict[str, AlarmChange]:
        """As `alarm_changes` wrote them."""
        found = self.json("alarms", problems)
        try:
            return {name: restored(change) for name, change in (found or {}).items()}
        except (AttributeError, TypeError, ArithmeticError, ValueError):
            problems.append(self.problem("alarms", "alarms by name, each a mapping"))
            return {}

    def json(self, key: str, problems: list[Problem]) -> Any:
        text = self.notes.get(key)
        try:
            return None if text is None else json.loads(text)
        except ValueError:
            problems.append(self.problem(key, "JSON"))
            return None

    def problem(self, key: str, wanted: str) -> Problem:
        message = f"{PREFIX}{key} is not {wanted}; export it anew, or remove the annotation"
        return Problem(self.file, self.line, f"metadata.annotations['{PREFIX}{key}']", "error", "bad_annotation", message)


def documents(files: Sequence[tuple[str, bytes]]) -> Iterator[Noted]:
    """Of every file, in their order. Problems of theirs are not ours to tell."""
    for file, data in files:
        contents = nodes.read(file, data)
        for document in contents.documents:
            root = Place.root(document, contents.log)
            for place in root.items() if isinstance(document, Items) else [root]:
                yield _noted(file, place)


def _noted(file: str, place: Place) -> Noted:
    metadata = _inside(place, "metadata")
    annotations = _texts(_inside(metadata, "annotations"))
    notes = {key.removeprefix(PREFIX): text for key, text in annotations.items() if key.startswith(PREFIX)}
    details = _texts(_inside(_inside(place, "spec"), "connectionDetails"))
    return Noted(_texts(place).get("kind", ""), _texts(metadata).get("name", ""), notes, details, file, place.line)


def _inside(place: Place | None, name: str) -> Place | None:
    return place.fields().get(name) if place is not None and isinstance(place.node, Fields) else None


def _texts(place: Place | None) -> Texts:
    if place is None or not isinstance(place.node, Fields):
        return {}
    return {name: value.node.text for name, value in place.fields().items() if isinstance(value.node, Scalar)}
