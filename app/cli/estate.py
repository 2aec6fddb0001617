"""How commands read the estate that they are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import warn

if TYPE_CHECKING:
    from app.settings import Settings
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Estate and OpenSLO files or folders.")]
EstatePath = Annotated[Path | None, typer.Argument(metavar="PATH", help="Estate file or folder; default SLOOP_ESTATE.")]


def read(paths: list[Path], catalog: Catalog) -> Estate:
    """Warnings go to stderr; errors are raised."""
    from app.files import read_estate

    estate, problems = read_estate(paths, catalog)
    for problem in problems:
        warn(f"{problem.where}: {problem.what}")
    return estate


def read_own(path: Path | None, settings: Settings, catalog: Catalog) -> Estate:
    """That of SLOOP_ESTATE where no path is given; UsageError without either."""
    from slo.errors import UsageError

    where = path or (Path(settings.estate) if settings.estate else None)
    if where is None:
        raise UsageError("which estate? Give its file or folder, or set SLOOP_ESTATE")
    return read([where], catalog)
