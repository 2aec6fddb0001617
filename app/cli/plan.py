"""`sloop plan` and `drift`: what would change in AWS and what was changed there, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.estate import EstatePath
from app.cli.formats import Format, format_of
from app.cli.output import print_json
from app.cli.world import (
    BLOCKED,
    CHANGES,
    DRIFT,
    NOTHING,
    Allow,
    AllowDestroy,
    AllowUpdates,
    Json,
    permits_of,
    protected,
    world_of,
)

if TYPE_CHECKING:
    from alerts.weekly import Weekly
    from app.cli.formats import Formats
    from app.provision import Provisioning
    from slo.estate.spec import Estate
    from slo.guards import Permits
    from slo.plan import Plan

AcceptDrift = Annotated[bool, typer.Option("--accept-drift", help="Write over what was changed by hand.")]
KeepOrphans = Annotated[bool, typer.Option("--keep-orphans", help="Leave what is declared no more; `sloop prune` has it.")]
Backtest = Annotated[
    str | None,
    typer.Option("--backtest", metavar="FILE|DAYS", help="Add pages per week, from slices or the stored ones of so many days."),
]


def plan(
    path: EstatePath = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Save the plan for `sloop apply FILE`.")] = None,
    json: Json = False,
    form: Format = None,
    accept_drift: AcceptDrift = False,
    keep_orphans: KeepOrphans = False,
    allow_destroy: AllowDestroy = None,
    allow_updates: AllowUpdates = None,
    allow: Allow = None,
    backtest: Backtest = None,
) -> int:
    """Show what would change in AWS. Reads only. Exit code 0 no changes, 2 changes, 3 blocked by a guard.

    Example: sloop plan estate/ --out plan.json; sloop apply plan.json

    Example: sloop plan estate/ --backtest 30

    Example: sloop plan estate/ -o markdown > comment.md
    """
    from app.files import write_file
    from slo.plan_file import document
    from slo.resource import canonical

    shape, permits = format_of(form, json=json), permits_of(allow_destroy, allow_updates, allow)
    estate, world = world_of(path)
    told = _weekly(backtest, estate) if backtest is not None else None
    made = make(estate, world, permits, accept_drift=accept_drift, keep_orphans=keep_orphans)
    if out is not None:
        write_file(out, canonical(document(made)).encode() + b"\n")
    _show(made, world, told, shape)
    return BLOCKED if made.guard.blocked else CHANGES if made.changes else NOTHING


def drift(path: EstatePath = None, json: Json = False, form: Format = None) -> int:
    """Show what somebody else changed, and who where CloudTrail knows. Reads only. Exit code 4 when there is any.

    Example: sloop drift estate/
    """
    from app.bootstrap_aws import trail
    from app.cli import drift_text
    from slo.plan import drift_of

    shape = format_of(form, json=json)
    estate, world = world_of(path)
    found = drift_of(estate.name, world.desired, world.provisioner.read(estate.name))
    told = drift_text.traced(found, trail(world.places))
    if shape == "json":
        print_json(drift_text.document(estate.name, told))
    elif shape == "markdown":
        print(drift_text.markdown(estate.name, told))
    else:
        print("\n".join(drift_text.lines(told)) or f"Estate {estate.name}: nothing was changed by anybody else")
    return DRIFT if found else NOTHING


def make(
    estate: Estate, world: Provisioning, permits: Permits, *, accept_drift: bool = False, keep_orphans: bool = False
) -> Plan:
    from slo.errors import ProvisionError
    from slo.plan import make_plan

    if not estate.components:
        raise ProvisionError(f"estate {estate.name} declares no component; `sloop destroy` deletes everything of an estate")
    return make_plan(
        estate.name,
        world.places,
        world.desired,
        world.provisioner.read(estate.name),
        accept_drift=accept_drift,
        keep_orphans=keep_orphans,
        permits=permits,
        protected=protected(estate),
    )


def _show(made: Plan, world: Provisioning, told: tuple[Weekly, ...] | None, shape: Formats) -> None:
    from alerts import weekly
    from alerts.prices import choices
    from app.cli.plan_markdown import plan_markdown
    from app.cli.plan_text import plan_lines
    from app.clock import WallClock
    from app.files import read_prices
    from slo.plan_file import document

    after = () if told is None else tuple(weekly.lines(told))
    if shape == "json":
        print_json(document(made) | ({} if told is None else {"backtest": weekly.document(told)}))
    elif shape == "markdown":
        print(plan_markdown(made, after))
    else:
        costs = choices(world.desired, read_prices())
        shown = plan_lines(made, WallClock().wall(), world.without, world.notes, costs)
        print("\n".join((*shown, *after)))


def _weekly(given: str, estate: Estate) -> tuple[Weekly, ...]:
    from app.cli.plan_backtest import expected
    from app.clock import WallClock
    from app.settings import read_settings

    return expected(given, estate, read_settings(), int(WallClock().wall().timestamp()) // 60)
