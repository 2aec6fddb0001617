from __future__ import annotations

import sys
from typing import Annotated

import typer


def schema(
    json: Annotated[bool, typer.Option("--json", help="As it is anyhow: a schema is JSON.")] = False,  # noqa: ARG001  # every command takes it
) -> int:
    """The JSON Schema of estate files: with it an editor completes and checks them while they are written.

    Example: sloop schema > estate.schema.json
    """
    from app.files import read_catalog
    from slo.estate.schema import render

    sys.stdout.write(render(read_catalog()))
    return 0
