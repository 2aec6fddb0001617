from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.estate import Paths
from app.cli.offline import Json, SlicesFile, minute_of, read
from app.cli.output import print_json, print_table

if TYPE_CHECKING:
    from slo.judge.verdict import Verdict


def evaluate(
    paths: Paths,
    slices: SlicesFile,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="A whole minute, ISO 8601 with zone.")],
    compare_methods: Annotated[
        bool, typer.Option("--compare-methods", help="Occurrences, Timeslices and RatioTimeslices side by side.")
    ] = False,
    json: Json = False,
) -> int:
    """Judge every objective from a slices file, offline; what burns comes first.

    Example: sloop evaluate estate.yaml --slices may.csv --at 2026-05-31T00:00:00Z --json

    Example: sloop evaluate estate.yaml --slices may.csv --at 2026-05-31T00:00:00Z --compare-methods
    """
    from slo.judge import comparison, document
    from slo.judge.evaluate import evaluate as judge_all

    minute = minute_of("--at", at)
    estate, measured = read(paths, slices)
    if compare_methods:
        compared = comparison.as_document(minute, comparison.compare(estate, measured, minute))
        if json:
            print_json(compared)
        else:
            _print_methods(compared)
        return 0
    verdicts = judge_all(estate, measured, minute)
    if json:
        print_json(document.evaluation(minute, verdicts))
    else:
        _print_verdicts(verdicts)
    return 0


def _print_verdicts(verdicts: list[Verdict]) -> None:
    from slo.judge.document import document
    from slo.judge.verdict import STATES

    def urgency(verdict: Verdict) -> tuple[int, bool, Any]:
        return STATES.index(verdict.state), verdict.remaining is None, verdict.remaining

    print_table(
        ("OBJECTIVE", "STATE", "SLI", "TARGET", "WINDOW", "BUDGET LEFT", "BURN 1H", "EXHAUSTED AT"),
        [_row(document(verdict)) for verdict in sorted(verdicts, key=urgency)],
    )


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    foretold = item["forecast"]["current"]
    return (
        item["name"],
        item["state"],
        _percent(item["sli"]),
        _percent(item["target"]),
        item["window"],
        _percent(item["budget"]["remaining_ratio"]),
        "unknown" if item["burn"]["1h"] is None else f"{item['burn']['1h']:.3g}x",
        foretold["at"] or f"unknown: {foretold['reason']}",
    )


def _print_methods(compared: dict[str, Any]) -> None:
    """A star marks the method that is declared."""
    print_table(
        ("OBJECTIVE", "METHOD", "GOOD", "TOTAL", "SLI", "BUDGET LEFT", "STATE"),
        [
            (
                one["name"],
                f"{method}{'*' if method == one['method'] else ''}",
                str(answer["good"]),
                str(answer["total"]),
                _percent(answer["sli"]),
                _percent(answer["remaining_ratio"]),
                answer["state"],
            )
            for one in compared["objectives"]
            for method, answer in one["methods"].items()
        ],
    )


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{ratio:.4%}"
