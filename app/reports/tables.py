"""The tables of a report as CSV (RFC 4180): what stands in the JSON, cell by cell, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
_TALLY = (
    "good",
    "bad",
    "total",
    "sli.decimal",
    "sli.exact",
    "budget_used.decimal",
    "measured_minutes",
    "missing_minutes",
    "coverage.decimal",
    "verdict",
    "reasons",
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def tables(body: Mapping[str, Any]) -> dict[str, bytes]:
    """File name -> bytes, from a body as JSON gives it back. `terms.csv` only where some objective has terms of its own."""
    made = {name: _csv(columns, rows(body)) for name, (columns, rows) in _TABLES.items()}
    terms = list(_terms(body))
    return made | ({"terms.csv": _csv(("objective", "term", "value"), terms)} if terms else {})


def cell(value: Any) -> str:
    """What a spreadsheet would take for a formula gets a `'` in front; plain numbers do not."""
    if value is None:
        return ""
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(_at(row, column)) for column in columns] for row in rows)
    return out.getvalue().encode()


def _at(row: Mapping[str, Any], path: str) -> Any:
    """`period.sli.decimal`; None where a part on the way is null."""
    value: Any = row
    for part in path.split("."):
        value = None if value is None else value[part]
    return value


def _hours(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for row in body["objectives"]:
        for hour, ((total, bad, measured), kind) in enumerate(zip(row["hours"], row["calendar"], strict=True)):
            sums = {"total": total, "bad": bad, "measured_minutes": measured}
            yield {"objective": row["id"], "hour": hour, **sums, "kind": kind}


def _terms(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """How an objective counts where it is not each event of a rolling window, a term a line."""
    for row in body["objectives"]:
        for name in ("slice", "window_period", "composite"):
            for term, value in row.get(name, {}).items():
                if term != "parts":
                    yield {"objective": row["id"], "term": f"{name}.{term}", "value": value}
        for part in row.get("composite", {}).get("parts", ()):
            yield {"objective": row["id"], "term": "part", "value": f"{part['indicator']} {part['target']} x {part['weight']}"}
        if "no_data" in row:
            yield {"objective": row["id"], "term": "no_data", "value": row["no_data"]}


def _deliveries(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for row in body["breaches"]:
        for delivery in row["deliveries"]:
            yield {"breach": row["id"], **delivery}


def _intervals(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for row in body["gaps"]:
        for interval in row["intervals"]:
            yield {"indicator": row["indicator"], **interval}


def _inner(rows: Iterable[Mapping[str, Any]], name: str) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        for item in row[name]:
            yield {"id": row["id"], "mechanism": row["mechanism"], **item}


def _spread(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for row in body["recovery_evidence"]["exposure"]:
        for minutes, count in row["spread"]:
            yield {"id": row["id"], "mechanism": row["mechanism"], "minutes": minutes, "readings": count}


_TABLES: dict[str, tuple[tuple[str, ...], Callable[[Any], Iterable[Any]]]] = {
    "frameworks.csv": (("id", "name", "version", "verdict"), lambda body: body["frameworks"]),
    "scope.csv": (
        ("name", "title", "kind", "tier", "owner", "account", "objectives", "depends_on", "standing", "why"),
        lambda body: body["scope"]["components"],
    ),
    "objectives.csv": (
        (
            *("id", "component", "indicator", "target", "target_source", "window", "method", "sampled", "source", "verdict"),
            *(f"{part}.{column}" for part in ("period", "at_end") for column in _TALLY),
            *(f"corrected.{part}.{column}" for part in ("period", "at_end") for column in _TALLY[:5]),
        ),
        lambda body: body["objectives"],
    ),
    "hours.csv": (("objective", "hour", "total", "bad", "measured_minutes", "kind"), _hours),
    "breaches.csv": (
        (
            *("id", "objective", "severity", "rule.long", "rule.short", "rule.factor.decimal", "fired_at", "notified_at"),
            *("resolved_at", "open_minutes", "budget_spent_at_fire.decimal", "told"),
        ),
        lambda body: body["breaches"],
    ),
    "deliveries.csv": (
        ("breach", "transition", "state", "created_at", "sent_at", "attempts", "provider_id", "last_error"),
        _deliveries,
    ),
    "exclusions.csv": (("of", "kind", "start", "end", "reason", "approved_by"), lambda body: body["exclusions"]),
    "recovery.csv": (
        (
            *("component", "scenario", "state", "mechanism", "exposure_seconds", "exposure_unknown"),
            *("rpo.target", "rpo.state", "rpo.achieved_seconds", "rpo.reasons", "rpo.proof.text", "rpo.proof.source"),
            *("rto.target", "rto.state", "rto.achieved_seconds", "rto.reasons", "rto.proof.text", "rto.proof.source"),
            *("rpo.proof.at", "rto.proof.at", "within_ratio.decimal", "coverage.decimal"),
        ),
        lambda body: body["recovery"],
    ),
    "recovery_hours.csv": (
        ("id", "mechanism", "hour", "least_seconds", "worst_seconds", "readings", "unknown"),
        lambda body: _inner(body["recovery_evidence"]["exposure"], "hours"),
    ),
    "recovery_spread.csv": (("id", "mechanism", "minutes", "readings"), _spread),
    "interruptions.csv": (
        (
            *("id", "start", "end", "seconds", "kinds", "detection_seconds", "failover_seconds", "recovery_seconds"),
            *("lost_seconds", "in_week", "sources"),
        ),
        lambda body: body["recovery_evidence"]["interruptions"],
    ),
    "drills.csv": (
        (
            *("id", "component", "scenario", "started_at", "finished_at", "seconds", "outcome", "lost_seconds"),
            *("actor", "participants", "artefact_sha256", "note"),
        ),
        lambda body: body["recovery_evidence"]["drills"],
    ),
    "recovery_breaches.csv": (
        ("id", "component", "scenario", "kind", "severity", "opened_at", "notified_at", "resolved_at", "detail"),
        lambda body: body["recovery_evidence"]["breaches"],
    ),
    "alarms.csv": (("component", "wanted", "with_action", "live", "verdict", "why", "names"), lambda body: body["alarms"]),
    "gaps.csv": (("indicator", "start", "end", "minutes"), _intervals),
    "controls.csv": (
        (
            *("framework", "id", "title", "status", "rule", "result", "evidence.section", "evidence.rows", "evidence.sha256"),
            *("exceptions", "manual", "reviewer"),
        ),
        lambda body: body["controls"],
    ),
}
