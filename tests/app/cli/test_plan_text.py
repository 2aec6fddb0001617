from __future__ import annotations

from app.cli.plan_text import LONG, change_line
from slo.plan import Change, differences
from slo.resource import Resource


def changed(old: list[str], new: list[str]) -> str:
    before, after = (Resource("dashboard", "main", "", "sloop-t-view_estate", {"body": body}, {}) for body in (old, new))
    return change_line(Change("update", before, after, differences(dict(before.spec), dict(after.spec))))


def test_a_short_list_is_told_as_it_is() -> None:
    assert 'body ["a"] → ["a", "b"]' in changed(["a"], ["a", "b"])


def test_of_a_long_list_only_the_size_is_told_so_that_a_plan_stays_readable() -> None:
    line = changed(["a" * LONG, "c"], ["b"])
    assert 'body (2 entries) → ["b"]' in line
    assert "aaa" not in line
