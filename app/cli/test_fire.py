from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import print_json, print_table

if TYPE_CHECKING:
    from alerts.test_fire import Evidence
    from slo.estate.spec import Component, Estate


def fire(
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="A component of SLOOP_ESTATE.")],
    json: Annotated[bool, typer.Option("--json", help="The evidence as JSON.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0.1, max=3600, help="For each of the two messages.")
    ] = 30.0,
    actor: Annotated[str, typer.Option("--actor", metavar="NAME", help="Who tests; default $USER.")] = "",
) -> int:
    """Send ALARM, then OK, down the live way to the pager, and time every hop. It pages whoever is on call, as a test.

    The running service sends them: it needs the same SLOOP_DATABASE_URL. Evidence and journal are stored there. Exit code 1
    when a hop hung: one line says which, and what to do.
    Example: sloop test-fire database --wait 30
    """
    from alerts.test_fire import advice, document
    from app.bootstrap_offline import fire_test
    from app.cli.estate import read_own
    from app.files import read_catalog
    from app.settings import read_settings
    from slo.errors import DeliveryError

    settings = read_settings()
    estate = read_own(None, settings, read_catalog())
    declared = _declared(estate, component)
    evidence = fire_test(settings, estate, declared, actor or os.environ.get("USER") or "cli", wait)
    if json:
        print_json(document(evidence))
    else:
        _show(evidence)
    if not evidence.passed:
        raise DeliveryError(advice(evidence, wait), retryable=True)
    return 0


def _declared(estate: Estate, name: str) -> Component:
    from difflib import get_close_matches

    from slo.errors import UsageError

    known = {c.name: c for c in estate.components}
    if name not in known:
        near = get_close_matches(name, known, n=2, cutoff=0.6)
        hint = f"; is it {' or '.join(near)}?" if near else ""
        raise UsageError(f"there is no component {name!r} in estate {estate.name}{hint}")
    return known[name]


def _show(evidence: Evidence) -> None:
    from alerts.test_fire import HOPS

    rows = [
        [leg.state, *("-" if leg.hops[hop] is None else f"{leg.hops[hop]:.3f} s" for hop in HOPS), leg.provider_id or "-"]
        for leg in evidence.legs
    ]
    print(evidence.key)
    print_table(["message", *HOPS, "provider id"], rows)
