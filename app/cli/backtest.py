from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.estate import Paths
from app.cli.offline import Json, SlicesFile, minute_of, read
from app.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.backtest import Played, Terms
    from alerts.incidents import Incident
    from alerts.native_trial import NativeTrial
    from slo.estate.policies import Policies
    from slo.estate.spec import Estate
    from slo.judge.series import Slices

IncidentsFile = Annotated[
    Path | None, typer.Option("--incidents", metavar="FILE", help="What really happened: CSV of start,end[,objective][,name].")
]
Compared = Annotated[
    list[str] | None,
    typer.Option("--policies", metavar="FILE|NAME", help="Compare: a file of policies, or one of the estate. May be repeated."),
]
Flaps = Annotated[int, typer.Option("--flap-transitions", min=0, help="Hold open what would turn so often in an hour; 0: off.")]
Native = Annotated[bool, typer.Option("--native", help="Beside it what CloudWatch's own alarms would have done without Sloop.")]
Picture = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Draw burn, pages and incidents into a file.")]


def backtest(
    paths: Paths,
    slices: SlicesFile,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="First minute judged.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Last minute judged.")] = None,
    incidents: IncidentsFile = None,
    policies: Compared = None,
    flap_transitions: Flaps = 0,
    svg: Picture = None,
    native: Native = False,
    json: Json = False,
) -> int:
    """The pages and tickets that the policy would have sent.

    Example: sloop backtest estate.yaml --slices may.csv --from 2026-05-01T00:00:00Z --json

    Example: sloop backtest estate.yaml --slices may.csv --native

    Example: sloop backtest estate.yaml --slices may.csv --incidents may-incidents.csv --policies strict --svg may.svg
    """
    from alerts.backtest import as_document, in_order
    from alerts.backtest_svg import draw
    from alerts.native_document import native as document
    from alerts.trial import DECLARED, attempt, compare, effect
    from alerts.trial_document import extras
    from app.cli.backtest_text import print_trials
    from app.cli.native_text import print_native
    from app.files import write_file

    terms = _terms(start, end, flap_transitions)
    estate, measured = read(paths, slices)
    known = None if incidents is None else _incidents(incidents, estate)
    others = _policies(policies or [], estate)
    declared = attempt(DECLARED, estate, measured, terms, known)
    trials = [declared, *compare(estate, measured, terms, others, known)]
    effects = [found for trial in trials if (found := effect(trial, estate, measured, known)) is not None]
    beside = _native(estate, declared.played, measured) if native else None
    if svg is not None:
        title = f"Back-test of {estate.name}"
        write_file(svg, draw(title, declared.played, measured, known or ()).encode())
    if json:
        told = as_document(in_order(declared.played))
        more = {} if beside is None else {"native": document(beside)}
        print_json(told | extras(declared.score, trials if others else [], effects) | more)
    else:
        print_trials(trials, effects)
        if beside is not None:
            print_native(beside)
    return 0


def _native(estate: Estate, played: Sequence[Played], measured: Mapping[str, Slices]) -> NativeTrial:
    from alerts.desired import wanted_alarms
    from alerts.native_trial import native_trial
    from app.files import read_catalog

    catalog = read_catalog()
    declared = wanted_alarms(estate, catalog).resources if estate.accounts else ()
    return native_trial(estate, catalog, declared, played, measured)


def _terms(start: str | None, end: str | None, flap_transitions: int) -> Terms:
    from alerts.backtest import Terms
    from slo.errors import UsageError

    first = None if start is None else minute_of("--from", start)
    last = None if end is None else minute_of("--to", end)
    if first is not None and last is not None and first > last:
        raise UsageError(f"--from {start} is after --to {end}")
    if flap_transitions == 1:
        raise UsageError(
            "--flap-transitions 1 would never resolve anything: to open is one already; give 2 or more, or 0 for off"
        )
    return Terms(first, last, flap_transitions=flap_transitions)


def _incidents(file: Path, estate: Estate) -> tuple[Incident, ...]:
    from alerts.incidents import parse
    from app.files import read_bytes

    return parse(str(file), read_bytes(file), {objective.id for objective in estate.objectives})


def _policies(named: list[str], estate: Estate) -> Policies:
    """A name of the estate wins over a file in this folder that is called so."""
    from app.files import read_bytes
    from slo.errors import UsageError
    from slo.estate.policies import parse

    found: Policies = {}
    for name in named:
        if name in estate.policies:
            more = {name: estate.policies[name]}
        elif Path(name).suffix or Path(name).exists():
            more = parse(read_bytes(Path(name)), name)
        else:
            known = ", ".join(estate.policies) or "none"
            raise UsageError(f"--policies {name}: no policy of the estate and no file; the estate's are: {known}")
        for twice in more.keys() & found.keys():
            raise UsageError(f"--policies {name}: policy {twice!r} is given already; rename one of the two")
        found |= more
    return found
