from __future__ import annotations

from typing import Annotated

import typer

from app.cli.estate import Paths
from app.cli.output import print_json


def check(
    paths: Paths,
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
) -> int:
    """Validate estate and OpenSLO files: every problem at once, with file, line, path and fix.

    Example: sloop check estate/ --strict
    """
    from dataclasses import asdict, replace

    from app.files import read_catalog, read_specs
    from slo.estate.load import load

    problems = load(tuple(read_specs(paths)), read_catalog()).problems
    if strict:
        problems = tuple(replace(p, severity="error") for p in problems)
    if json:
        print_json({"problems": [asdict(p) for p in problems]})
    else:
        for problem in problems:
            print(problem)
    return int(any(p.severity == "error" for p in problems))
