from __future__ import annotations

from typing import Annotated

import typer

from app.cli.output import print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command()
def migrate(json: Json = False) -> int:
    """Bring the schema of SLOOP_DATABASE_URL up to date. Example: sloop db migrate"""
    from app.bootstrap import migrate_database
    from app.settings import read_settings

    return _say(migrate_database(read_settings()), json=json)


@app.command()
def check(json: Json = False) -> int:
    """Whether this program can work on the schema of SLOOP_DATABASE_URL. Example: sloop db check"""
    from app.bootstrap import check_database
    from app.settings import read_settings

    return _say(check_database(read_settings()), json=json)


def _say(outcome: tuple[str, str], *, json: bool) -> int:
    database, schema = outcome
    if json:
        print_json({"database": database, "schema": schema})
    else:
        print(f"{database}: schema {schema}")
    return 0
