"""An objective as `/api/v1/slos` gives it: rendered where its verdict is made, so that a request has only to join them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import orjson

from app.snapshot import sampled
from slo.judge import document
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.indicator import Indicator
    from slo.judge.verdict import Verdict

_NO_BREACH = b"null}"


class Item(NamedTuple):
    """`digest` is of the body: a list of many is told from another by theirs, without reading it all again."""

    body: bytes
    digest: bytes

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Item:
        text = orjson.dumps(document)
        return cls(text, sha256(text).digest())


def body(verdict: Verdict, *, is_sampled: bool) -> dict[str, Any]:
    """As `evaluate` prints it, and `at`, `sampled`, `links`, `breach`; the breach is null, and last."""
    objective = verdict.objective
    return {
        **document.document(verdict),
        "at": format_minute(verdict.at),
        "sampled": is_sampled,
        "links": links(objective.id, objective.component),
        "breach": None,
    }


@lru_cache(maxsize=16_384)
def links(objective: str, component: str) -> dict[str, str]:
    return {
        "self": f"/api/v1/slos/{quote(objective)}",
        "history": f"/api/v1/slos/{quote(objective)}/history",
        "html": f"/slos/{quote(objective)}",
        "component": f"/api/v1/components/{quote(component)}",
    }


def rendered(
    verdicts: Mapping[str, Verdict],
    indicators: Mapping[str, Indicator],
    known: Mapping[str, Verdict],
    before: Mapping[str, Item],
) -> dict[str, Item]:
    """Each verdict's body as JSON, by objective id: that of `before` where the verdict is the `known` one."""
    return {
        name: before[name]
        if name in before and _same(verdict, known[name])
        else Item.of(body(verdict, is_sampled=sampled(indicators, verdict.objective)))
        for name, verdict in verdicts.items()
    }


def with_breach(item: Item, breach: Mapping[str, Any]) -> Item:
    """The same with the breach in the place of its null."""
    text = item.body[: -len(_NO_BREACH)] + orjson.dumps(breach) + b"}"
    return Item(text, sha256(text).digest())


def _same(verdict: Verdict, known: Verdict) -> bool:
    """But for the version of the shard, which a minute of others' slots changes too."""
    return verdict.at == known.at and replace(verdict, data_version=known.data_version) == known
