from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.recovery_breach import RecoveryBreach
from alerts.recovery_step import URGENCY, Step, ended, step, worst
from alerts.recovery_trouble import Trouble

if TYPE_CHECKING:
    from alerts.recovery_trouble import Standing

OVER = Trouble("exposure_over", "on", "page", "1300 s")
NEAR = Trouble("exposure_near", "on", "ticket", "800 s")


class Key:
    """One target, looked at each minute; its rows are what a store would hold."""

    def __init__(self) -> None:
        self.rows: dict[str, RecoveryBreach] = {}
        self.said: list[tuple[str, str, str]] = []
        self.at = 0

    def look(self, *troubles: Trouble, minutes: int = 1, quiet: bool = False) -> None:
        for _ in range(minutes):
            self.keep(step("database", "az-loss", troubles, [r for r in self.rows.values() if r.open], self.at, quiet=quiet))
            self.at += 60

    def keep(self, made: Step) -> None:
        self.rows.update((row.id, row) for row in made.rows)
        if made.told is not None:
            self.said.append((made.told.change, made.told.breach.kind, made.told.breach.severity))


def off(trouble: Trouble) -> Trouble:
    return replace(trouble, standing="off")


def test_a_trouble_is_told_after_ten_minutes_and_its_end_at_once() -> None:
    key = Key()
    key.look(OVER, minutes=10)
    assert key.said == []
    key.look(OVER)
    assert key.said == [("opened", "exposure_over", "page")]
    key.look(off(OVER))
    assert key.said[1:] == [("resolved", "exposure_over", "page")]
    assert [(r.opened_at, r.notified_at, r.resolved_at) for r in key.rows.values()] == [(0, 600, 660)]


def test_what_is_gone_before_ten_minutes_was_told_to_nobody() -> None:
    key = Key()
    key.look(OVER, minutes=10)
    key.look(off(OVER))
    key.look(OVER, minutes=10)
    assert key.said == []


def test_a_ticket_becomes_a_page_under_the_same_key_and_the_key_ends_with_the_last_trouble() -> None:
    key = Key()
    key.look(NEAR, off(OVER), minutes=11)
    key.look(NEAR, OVER, minutes=11)
    key.look(NEAR, off(OVER))
    key.look(off(NEAR), off(OVER))
    assert key.said == [
        ("opened", "exposure_near", "ticket"),
        ("opened", "exposure_over", "page"),
        ("changed", "exposure_near", "ticket"),
        ("resolved", "exposure_near", "ticket"),
    ]


def test_a_trouble_whose_severity_changes_is_told_again() -> None:
    key = Key()
    gone = Trouble("backup_missing", "on", "ticket", "backups are off")
    key.look(gone, minutes=11)
    key.look(replace(gone, severity="page"), minutes=2)
    assert key.said == [("opened", "backup_missing", "ticket"), ("changed", "backup_missing", "page")]
    assert len(key.rows) == 1


def test_what_is_unknown_keeps_what_is_open_and_opens_nothing() -> None:
    key = Key()
    held = replace(OVER, standing="held")
    key.look(held, minutes=30)
    assert key.rows == {}
    key.look(OVER, minutes=11)
    key.look(held, minutes=600)
    assert key.said == [("opened", "exposure_over", "page")]


def test_a_mute_holds_the_page_back_and_its_end_sends_what_still_stands() -> None:
    key = Key()
    key.look(OVER, minutes=60, quiet=True)
    assert key.said == []
    key.look(OVER)
    assert key.said == [("opened", "exposure_over", "page")]
    key.look(off(OVER), quiet=True)
    assert key.said[1:] == [("resolved", "exposure_over", "page")], "the pager is not left with what is over"


def test_a_target_that_is_not_declared_any_more_ends_its_rows() -> None:
    key = Key()
    key.look(OVER, NEAR, minutes=11)
    key.keep(ended(list(key.rows.values()), key.at))
    assert key.said[-1] == ("resolved", "exposure_over", "page")
    assert not any(row.open for row in key.rows.values())
    assert ended([RecoveryBreach("a", "b", "exposure_near", "ticket", 0, "x")], 60).told is None


looks = st.lists(
    st.tuples(st.lists(st.sampled_from(["on", "off", "held"]), min_size=5, max_size=5), st.integers(1, 15), st.booleans()),
    max_size=30,
)


@settings(deadline=None)
@given(looks)
def test_alarms_and_ends_alternate_and_say_the_worst_that_is_open(rows: list[tuple[list[Standing], int, bool]]) -> None:
    key, open_said = Key(), False
    for standings, minutes, quiet in rows:
        found = [
            Trouble(k, s, "page" if k == "exposure_over" else "ticket", "x") for k, s in zip(URGENCY, standings, strict=True)
        ]
        before = len(key.said)
        key.look(*found, minutes=minutes, quiet=quiet)
        for change, _, _ in key.said[before:]:
            assert (change in ("resolved", "changed")) <= open_said, "nothing ends that was not told"
            assert (change == "resolved") <= open_said
            open_said = change != "resolved"
        standing = worst(key.rows.values())
        assert open_said == (standing is not None)
        if standing is not None:
            assert key.said[-1][1:] == (standing.kind, standing.severity)
    per_kind: dict[str, list[Any]] = {}
    for row in key.rows.values():
        per_kind.setdefault(row.kind, []).append(row)
    for found_rows in per_kind.values():
        assert all(a.resolved_at is not None and a.resolved_at <= b.opened_at for a, b in pairwise(found_rows))


def test_a_ticket_that_was_told_becomes_no_page_in_a_mute_and_one_at_its_end() -> None:
    key = Key()
    missing = Trouble("backup_missing", "on", "ticket", "none")
    key.look(missing, minutes=11)
    key.look(replace(missing, severity="page"), minutes=30, quiet=True)
    assert key.said == [("opened", "backup_missing", "ticket")]
    key.look(replace(missing, severity="page"))
    assert key.said[1:] == [("changed", "backup_missing", "page")]
