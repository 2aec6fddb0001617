"""Which section supports which control, and by which rule its status is found. The controls are data: controls/*.yaml."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from app.reports.canonical import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Status = Literal["exception", "not_evidenced", "met", "manual", "not_applicable"]
STATUSES: tuple[Status, ...] = Status.__args__  # type: ignore[attr-defined]  # the more urgent one first
Sections = dict[str, Any]


class Control(BaseModel):
    """`rule` names an entry of RULES; `manual` is what people have to add; `why` is needed where nothing is recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: str
    rule: str
    manual: str | None = None
    why: str | None = None


class Framework(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    name: str
    version: str
    source: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """`rows` is how many rows of `section` were looked at, `exceptions` the ids of those that fail."""

    status: Status
    result: str
    rows: int = 0
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    text: str
    section: str | None
    find: Callable[[Any], Finding]


def read_frameworks() -> tuple[Framework, ...]:
    """Those that ship with the program, by id."""
    found = (f for f in files("app.reports").joinpath("controls").iterdir() if f.name.endswith(".yaml"))
    read = (Framework.model_validate(yaml.safe_load(f.read_bytes())) for f in found)
    return tuple(sorted(read, key=lambda framework: framework.id))


def judge(frameworks: Sequence[Framework], sections: Sections) -> list[dict[str, Any]]:
    """A row per control, in the order of the files."""
    digests = {name: digest_of(section) for name, section in sections.items()}
    return [_row(framework, control, sections, digests) for framework in frameworks for control in framework.controls]


def _row(framework: Framework, control: Control, sections: Sections, digests: Mapping[str, str]) -> dict[str, Any]:
    rule = RULES[control.rule]
    found = rule.find(sections[rule.section]) if rule.section else rule.find(control.why)
    return {
        "framework": framework.id,
        "id": control.id,
        "title": control.title,
        "status": found.status,
        "rule": rule.text,
        "result": found.result,
        "evidence": {"section": rule.section, "rows": found.rows, "sha256": digests[rule.section]} if rule.section else None,
        "exceptions": list(found.exceptions),
        "manual": control.manual,
        "reviewer": None,
    }


def summaries(frameworks: Sequence[Framework], table: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A framework stands as its most urgent control does; what only people can answer does not count."""
    found = []
    for framework in frameworks:
        counted = Counter(row["status"] for row in table if row["framework"] == framework.id)
        standing = next((s for s in ("exception", "not_evidenced", "met") if counted[s]), "not_evidenced")
        found.append(
            {
                "id": framework.id,
                "name": framework.name,
                "version": framework.version,
                "source": framework.source,
                "verdict": standing,
                "counts": {status: counted[status] for status in STATUSES},
            }
        )
    return found


def _split(
    rows: Sequence[Mapping[str, Any]], noun: str, verdict: str, bad: Sequence[str], unknown: Sequence[str], name: str = "id"
) -> Finding:
    """An exception if any row is bad, not evidenced if any is unknown or there is none, else met."""
    failing = tuple(str(r[name]) for r in rows if r[verdict] in bad)
    blind = tuple(str(r[name]) for r in rows if r[verdict] in unknown)
    if failing:
        return Finding("exception", f"{len(failing)} of {len(rows)} {noun} fail", len(rows), failing)
    if blind:
        return Finding("not_evidenced", f"{len(blind)} of {len(rows)} {noun} are not evidenced", len(rows), blind)
    if not rows:
        return Finding("not_evidenced", f"there are no {noun}")
    return Finding("met", f"{len(rows)} of {len(rows)} {noun} pass", len(rows))


def _objectives(rows: Sequence[Mapping[str, Any]]) -> Finding:
    return _split(rows, "objectives", "verdict", ("missed",), ("not_evidenced",))


def _recovery(rows: Sequence[Mapping[str, Any]]) -> Finding:
    return _split(
        [r for r in rows if r["state"] != "no_target"],
        "recovery targets",
        "state",
        ("breached", "impossible"),
        ("proof_too_old", "not_measured"),
    )


def _told(rows: Sequence[Mapping[str, Any]]) -> Finding:
    due = [r for r in rows if r["told"] != "not_due"]
    if not due:
        return Finding("not_applicable", "no breach was to be told in the period")
    return _split(due, "breaches", "told", ("not_sent",), ())


def _resolved(rows: Sequence[Mapping[str, Any]]) -> Finding:
    if not rows:
        return Finding("not_applicable", "no breach was open in the period")
    still = tuple(r["id"] for r in rows if r["resolved_at"] is None)
    if still:
        return Finding("exception", f"{len(still)} of {len(rows)} breaches were still open", len(rows), still)
    return Finding("met", f"all {len(rows)} breaches were resolved", len(rows))


def _alarms(rows: Sequence[Mapping[str, Any]]) -> Finding:
    wanted = [r for r in rows if r["verdict"] != "none_wanted"]
    return _split(wanted, "components with alarms", "verdict", ("exception",), ("not_evidenced",), "component")


def _gaps(rows: Sequence[Mapping[str, Any]]) -> Finding:
    open_ended = tuple(r["indicator"] for r in rows if r["missing_minutes"])
    if open_ended:
        result = f"{len(open_ended)} of {len(rows)} indicators have gaps; start and end are recorded, cause and remedy are not"
        return Finding("exception", result, len(rows), open_ended)
    if not rows:
        return Finding("not_evidenced", "nothing is measured")
    return Finding("met", f"all {len(rows)} indicators were measured in every minute", len(rows))


def _control_failures(rows: Sequence[Mapping[str, Any]]) -> Finding:
    """Gaps count against it; none of them prove nothing about controls that Sloop does not watch."""
    found = _gaps(rows)
    if found.status != "met":
        return found
    return Finding("not_evidenced", f"{found.result}; log delivery and security services are not read yet", found.rows)


def _tiers(scope: Mapping[str, Any]) -> Finding:
    rows = scope["components"]
    without = tuple(r["name"] for r in rows if r["tier"] is None)
    if without:
        return Finding("exception", f"{len(without)} of {len(rows)} components have no tier", len(rows), without)
    return Finding("met", f"all {len(rows)} components have a tier", len(rows))


def _by_hand(_why: str | None) -> Finding:
    return Finding("manual", "only people can answer this")


def _unrecorded(why: str | None) -> Finding:
    return Finding("not_evidenced", why or "this is not recorded")


RULES: Mapping[str, Rule] = {
    "objectives": Rule("no objective is missed, and each is evidenced", "objectives", _objectives),
    "recovery": Rule("every RPO and RTO that is set is met, with proof in the 30 days before", "recovery", _recovery),
    "breaches_told": Rule("every breach that was due to be told has a message that left", "breaches", _told),
    "breaches_resolved": Rule("no breach of the period is still open at the data cut-off", "breaches", _resolved),
    "alarms": Rule("every alarm that is wanted exists in the account with an action", "alarms", _alarms),
    "gaps": Rule("no indicator has a missing minute, or each gap has cause and remedy on record", "gaps", _gaps),
    "control_failures": Rule(
        "no indicator has a missing minute, or each gap has cause and remedy on record", "gaps", _control_failures
    ),
    "tiers": Rule("every component in scope has a tier", "scope", _tiers),
    "manual": Rule("answered outside of Sloop", None, _by_hand),
    "unrecorded": Rule("needs records that this version does not keep", None, _unrecorded),
}
