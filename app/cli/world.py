"""What the commands that write to AWS share: the world, a question before, a journal beside, an outcome after."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import print_json, warn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.apply_journal import Journal
    from app.provision import Outcome, Provisioner, Provisioning
    from slo.estate.spec import Estate
    from slo.guards import Permits
    from slo.plan import Change, Plan

NOTHING, CHANGES, BLOCKED, DRIFT, PARTLY = 0, 2, 3, 4, 5

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Actor = Annotated[str, typer.Option("--actor", metavar="NAME", help="Who does it, for the journal; default $USER.")]
AllowDestroy = Annotated[
    int | None,
    typer.Option("--allow-destroy", metavar="N", min=0, help="Permit exactly so many deletes, beyond the free ones."),
]
AllowUpdates = Annotated[
    int | None,
    typer.Option("--allow-updates", metavar="N", min=0, help="Permit exactly so many updates, beyond the free ones."),
]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="CODE", help="Permit what the guard of this code forbids; repeatable.")
]


def world_of(path: Path | None) -> tuple[Estate, Provisioning]:
    from app.bootstrap_aws import provisioning
    from app.cli.estate import read_own
    from app.files import read_catalog
    from app.settings import read_settings

    settings, catalog = read_settings(), read_catalog()
    estate = read_own(path, settings, catalog)
    return estate, provisioning(settings, estate, catalog, tell)


def permits_of(destroy: int | None, updates: int | None, codes: list[str] | None) -> Permits:
    """UsageError of a code that no guard has."""
    from slo.errors import UsageError
    from slo.guards import ALLOWABLE, Permits

    for code in codes or ():
        if code not in ALLOWABLE:
            raise UsageError(f"--allow {code}: there is no such guard; there are {', '.join(ALLOWABLE)}")
    return Permits(destroy, updates, frozenset(codes or ()))


def protected(estate: Estate) -> tuple[str, ...]:
    return tuple(c.name for c in estate.components if c.tier == 1)


def ask(question: str, unasked: str, *, yes: bool) -> None:
    """UsageError where there is nobody to ask; it aborts on a no."""
    from slo.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{unasked}; say --yes to do it without being asked")
    typer.confirm(question, abort=True, err=True)


def carry_out(made: Plan, provisioner: Provisioner, *, action: str, actor: str, json: bool, whole: Plan | None = None) -> int:
    """`whole` is the plan that `made` is the rest of. The exit code."""
    if made.guard.blocked:
        for reason in made.guard.blocked:
            print(f"sloop: blocked: {reason}", file=sys.stderr)
        return BLOCKED
    with _journal(whole or made, action, actor) as journal:
        outcome = provisioner.apply(made, journal.wrote)
        journal.ended(outcome)
    show(outcome, json=json)
    return PARTLY if outcome.failed else NOTHING


def show(outcome: Outcome, *, json: bool) -> None:
    from app.cli.plan_text import outcome_document, outcome_lines

    if json:
        print_json(outcome_document(outcome))
    elif not outcome.done and not outcome.failed:
        print("nothing to do")
    else:
        print("\n".join(outcome_lines(outcome)))


def tell(change: Change) -> None:
    from app.cli.plan_text import change_line

    print(change_line(change), file=sys.stderr, flush=True)


@contextmanager
def _journal(plan: Plan, action: str, actor: str) -> Iterator[Journal]:
    """Only where SLOOP_DATABASE_URL names a database that is there: none is made for it, and no run waits for it."""
    from app.apply_journal import ApplyJournal, NoJournal
    from app.bootstrap_offline import open_existing
    from app.clock import WallClock
    from app.settings import read_settings
    from slo.errors import SloopError

    settings = read_settings()
    if not plan.changes or not settings.database_url:
        yield NoJournal()
        return
    try:
        store: Any = open_existing(settings)
    except SloopError as error:
        warn(f"the journal is not kept: {error}")
        yield NoJournal()
        return
    try:
        yield ApplyJournal(store, plan, action, actor or _whoever(plan), WallClock().now, warn)
    finally:
        store.close()


def _whoever(plan: Plan) -> str:
    from app.bootstrap_aws import caller

    return os.environ.get("USER") or caller(plan.places)
