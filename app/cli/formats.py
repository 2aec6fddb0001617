"""How a plan or a drift is told: for people, for programs, or for a comment."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import typer

Formats = Literal["text", "json", "markdown"]
Format = Annotated[
    str | None, typer.Option("--format", "-o", metavar="FORMAT", help="text, json or markdown (for a comment, up to 60 kB).")
]


def format_of(given: str | None, *, json: bool) -> Formats:
    """`--json` is the same as `-o json`; UsageError where the two disagree, or of another name."""
    from slo.errors import UsageError

    known: dict[str, Formats] = {name: name for name in get_args(Formats)}
    if given is None:
        return "json" if json else "text"
    if given not in known or (json and given != "json"):
        raise UsageError(f"-o {given}: give one of {', '.join(known)}" + (", and not --json beside it" if json else ""))
    return known[given]
