"""`sloop adopt` and `prune`: what comes under our care by name, and what leaves it with a day's notice."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.estate import EstatePath
from app.cli.world import Actor, Allow, AllowDestroy, Json, Yes, ask, carry_out, permits_of, protected, world_of


def adopt(
    names: Annotated[list[str], typer.Argument(metavar="[PATH] NAME...", help="Names that `sloop plan` says are taken.")],
    yes: Yes = False,
    json: Json = False,
    actor: Actor = "",
) -> int:
    """Tag what exists under names that the estate wants as ours, and change nothing else: the next plan shows what differs.

    PATH is the estate, default SLOOP_ESTATE. Example: sloop adopt estate/ sloop/prod/database/cpu-high --yes
    """
    from slo.adoption import make_adopt
    from slo.errors import UsageError

    path = Path(names[0]) if Path(names[0]).exists() else None
    wanted = names[1:] if path is not None else names
    if not wanted:
        raise UsageError("adopt what? Give the names; `sloop plan` lists those that are taken")
    estate, world = world_of(path)
    made = make_adopt(estate.name, world.places, world.desired, world.provisioner.read(estate.name), wanted)
    if made.changes:
        told = ", ".join(c.resource.name for c in made.changes)
        ask(f"Tag {told} as estate {estate.name}'s?", f"adopt would tag {told}", yes=yes)
    return carry_out(made, world.provisioner, action="adopt", actor=actor, json=json)


def prune(
    path: EstatePath = None,
    yes: Yes = False,
    json: Json = False,
    allow_destroy: AllowDestroy = None,
    allow: Allow = None,
    actor: Actor = "",
) -> int:
    """Put alarms aside that are ours and declared by nobody: made quiet now, deleted by a run at least a day later.

    What is declared again before that gets its actions back by `sloop apply`. Exit code 3 blocked by a guard, 5 partly done.
    Example: sloop apply estate/ --keep-orphans; sloop prune estate/ --yes
    """
    from app.clock import WallClock
    from slo.pruning import make_prune

    permits = permits_of(allow_destroy, None, allow)
    estate, world = world_of(path)
    live, now = world.provisioner.read(estate.name), WallClock().wall()
    made = make_prune(estate.name, world.places, world.desired, live, now, permits, protected(estate))
    if made.unchanged:
        print(f"sloop: {made.unchanged} put aside before wait for their day to be over", file=sys.stderr)
    if made.changes and not made.guard.blocked:
        deletes = made.guard.deletes
        told = f"make {len(made.changes) - deletes} alarms quiet and delete {deletes}"
        ask(f"{told[0].upper()}{told[1:]} of estate {estate.name}?", f"prune would {told}", yes=yes)
    return carry_out(made, world.provisioner, action="prune", actor=actor, json=json)
