from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.reports.controls import RULES, STATUSES, Framework, judge, read_frameworks, summaries
from tests.support import week

CONTROLS = [(f.id, c) for f in read_frameworks() for c in f.controls]
SECTIONS: dict[str, Any] = {
    name: week.report()[name] for name in ("scope", "objectives", "breaches", "exclusions", "recovery", "alarms", "gaps")
}


def find(rule: str, section: object) -> tuple[str, tuple[str, ...]]:
    found = RULES[rule].find(section)
    return found.status, found.exceptions


def test_hipaa_soc_2_and_pci_are_there() -> None:
    assert [f.id for f in read_frameworks()] == ["hipaa", "pci", "soc2"]


@pytest.mark.parametrize(("framework", "control"), CONTROLS, ids=lambda x: getattr(x, "id", x))
def test_no_control_points_at_a_rule_or_section_that_is_not_there(framework: str, control: Any) -> None:
    rule = RULES[control.rule]
    assert rule.section is None or rule.section in SECTIONS
    assert (control.rule == "unrecorded") == (control.why is not None), f"{framework} {control.id}"
    assert control.rule != "manual" or control.manual


def test_no_control_stands_twice_in_its_framework() -> None:
    ids = [(framework, control.id) for framework, control in CONTROLS]
    assert len(set(ids)) == len(ids)


def test_a_row_says_which_rows_support_it_by_hash() -> None:
    rows = judge(read_frameworks(), SECTIONS)
    a12 = next(r for r in rows if r["id"] == "A1.2")
    assert (a12["status"], a12["exceptions"]) == ("exception", ["api.availability"])
    assert (a12["evidence"]["section"], a12["evidence"]["rows"], len(a12["evidence"]["sha256"])) == ("objectives", 4, 64)
    assert all(r["status"] in STATUSES and r["reviewer"] is None for r in rows)


def test_missing_data_is_not_evidenced_and_never_met() -> None:
    unknown = [{"id": "a", "verdict": "met"}, {"id": "b", "verdict": "not_evidenced"}]
    assert find("objectives", unknown) == ("not_evidenced", ("b",))
    assert find("objectives", []) == ("not_evidenced", ())
    assert find("recovery", [{"id": "a", "state": "no_target"}]) == ("not_evidenced", ())
    assert find("recovery", [{"id": "a", "state": "not_measured"}]) == ("not_evidenced", ("a",))
    assert find("alarms", []) == ("not_evidenced", ())
    assert find("gaps", []) == ("not_evidenced", ())


def test_what_fails_is_an_exception_even_beside_what_is_unknown() -> None:
    rows = [{"id": "a", "verdict": "missed"}, {"id": "b", "verdict": "not_evidenced"}]
    assert find("objectives", rows) == ("exception", ("a",))
    assert find("recovery", [{"id": "x", "state": "impossible"}, {"id": "y", "state": "met"}]) == ("exception", ("x",))
    assert find("gaps", [{"indicator": "i", "missing_minutes": 1}]) == ("exception", ("i",))
    assert find("breaches_told", [{"id": "p", "told": "not_sent"}]) == ("exception", ("p",))
    assert find("breaches_resolved", [{"id": "p", "resolved_at": None}]) == ("exception", ("p",))


def test_what_was_looked_at_and_passes_is_met() -> None:
    assert find("objectives", [{"id": "a", "verdict": "met"}]) == ("met", ())
    assert find("recovery", [{"id": "a", "state": "met"}, {"id": "b", "state": "no_target"}]) == ("met", ())
    assert find("gaps", [{"indicator": "i", "missing_minutes": 0}]) == ("met", ())
    assert find("breaches_told", [{"id": "p", "told": "sent"}]) == ("met", ())
    assert find("tiers", {"components": [{"name": "a", "tier": 1}]}) == ("met", ())


def test_a_week_without_gaps_proves_nothing_of_security_controls_that_are_not_watched() -> None:
    assert find("control_failures", [{"indicator": "i", "missing_minutes": 0}]) == ("not_evidenced", ())
    assert find("control_failures", [{"indicator": "i", "missing_minutes": 1}]) == ("exception", ("i",))


def test_a_week_without_breaches_proves_nothing_about_telling_them() -> None:
    assert find("breaches_told", []) == ("not_applicable", ())
    assert find("breaches_told", [{"id": "t", "told": "not_due"}]) == ("not_applicable", ())
    assert find("breaches_resolved", []) == ("not_applicable", ())


def framework() -> Framework:
    return Framework(id="f", name="F", version="1", source="s", controls=())


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (("met", "manual"), "met"),
        (("met", "not_evidenced"), "not_evidenced"),
        (("met", "not_evidenced", "exception"), "exception"),
        (("manual", "not_applicable"), "not_evidenced"),
        ((), "not_evidenced"),
    ],
)
def test_a_framework_stands_as_its_most_urgent_control(statuses: tuple[str, ...], verdict: str) -> None:
    table = [{"framework": "f", "status": status} for status in statuses] + [{"framework": "g", "status": "exception"}]
    assert summaries([framework()], table)[0]["verdict"] == verdict


def test_a_control_file_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Framework.model_validate({**framework().model_dump(), "extra": 1})
