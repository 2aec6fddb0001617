from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import print_json, print_table, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate
    from slo.judge.series import Slices

Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Estate files or folders.")]
SlicesFile = Annotated[Path, typer.Option("--slices", help="Slices file, .csv or .ndjson.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def evaluate(
    paths: Paths,
    slices: SlicesFile,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="A whole minute, ISO 8601 with zone.")],
    json: Json = False,
) -> int:
    """Judge every objective from a slices file, offline.

    Example: sloop evaluate estate.yaml --slices may.csv --at 2026-05-31T00:00:00Z --json
    """
    from slo.judge import document
    from slo.judge.evaluate import evaluate as judge_all

    minute = minute_of("--at", at)
    estate, measured = _read(paths, slices)
    verdicts = judge_all(estate, measured, minute)
    if json:
        print_json(document.evaluation(minute, verdicts))
    else:
        items = [document.document(v) for v in verdicts]
        print_table(
            ("OBJECTIVE", "STATE", "SLI", "TARGET", "BUDGET LEFT", "BURN 1H"),
            [
                (
                    i["name"],
                    i["state"],
                    _percent(i["sli"]),
                    _percent(i["target"]),
                    _percent(i["budget"]["remaining_ratio"]),
                    "unknown" if i["burn"]["1h"] is None else f"{i['burn']['1h']:.3g}x",
                )
                for i in items
            ],
        )
    return 0


def backtest(
    paths: Paths,
    slices: SlicesFile,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="First minute judged.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Last minute judged.")] = None,
    json: Json = False,
) -> int:
    """The pages and tickets that the policy would have sent.

    Example: sloop backtest estate.yaml --slices may.csv --from 2026-05-01T00:00:00Z --json
    """
    from alerts.backtest import as_document
    from alerts.backtest import backtest as replay
    from slo.errors import UsageError

    first = None if start is None else minute_of("--from", start)
    last = None if end is None else minute_of("--to", end)
    if first is not None and last is not None and first > last:
        raise UsageError(f"--from {start} is after --to {end}")
    estate, measured = _read(paths, slices)
    found = as_document(replay(estate, measured, first, last))
    if json:
        print_json(found)
    else:
        print_table(
            ("FIRED", "RESOLVED", "TOLD", "SEVERITY", "OBJECTIVE", "RULE"),
            [
                (
                    p["fired_at"],
                    p["resolved_at"] or "open",
                    p["notified_at"] or "never",
                    p["severity"],
                    p["objective"],
                    f"{'/'.join(filter(None, (p['rule']['long'], p['rule']['short'])))} x{p['rule']['factor']:g}",
                )
                for p in found["pages"]
            ],
        )
    return 0


def minute_of(option: str, text: str) -> int:
    """UsageError names the option."""
    from slo.errors import UsageError
    from slo.units import parse_minute

    try:
        return parse_minute(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _read(paths: list[Path], slices: Path) -> tuple[Estate, Mapping[str, Slices]]:
    """Warnings go to stderr; errors are raised."""
    from app.files import read_bytes, read_catalog, read_estate
    from slo.judge import slices_file
    from slo.judge.evaluate import unknown_indicators

    estate, problems = read_estate(paths, read_catalog())
    for problem in problems:
        warn(problem)
    measured = slices_file.parse(str(slices), read_bytes(slices))
    for indicator in unknown_indicators(estate, measured):
        warn(f"{slices}: indicator {indicator!r} is not in the estate; its slices are not used")
    return estate, measured


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{ratio:.4%}"
