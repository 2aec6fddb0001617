"""What the service says of itself, as people read it: what needs them first, numbers rounded against us."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.cli.output import table_lines
from app.web import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHOWN = 15
LATE_SECONDS = 600
"""A source whose newest judged minute is older lags: with the usual settle and poll it is eight minutes at worst."""
URGENCY = (
    "config_error",
    "burning_fast",
    "exhausted",
    "source_error",
    "stale",
    "burning_slow",
    "no_data",
    "warning",
    None,
    "insufficient_history",
    "ok",
)
"""States of objectives by precedence, as `app.web.badges.ORDER` has them; None has no verdict yet."""
RECOVERY_URGENCY = ("breached", "impossible", "proof_too_old", "not_measured", "met", "no_target")


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """`found` as `sloop status --json` prints it."""
    slos: Sequence[dict[str, Any]] = found["slos"]
    yield from _objectives(slos)
    yield ""
    yield from _breaches([item for item in slos if item["breach"] is not None])
    late = {name: lag for name, lag in found["lag_seconds"].items() if lag > LATE_SECONDS}
    yield from (f"{name} lags: its newest judged minute is {numbers.about(lag)} old" for name, lag in sorted(late.items()))
    if not late:
        yield f"{numbers.plural(len(found['lag_seconds']), 'source')} up to date"
    if "recovery" in found:
        yield ""
        yield from _recovery(found["recovery"])


def _objectives(slos: Sequence[dict[str, Any]]) -> Iterator[str]:
    ordered = sorted(slos, key=_worst)
    rows = [_objective(item) for item in ordered[:SHOWN]]
    yield from table_lines(("OBJECTIVE", "STATE", "BURN 1H", "BUDGET LEFT", "SINCE"), rows, numbers=(2, 3))
    rest = ordered[SHOWN:]
    if rest:
        calm = sum(item["state"] == "ok" for item in rest)
        yield f"and {len(rest):,} more, {calm:,} of them ok; `sloop status --json` has them all"


def _worst(item: Mapping[str, Any]) -> tuple[int, float, str]:
    left = item["budget"]["remaining_ratio"]
    return _place(item["state"], URGENCY), float("inf") if left is None else left, item["name"]


def _place(state: str | None, order: Sequence[str | None]) -> int:
    """A state that only a newer service knows stands in front: nobody overlooks it there."""
    return order.index(state) if state in order else -1


def _objective(item: Mapping[str, Any]) -> tuple[str, ...]:
    breach = item["breach"]
    since = "-" if breach is None else breach["fired_at"]
    burn, left = item["burn"].get("1h"), item["budget"]["remaining_ratio"]
    return item["name"], item["state"] or "warming_up", numbers.burn(_exact(burn)), numbers.budget(_exact(left)), since


def _exact(number: float | None) -> Fraction | None:
    """From its text: 2.3 is 23/10, and does not round down to 2.2."""
    return None if number is None else Fraction(str(number))


def _breaches(breached: Sequence[dict[str, Any]]) -> Iterator[str]:
    for item in sorted(breached, key=lambda item: (item["breach"]["severity"], item["breach"]["fired_at"])):
        breach = item["breach"]
        told = "not told yet" if breach["notified_at"] is None else f"told {breach['notified_at']}"
        yield f"{breach['severity']} open: {item['name']} since {breach['fired_at']}, {told}"
    if not breached:
        yield "no breach is open"


def _recovery(verdicts: Sequence[dict[str, Any]]) -> Iterator[str]:
    targets = [item for item in verdicts if item["scenario"] is not None]
    ordered = sorted(targets, key=lambda v: (_place(v["state"], RECOVERY_URGENCY), v["component"], v["scenario"]))
    if ordered:
        header = ("COMPONENT", "SCENARIO", "EXPOSURE", "RPO", "", "RTO", "", "LAST PROOF")
        yield from table_lines(header, [_target(item) for item in ordered])
    else:
        yield "no recovery target is judged yet"
    without = sorted(item["component"] for item in verdicts if item["scenario"] is None)
    if without:
        yield f"no target set: {', '.join(without)}"


def _target(item: Mapping[str, Any]) -> tuple[str, ...]:
    exposure = item["exposure_seconds"]
    proofs = [half["proof"] for half in (item["rto"], item["rpo"]) if half["proof"] is not None]
    last = max(proofs, key=lambda proof: proof["at"], default=None)
    return (
        item["component"],
        item["scenario"],
        "unknown" if exposure is None else numbers.age(exposure),
        *_half(item["rpo"]),
        *_half(item["rto"]),
        "none" if last is None else f"{last['at']} {last['method']}",
    )


def _half(half: Mapping[str, Any]) -> tuple[str, str]:
    return half["target"] or "-", half["state"]
