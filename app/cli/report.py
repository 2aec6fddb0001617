from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import print_json, warn

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def report(
    context: typer.Context,
    week: Annotated[str | None, typer.Option("--week", metavar="WEEK", help="ISO week, like 2026-W46.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder to write into; made if missing.")] = None,
    estate: Annotated[Path | None, typer.Option("--estate", metavar="PATH", help="Instead of SLOOP_ESTATE.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Also a week that is not over; the report says so.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The manifest on stdout.")] = False,
) -> int:
    """The weekly report from the service's database: JSON, HTML, CSV and a manifest with SHA-256.

    The database is the one of SLOOP_DATABASE_URL. `sloop report verify DIR` checks what was written.
    Examples: sloop report --week 2026-W46 --out w46; sloop report verify w46
    """
    if context.invoked_subcommand is not None:
        return 0
    from slo.errors import UsageError
    from slo.judge.compliance import week as week_of

    if week is None or out is None:
        raise UsageError("sloop report needs --week and --out, like: sloop report --week 2026-W46 --out DIR")
    try:
        period = week_of(week)
    except ValueError as error:
        raise UsageError(f"--week: {error}") from None
    from app.bootstrap_report import write_report
    from app.settings import read_settings

    manifest, new = write_report(read_settings(), period, out, estate, partial=partial)
    if not new:
        warn(f"{out}: this very report is there already; nothing was written")
    if json:
        print_json(manifest)
    else:
        marked = " (partial)" if manifest["period"]["partial"] else ""
        print(f"{manifest['estate']} {manifest['period']['week']} r{manifest['revision']}{marked}: {out}")
        print(f"body {manifest['body_sha256']}")
    return 0


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of one report.")],
    json: Annotated[bool, typer.Option("--json", help="Problems as JSON.")] = False,
) -> int:
    """Whether every file of a report is what its manifest and its JSON say. Exit 1 names each file that is not.

    Example: sloop report verify w46
    """
    from app.reports.manifest import read
    from app.reports.manifest import verify as problems_of

    problems = problems_of(folder)
    if json:
        print_json({"ok": not problems, "problems": problems})
    elif problems:
        print("\n".join(problems))
    else:
        print(f"{folder}: every file is as it was written; body {read(folder)['body_sha256']}")
    return int(bool(problems))
