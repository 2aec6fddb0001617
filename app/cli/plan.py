"""`sloop plan`, `apply`, `drift` and `destroy`: the estate's alarms and topics in AWS, shown before they are made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.estate import EstatePath
from app.cli.output import print_json

if TYPE_CHECKING:
    from app.provision import Outcome, Provisioner, Provisioning
    from slo.estate.spec import Estate
    from slo.plan import Change, Plan

NOTHING, CHANGES, BLOCKED, DRIFT, PARTLY = 0, 2, 3, 4, 5

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
AcceptDrift = Annotated[bool, typer.Option("--accept-drift", help="Write over what was changed by hand.")]
AllowDestroy = Annotated[
    int | None,
    typer.Option("--allow-destroy", metavar="N", min=0, help="Permit exactly so many deletes, beyond the free ones."),
]


def plan(
    path: EstatePath = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `sloop apply FILE`.")] = None,
    json: Json = False,
    accept_drift: AcceptDrift = False,
    allow_destroy: AllowDestroy = None,
) -> int:
    """Show what would change in AWS. Reads only. Exit code 0 no changes, 2 changes, 3 blocked by a guard.

    Example: sloop plan estate/ --out plan.json; sloop apply plan.json
    """
    from app.clock import WallClock
    from app.files import write_file
    from slo.plan_file import document
    from slo.resource import canonical

    estate, world = _world(path)
    made = _plan(estate, world, accept_drift=accept_drift, allow_destroy=allow_destroy)
    if out is not None:
        write_file(out, canonical(document(made)).encode() + b"\n")
    if json:
        print_json(document(made))
    else:
        from app.cli.plan_text import plan_lines

        print("\n".join(plan_lines(made, WallClock().wall(), world.without, world.notes)))
    return BLOCKED if made.guard.blocked else CHANGES if made.changes else NOTHING


def apply(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A saved plan; without it: plan and apply.")] = None,
    json: Json = False,
    accept_drift: AcceptDrift = False,
    allow_destroy: AllowDestroy = None,
) -> int:
    """Make AWS what the plan says. A saved plan is applied as it stands, or refused if the world moved since.

    Exit code 0 done or nothing to do, 3 blocked by a guard, 5 partly applied. FILE may also be an estate.
    Example: SLOOP_ESTATE=estate/ sloop apply
    """
    if file is None or file.is_dir() or file.suffix in (".yaml", ".yml"):
        estate, world = _world(file)
        made, provisioner = _plan(estate, world, accept_drift=accept_drift, allow_destroy=allow_destroy), world.provisioner
    else:
        made, provisioner = _saved(file)
    return _apply(made, provisioner, json=json)


def drift(path: EstatePath = None, json: Json = False) -> int:
    """Show what somebody else changed: by hand, removed, or left behind. Reads only. Exit code 4 when there is any.

    Example: sloop drift estate/
    """
    from slo.plan import drift_of
    from slo.plan_file import drift_document

    estate, world = _world(path)
    found = drift_of(estate.name, world.desired, world.provisioner.read(estate.name))
    if json:
        print_json(drift_document(estate.name, found))
    else:
        from app.cli.plan_text import drift_line

        print("\n".join(map(drift_line, found)) or f"Estate {estate.name}: nothing was changed by anybody else")
    return DRIFT if found else NOTHING


def destroy(
    path: EstatePath = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> int:
    """Delete everything in AWS that carries this estate's tags, and nothing else. Exit code 5 when something is left.

    Example: sloop destroy estate/ --yes
    """
    from slo.errors import UsageError
    from slo.plan import make_destroy

    estate, world = _world(path)
    made = make_destroy(estate.name, world.places, world.provisioner.read(estate.name))
    if made.changes and not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"destroy would delete {len(made.changes)} resources; say --yes to do it without being asked")
        typer.confirm(f"Delete {len(made.changes)} resources of estate {estate.name}?", abort=True, err=True)
    return _apply(made, world.provisioner, json=json)


def _apply(made: Plan, provisioner: Provisioner, *, json: bool) -> int:
    if made.guard.blocked:
        for reason in made.guard.blocked:
            print(f"sloop: blocked: {reason}", file=sys.stderr)
        return BLOCKED
    outcome = provisioner.apply(made)
    _show(outcome, json=json)
    return PARTLY if outcome.failed else NOTHING


def _show(outcome: Outcome, *, json: bool) -> None:
    from app.cli.plan_text import outcome_document, outcome_lines

    if json:
        print_json(outcome_document(outcome))
    elif not outcome.done and not outcome.failed:
        print("nothing to do")
    else:
        print("\n".join(outcome_lines(outcome)))


def _world(path: Path | None) -> tuple[Estate, Provisioning]:
    from app.bootstrap_aws import provisioning
    from app.cli.estate import read_own
    from app.files import read_catalog
    from app.settings import read_settings

    settings, catalog = read_settings(), read_catalog()
    estate = read_own(path, settings, catalog)
    return estate, provisioning(settings, estate, catalog, _tell)


def _plan(estate: Estate, world: Provisioning, *, accept_drift: bool, allow_destroy: int | None) -> Plan:
    from slo.errors import ProvisionError
    from slo.plan import make_plan

    if not estate.components:
        raise ProvisionError(f"estate {estate.name} declares no component; `sloop destroy` deletes everything of an estate")
    live = world.provisioner.read(estate.name)
    return make_plan(estate.name, world.places, world.desired, live, accept_drift=accept_drift, allow_destroy=allow_destroy)


def _saved(file: Path) -> tuple[Plan, Provisioner]:
    """Refused unless the world is still the one that the plan was made against."""
    from app.bootstrap_aws import provisioner
    from app.files import read_bytes
    from app.provision import check_unmoved
    from app.settings import read_settings
    from slo.plan_file import read

    made = read(read_bytes(file), str(file))
    known = provisioner(read_settings(), made.places, _tell)
    if made.changes and not made.guard.blocked:
        check_unmoved(made, known.read(made.estate))
    return made, known


def _tell(change: Change) -> None:
    from app.cli.plan_text import change_line

    print(change_line(change), file=sys.stderr, flush=True)
