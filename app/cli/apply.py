"""`sloop apply` and `destroy`: what was shown is made, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.estate import EstatePath
from app.cli.plan import AcceptDrift, KeepOrphans, make
from app.cli.world import (
    Actor,
    Allow,
    AllowDestroy,
    AllowUpdates,
    Json,
    Yes,
    ask,
    carry_out,
    permits_of,
    tell,
    world_of,
)

if TYPE_CHECKING:
    from slo.plan import Plan


def apply(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A saved plan; without it: plan and apply.")] = None,
    json: Json = False,
    accept_drift: AcceptDrift = False,
    keep_orphans: KeepOrphans = False,
    allow_destroy: AllowDestroy = None,
    allow_updates: AllowUpdates = None,
    allow: Allow = None,
    actor: Actor = "",
) -> int:
    """Make AWS what the plan says. A saved plan is applied as it stands, or refused if the world moved since.

    After a kill the same saved plan goes on where it stopped. What a saved plan may do was said when it was made.
    Exit code 0 done or nothing to do, 3 blocked by a guard, 5 partly applied. FILE may also be an estate.
    Example: SLOOP_ESTATE=estate/ sloop apply
    """
    from slo.errors import UsageError
    from slo.guards import NOTHING_SAID

    permits = permits_of(allow_destroy, allow_updates, allow)
    if file is not None and not file.is_dir() and file.suffix not in (".yaml", ".yml"):
        if accept_drift or keep_orphans or permits != NOTHING_SAID:
            raise UsageError(
                f"{file}: what a saved plan may do is said when it is made; give that to `sloop plan --out {file}`"
            )
        return _apply_saved(file, actor, json=json)
    estate, world = world_of(file)
    made = make(estate, world, permits, accept_drift=accept_drift, keep_orphans=keep_orphans)
    return carry_out(made, world.provisioner, action="apply", actor=actor, json=json)


def destroy(path: EstatePath = None, yes: Yes = False, json: Json = False, actor: Actor = "") -> int:
    """Delete everything in AWS that carries this estate's tags, and nothing else. Exit code 5 when something is left.

    Example: sloop destroy estate/ --yes
    """
    from slo.plan import make_destroy

    estate, world = world_of(path)
    made = make_destroy(estate.name, world.places, world.provisioner.read(estate.name))
    if made.changes:
        count = len(made.changes)
        ask(f"Delete {count} resources of estate {estate.name}?", f"destroy would delete {count} resources", yes=yes)
    return carry_out(made, world.provisioner, action="destroy", actor=actor, json=json)


def _apply_saved(file: Path, actor: str, *, json: bool) -> int:
    """Refused unless the world is the one that the plan was made against, but for what this plan did itself."""
    from app.bootstrap_aws import provisioner
    from app.files import read_bytes
    from app.provision import left_to_do
    from app.settings import read_settings
    from slo.plan_file import read

    whole: Plan = read(read_bytes(file), str(file))
    known = provisioner(read_settings(), whole.places, tell)
    rest = left_to_do(whole, known.read(whole.estate)) if whole.changes and not whole.guard.blocked else whole
    return carry_out(rest, known, action="apply", actor=actor, json=json, whole=whole)
