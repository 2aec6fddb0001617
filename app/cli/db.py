from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.books import Difference, Proof

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]
FITS = "fits this program"


@app.command()
def migrate(json: Json = False) -> int:
    """Bring the schema of SLOOP_DATABASE_URL up to date. Example: sloop db migrate"""
    from app.bootstrap_offline import migrate_database
    from app.settings import read_settings

    database, schema = migrate_database(read_settings())
    if json:
        print_json({"database": database, "schema": schema})
    else:
        print(f"{database}: schema {schema}")
    return 0


@app.command()
def check(json: Json = False) -> int:
    """Whether this program can work on SLOOP_DATABASE_URL, and every stored sum is that of its minutes.

    Running sums, hours and derived slots are counted once more from the stored minutes, and every difference is named;
    so is every row that is damaged. Either exits with 1. Nothing is changed, and the service may go on meanwhile.

    Example: sloop db check
    """
    from app.bootstrap_offline import check_database
    from app.settings import read_settings

    database, proof = check_database(read_settings(), lambda text: print(text, file=sys.stderr))
    if json:
        print_json({"database": database, "schema": FITS, "agrees": proof.holds, **asdict(proof)})
    else:
        for line in _lines(database, proof):
            print(line)
    return 0 if proof.holds else 1


def _lines(database: str, proof: Proof) -> Iterator[str]:
    yield f"{database}: schema {FITS}"
    yield from (f"damaged: {row.kind} of minute {row.minute} in {row.shard}" for row in proof.damaged)
    yield from map(_line, proof.differences)
    yield from (f"put aside before: {row.kind} of minute {row.minute} in {row.shard}" for row in proof.quarantined)
    yield from (f"not checked, no declaration explains it: {slot}" for slot in proof.unknown)
    outcome = f"{len(proof.differences):,} differences, {len(proof.damaged):,} damaged rows" if not proof.holds else "all agree"
    yield f"{proof.shards:,} shards, {proof.frames:,} minutes, {proof.hours:,} hours: {outcome}"


def _line(found: Difference) -> str:
    where = f"{found.shard}: {found.slot}: {found.kind} of {found.window}"
    return f"{where}: {found.count} is {found.found:,}, its minutes say {found.expected:,}"
