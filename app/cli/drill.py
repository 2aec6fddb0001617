from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.output import print_json, print_table

if TYPE_CHECKING:
    from slo.judge.drill import Drill

PIECE = 1 << 20
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, as /api/v1/drills has it.")]
Actor = Annotated[str, typer.Option("--actor", metavar="NAME", help="Who says so; default $USER.")]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What the next reader should know.")]


@app.command()
def start(
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="A component of SLOOP_ESTATE.")],
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="az-loss, region-loss, ... as in the estate.")],
    participant: Annotated[
        list[str] | None, typer.Option("--participant", metavar="NAME", help="Who takes part; may be repeated.")
    ] = None,
    note: Note = None,
    actor: Actor = "",
    json: Json = False,
) -> int:
    """Begin a recovery drill now. One drill of a component and scenario runs at a time.

    It is kept in SLOOP_DATABASE_URL, with an event and a line in the journal.
    Example: sloop drill start database az-loss --participant ana --note "standby of 1b"
    """
    from app.bootstrap_offline import drill_book
    from app.cli.estate import read_own
    from app.drills import Start
    from app.files import read_catalog
    from app.settings import read_settings

    settings = read_settings()
    estate = read_own(None, settings, read_catalog())
    with drill_book(settings) as book:
        wish = Start(component, scenario, _actor(actor), tuple(participant or ()), note)
        drill = book.start(estate, wish)
    _tell(drill, json=json)
    return 0


@app.command()
def finish(
    drill_id: Annotated[str, typer.Argument(metavar="ID", help="What `sloop drill start` printed.")],
    outcome: Annotated[Literal["passed", "failed"], typer.Option("--outcome", help="Whether recovery worked.")],
    lost: Annotated[
        str | None, typer.Option("--lost", metavar="DURATION", help="How much newer the data was than what came back: 90s, 5m.")
    ] = None,
    artefact: Annotated[
        Path | None, typer.Option("--artefact", metavar="FILE", help="Evidence; its name and SHA-256 are kept, not the file.")
    ] = None,
    note: Note = None,
    actor: Actor = "",
    json: Json = False,
) -> int:
    """End a recovery drill now. A drill that was started by mistake fails, with a note that says so.

    Example: sloop drill finish database.az-loss.1 --outcome passed --lost 0s --artefact psql.log
    """
    from app.bootstrap_offline import drill_book
    from app.drills import Finish, parse_lost
    from app.settings import read_settings

    wish = Finish(
        outcome,
        _actor(actor),
        None if lost is None else parse_lost(lost),
        None if artefact is None else _sha256(artefact),
        None if artefact is None else artefact.name,
        note,
    )
    with drill_book(read_settings()) as book:
        drill = book.finish(drill_id, wish)
    _tell(drill, json=json)
    return 0


@app.command("list")
def show(
    component: Annotated[str | None, typer.Option("--component", metavar="NAME", help="Only of this one.")] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="NAME", help="Only of this one.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="The newest so many.")] = 50,
    json: Json = False,
) -> int:
    """The recovery drills in SLOOP_DATABASE_URL, newest first. Example: sloop drill list --component database"""
    from app.bootstrap_offline import drill_book
    from app.drills import document
    from app.settings import read_settings

    with drill_book(read_settings()) as book:
        drills = book.latest(limit=limit, component=component, scenario=scenario)
    if json:
        print_json({"items": [document(drill) for drill in drills]})
    elif drills:
        print_table(["DRILL", "BEGAN", "OUTCOME", "TOOK", "LOST", "WHO"], [_row(drill) for drill in drills])
    return 0


def _actor(name: str) -> str:
    return name or os.environ.get("USER") or "cli"


def _sha256(file: Path) -> str:
    from hashlib import sha256

    from app.files import read_pieces

    digest = sha256()
    for piece in read_pieces(file, PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _tell(drill: Drill, *, json: bool) -> None:
    from app.drills import document
    from slo.units import format_seconds

    if json:
        print_json(document(drill))
    elif drill.finished_at is None:
        print(f"{drill.id} began at {format_seconds(drill.started_at)}")
        print(f"when it is over: sloop drill finish {drill.id} --outcome passed")
    else:
        print(f"{drill.id} {drill.outcome} after {_took(drill)}")


def _took(drill: Drill) -> str:
    from app.web.numbers import age

    return "" if drill.finished_at is None else age(drill.finished_at - drill.started_at)


def _row(drill: Drill) -> list[str]:
    from app.web.numbers import age
    from slo.units import format_seconds

    lost = "-" if drill.lost_seconds is None else age(drill.lost_seconds)
    who = ", ".join(dict.fromkeys((drill.actor, *drill.participants)))
    began = format_seconds(drill.started_at)
    return [drill.id, began, drill.outcome or "running", _took(drill) or "-", lost, who]
