from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def migrate() -> int:
    """Bring the schema of SLOOP_DATABASE_URL up to date. Example: sloop db migrate"""
    from app.bootstrap import migrate_database
    from app.settings import read_settings

    print(migrate_database(read_settings()))
    return 0


@app.command()
def check() -> int:
    """Whether this program can work on the schema of SLOOP_DATABASE_URL. Example: sloop db check"""
    from app.bootstrap import check_database
    from app.settings import read_settings

    print(check_database(read_settings()))
    return 0
