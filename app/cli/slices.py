from __future__ import annotations

import sys
from typing import Annotated

import typer


def slices(
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="First minute, ISO 8601 with zone.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="First minute left out.")],
    objective: Annotated[str | None, typer.Option("--objective", metavar="ID", help="Only the indicator of this one.")] = None,
    json: Annotated[bool, typer.Option("--json", help="NDJSON instead of CSV.")] = False,
) -> int:
    """The service's own slices, as a slices file: what `sloop evaluate` reads.

    The database is the one of SLOOP_DATABASE_URL.
    Example: sloop slices --from 2026-05-01T00:00:00Z --to 2026-06-01T00:00:00Z > may.csv
    """
    from app.bootstrap_offline import stored_slices
    from app.cli.offline import minute_of
    from app.settings import read_settings
    from slo.judge import slices_file

    first, last = minute_of("--from", start), minute_of("--to", end)
    found = stored_slices(read_settings(), first, last, objective)
    sys.stdout.writelines(slices_file.render(found, ndjson=json))
    return 0
