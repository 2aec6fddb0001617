"""What the commands share that judge a slices file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import estate as estates
from app.cli.output import warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate
    from slo.judge.series import Slices

SlicesFile = Annotated[Path, typer.Option("--slices", help="Slices file, .csv or .ndjson.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def minute_of(option: str, text: str) -> int:
    """UsageError names the option."""
    from slo.errors import UsageError
    from slo.units import parse_minute

    try:
        return parse_minute(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def read(paths: list[Path], slices: Path) -> tuple[Estate, Mapping[str, Slices]]:
    """Warnings go to stderr; errors are raised."""
    from app.files import read_catalog

    estate = estates.read(paths, read_catalog())
    return estate, measured(estate, slices)


def measured(estate: Estate, slices: Path) -> Mapping[str, Slices]:
    """By indicator, with a warning for each that the estate does not have."""
    from app.files import read_pieces
    from slo.judge import slices_file
    from slo.judge.evaluate import unknown_indicators

    found = slices_file.parse(str(slices), read_pieces(slices, slices_file.CHUNK))
    for indicator in unknown_indicators(estate, found):
        warn(f"{slices}: indicator {indicator!r} is not in the estate; its slices are not used")
    return found
