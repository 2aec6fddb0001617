from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.envelope import Message, Origin
from alerts.recovery_breach import RecoveryBreach
from alerts.recovery_message import RUNBOOKS, recovery_message
from slo.estate.spec import Component

if TYPE_CHECKING:
    from alerts.recovery_step import RecoveryChange

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/messages"
ORIGIN = Origin("prod", "http://127.0.0.1:8000", "eu-central-1", "111122223333")
AT = 1_800_000_000
DATABASE = Component("database", "rds", display_name="PostgreSQL", tier=1, owner="team-data")
OVER = RecoveryBreach("database", "point-in-time-restore", "exposure_over", "page", AT - 600, "1260 s would be lost", AT)


def made(breach: RecoveryBreach = OVER, change: RecoveryChange = "opened", occasion: str = "", **of: Any) -> Message:
    return recovery_message(ORIGIN, replace(DATABASE, **of), breach, change, AT, occasion=occasion)


def document(message: Message) -> dict[str, Any]:
    return {
        "key": message.key,
        "transition": message.transition,
        "state": message.state,
        "subject": message.subject,
        "body": json.loads(message.body),
        "attributes": dict(message.attributes),
        "breach": message.breach,
    }


EXPIRED = RecoveryBreach("database", "az-loss", "proof_expired", "ticket", AT, "the proof of the RTO is too old", AT)
CASES = {
    "recovery-opened": made(),
    "recovery-resolved": made(replace(OVER, resolved_at=AT), "resolved"),
    "recovery-repeated": made(change="repeated", occasion="1"),
    "recovery-ticket": made(EXPIRED, runbook="https://example.com/restore"),
}


@pytest.mark.parametrize("name", CASES)
def test_recovery_messages_are_the_golden_ones(name: str) -> None:
    assert document(CASES[name]) == json.loads((GOLDEN / f"{name}.json").read_text())


@pytest.mark.parametrize("path", RUNBOOKS.values())
def test_the_runbook_that_a_message_names_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


def test_the_components_own_runbook_comes_first() -> None:
    links = [json.loads(made(runbook=r).body)["sloop"]["links"]["runbook"] for r in (None, "https://example.com/x")]
    assert links == [RUNBOOKS["exposure_over"], "https://example.com/x"]


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=3000), st.text(st.characters(codec=None), max_size=300))
def test_any_detail_and_any_name_give_a_message_that_can_be_sent(detail: str, title: str) -> None:
    message = made(replace(OVER, detail=detail), display_name=title or None)
    body = json.loads(message.body)
    assert message.subject.isascii()
    assert message.subject.isprintable()
    assert len(message.subject) < 100
    assert len(body["AlarmDescription"]) <= 1024
    assert "Next: Make a recovery point" in body["NewStateReason"]
    assert len(body["NewStateReason"]) <= 1023
