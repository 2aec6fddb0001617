"""A plan for a comment on a change: what blocks it first, then as many lines as fit, and how many did not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from app.cli.plan_text import change_line, cost_of, drift_line
from slo.plan_file import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.plan import Plan

MOST_BYTES = 60_000
"""GitHub takes 65,536 characters; what posts it may add some of its own."""
_FENCE, _ROOM = "```", 200
"""Bytes kept for the fence and for the line that counts what was left out."""
_DIFF = {"+": "+", "-": "-", "~": "!", "!": "#"}
"""A diff is coloured by its first character: green, red, orange, grey."""


def plan_markdown(plan: Plan, after: Sequence[str] = ()) -> str:
    """`after` are lines below it. At most `MOST_BYTES` in UTF-8."""
    return comment(list(_head(plan)), list(_rows(plan)), after)


def comment(head: Sequence[str], rows: Sequence[str], after: Sequence[str] = ()) -> str:
    """Head and tail whole, the rows in a block of code, cut where the comment would be too long."""
    tail = "\n".join(f"\n{_plain(line)}" for line in after[:50])
    left = MOST_BYTES - _ROOM - _size("\n".join(head)) - _size(tail)
    shown: list[str] = []
    for row in map(_plain, rows):
        left -= _size(row) + 1
        if left < 0:
            break
        shown.append(row)
    block = ["", f"{_FENCE}diff", *shown, _FENCE] if shown else []
    hidden = len(rows) - len(shown)
    more = ["", f"{hidden} more lines are left out; `--json` has everything."] if hidden else []
    return "\n".join((*head, *block, *more)) + tail


def _head(plan: Plan) -> Iterator[str]:
    counts = Counter(change.op for change in plan.changes)
    sha = str(document(plan)["plan_sha256"])
    yield f"### Sloop plan: estate {plan.estate}"
    yield ""
    yield f"{', '.join(f'{p.account} {p.region} ({p.id})' for p in plan.places)} · plan sha256 `{sha[:12]}`"
    yield ""
    numbers = " · ".join(f"{op}s {counts[op]}" for op in ("create", "update", "tag", "delete"))
    others = f"{plan.unchanged} unchanged · {len(plan.unmanaged)} unmanaged · {len(plan.drifted)} drifted"
    yield f"**{numbers}** · {others} · cost {cost_of(plan)}/month (list price, estimate)"
    if plan.guard.blocked:
        yield ""
        yield f"**Blocked** by {len(plan.guard.blocked)} guards: it will not be applied as it stands."


def _rows(plan: Plan) -> Iterator[str]:
    yield from (f"- blocked: {reason}" for reason in plan.guard.blocked)
    yield from (f"! drift: {drift_line(drift)}" for drift in plan.drifted)
    for line in map(change_line, plan.changes):
        sign, rest = line.strip()[0], line.strip()[1:]
        yield f"{_DIFF[sign]}{rest}"


def _plain(line: str) -> str:
    """Whatever a name holds, it neither ends the block nor begins a line."""
    return " ".join(line.replace(_FENCE, "'''").splitlines())


def _size(text: str) -> int:
    return len(text.encode())
