"""The SLI of a Sloth document -> a ratio of counters. Its queries are over `{{.window}}`, whatever that is filled with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.indicator import CounterQuery, EventRatio, Unbound
from slo.estate.problems import shown
from slo.estate.promql import counter_selectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.places import Place

_DEEPEST = 20


def read(place: Place) -> EventRatio | None:
    fields = place.fields(("events", "raw", "plugin"))
    if "plugin" in fields:
        name = _plugin(fields["plugin"])
        message = f"SLI plugin {shown(name)} is a program; write the queries that it makes under events"
        fields["plugin"].error("sli_plugin", message)
    if "raw" in fields:
        message = "a ratio carries no traffic to weigh it by; write the queries it divides under events"
        fields["raw"].error("raw_ratio", message)
    if not fields:
        place.missing("events")
    return _events(fields["events"]) if "events" in fields else None


def _plugin(place: Place) -> str:
    id_ = place.fields().get("id")
    return (id_.text() if id_ else None) or "without an id"


def _events(place: Place) -> EventRatio | None:
    kubernetes = place.has("errorQuery") or place.has("totalQuery")
    names = ("errorQuery", "totalQuery") if kubernetes else ("error_query", "total_query")
    fields = place.fields(names, required=names)
    if not fields.keys() >= set(names):
        return None
    error, total = (_query(fields[name]) for name in names)
    if error is None or total is None:
        return None
    counted = counter_selectors(total)
    if isinstance(counted, Unbound):
        fields[names[1]].error(counted.code, counted.text)
        return None
    queries = tuple(CounterQuery(selector) for selector in counted)
    good = _difference(error, counted)
    if good is not None:
        return EventRatio(queries, good=tuple(CounterQuery(selector) for selector in good))
    bad = counter_selectors(error, or_zero=True)
    if isinstance(bad, Unbound):
        fields[names[0]].error(bad.code, bad.text)
        return None
    return EventRatio(queries, bad=tuple(CounterQuery(selector) for selector in bad))


def _query(place: Place) -> str | None:
    """It must be over Sloth's own window: what is over a fixed one is no sum over ours."""
    text = place.text()
    if text is not None and ".window" not in text:
        place.error("no_window", "the query is not over {{.window}}; write rate(...[{{.window}}])")
        return None
    return text


def _difference(error: str, total: tuple[str, ...]) -> tuple[str, ...] | None:
    """Of `total - good`, as latency is written: the selectors of good. None for anything else."""
    text = error.strip()
    for _ in range(_DEEPEST):
        if not (text.startswith("(") and _closes(text) == len(text) - 1):
            break
        text = text[1:-1].strip()
    cut = _minus(text)
    if cut is None or counter_selectors(text[:cut]) != total:
        return None
    good = counter_selectors(text[cut + 1 :], or_zero=True)
    return None if isinstance(good, Unbound) else good


def _closes(text: str) -> int:
    """Where the bracket that the text begins with is closed; -1 where it is not."""
    return next((at for at, depth in _depths(text) if depth == 0 and text[at] == ")"), -1)


def _minus(text: str) -> int | None:
    """Where the only minus outside of brackets stands."""
    found = [at for at, depth in _depths(text) if depth == 0 and text[at] == "-"]
    return found[0] if len(found) == 1 else None


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each position outside of strings, with how many brackets are open after it."""
    depth, quote, escaped = 0, "", False
    for at, sign in enumerate(text):
        if quote:
            escaped, quote = sign == "\\" and not escaped, "" if sign == quote and not escaped else quote
            continue
        if sign in "\"'`":
            quote = sign
        depth += (sign in "([{") - (sign in ")]}")
        yield at, depth
