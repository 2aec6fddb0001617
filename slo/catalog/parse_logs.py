"""Counts of logs: records of CloudWatch log groups that a filter matches, documents of OpenSearch that a query matches."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from slo.catalog.template import LogsTemplate, SearchTemplate
from slo.estate.problems import shown
from slo.estate.tree import Fields, Items, Scalar

if TYPE_CHECKING:
    from slo.estate.places import Place

MOST_GROUPS = 50
"""As many as StartQuery takes."""
LONGEST_FILTER = 9_000
"""StartQuery takes 10,000 characters, and ours come behind it."""
TIME_FIELD = "@timestamp"
GROUP = re.compile(r"[A-Za-z0-9_#+=/:,.@{}-]{1,2048}")
"""A log group's name or ARN, with placeholders."""
INDEX = re.compile(r"[a-z0-9_.,*{}:-][a-z0-9_.,*{}:+-]{0,254}")

_QUOTED = re.compile(
    r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|(?:\blike|=~)\s*/(?:\\.|[^/\\])*/""", re.DOTALL | re.IGNORECASE
)
"""Where a | of Logs Insights is a character and no pipe."""


def logs(place: Place) -> LogsTemplate | None:
    fields = place.fields(("groups", "filter"), required=("groups",))
    groups = _groups(fields["groups"]) if "groups" in fields else None
    matching = _filter(fields["filter"]) if "filter" in fields else ""
    return None if groups is None or matching is None else LogsTemplate(groups, matching)


def _groups(place: Place) -> tuple[str, ...] | None:
    items = place.items()
    if place.is_empty_list or len(items) > MOST_GROUPS:
        place.error("bad_resource", f"1 to {MOST_GROUPS} log groups are wanted here, not {len(items)}")
        return None
    names = [item.text() for item in items]
    for item, name in zip(items, names, strict=True):
        if name is not None and not GROUP.fullmatch(name):
            item.error("bad_resource", f"{shown(name)} is no log group; write its name, like /aws/ecs/api, or its ARN")
            return None
    found = tuple(name for name in names if name is not None)
    return found if found and len(found) == len(names) else None


def _filter(place: Place) -> str | None:
    """Behind a pipe stands another command, such as a limit, which would count something else than what matches."""
    text = place.text()
    if text is None:
        return None
    if "|" in _QUOTED.sub("", text):
        place.error("bad_resource", "a filter is one condition of Logs Insights; remove the | and what follows it")
        return None
    if len(text) > LONGEST_FILTER:
        place.error("bad_resource", f"a filter has at most {LONGEST_FILTER} characters, this one {len(text)}")
        return None
    return text.strip()


def search(place: Place) -> SearchTemplate | None:
    fields = place.fields(("index", "query", "time_field"), required=("index", "query"))
    index = fields["index"].text() if "index" in fields else None
    if index is not None and not INDEX.fullmatch(index):
        fields["index"].error("bad_resource", f"{shown(index)} is no index; write names of indexes, like api-*")
        index = None
    query = _query(fields["query"]) if "query" in fields else None
    time_field = fields["time_field"].text() if "time_field" in fields else TIME_FIELD
    return None if index is None or query is None or time_field is None else SearchTemplate(index, query, time_field)


def _query(place: Place) -> str | None:
    """Canonical JSON of the query DSL; text is Lucene's syntax."""
    if isinstance(place.node, Scalar):
        text = place.text()
        return None if text is None else canonical({"query_string": {"query": text}})
    if not place.fields():
        place.error("wrong_type", "a query of OpenSearch is wanted here, it is empty; write {match_all: {}} for every document")
        return None
    try:
        return canonical(_value(place))
    except ValueError:
        return None


def canonical(query: Any) -> str:
    """The same text for the same query."""
    return json.dumps(query, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _value(place: Place) -> Any:
    """As JSON has it. ValueError after a problem was logged."""
    node = place.node
    if isinstance(node, Fields):
        return {name: _value(inside) for name, inside in place.fields().items()}
    if isinstance(node, Items):
        return [_value(item) for item in place.items()]
    if node.kind in ("str", "null", "bool"):
        return {"str": node.text, "null": None, "bool": node.text.lower() == "true"}[node.kind]
    if node.kind == "int" and len(node.text) <= 19:
        return int(node.text)
    if node.kind == "float" and math.isfinite(float(node.text)):
        return float(node.text)
    place.wrong("a number that JSON has")
    raise ValueError(node.text)
