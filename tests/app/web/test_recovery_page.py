"""`/recovery`: every target with its verdict in icon and word, and honest words where nothing is known."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.web.numbers import age
from app.web.recovery import recovery_page
from slo.estate.spec import Estate
from tests.app import picture
from tests.support import recovered


@pytest.fixture
def filled() -> picture.Site:
    snapshot, history = picture.shared()
    now = int(picture.NOW.timestamp())
    return picture.site(replace(snapshot, estate=recovered.ESTATE, recovery=recovered.verdicts(now)), history)


def rows(text: str) -> list[str]:
    """Every table row without its tags."""
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)]


def test_targets_come_the_most_urgent_first_with_what_proves_them(filled: picture.Site) -> None:
    found = rows(filled.get("/recovery").text)
    order = [
        next(row for row in found if row.startswith(start)) for start in ("PostgreSQL point", "archive", "web", "PostgreSQL az")
    ]
    assert [found.index(row) for row in order] == sorted(found.index(row) for row in order)
    breached, impossible, unknown, met = order
    assert "breached RPO 5 min" in breached
    assert "1h 7m" in breached
    assert "impossible RTO 4 h" in impossible
    assert "within 12 h (standard)" in impossible
    assert "not measured RPO 0 min lost messages would show" in unknown
    assert "met RPO 5 min" in met
    assert "met RTO 30 min" in met
    assert "the failover took 72 s" in met
    assert "1m 12s" in met


def test_components_without_a_target_are_shown_apart(filled: picture.Site) -> None:
    text = filled.get("/recovery").text
    assert any(row.startswith("no target set &lt;script&gt;") for row in rows(text))
    assert recovered.EVIL not in text
    page = recovery_page(filled.box.get())
    assert [line.component for line in page.others] == ["documents"]
    assert page.bare == (("keys", "keys"),)


def test_states_are_counted_the_most_urgent_first(filled: picture.Site) -> None:
    counts = [(badge.word, n) for badge, n in recovery_page(filled.box.get()).counts]
    assert counts == [("breached", 1), ("impossible", 1), ("not measured", 1), ("met", 1)]


def test_before_the_first_look_the_page_says_so() -> None:
    assert "not looked at yet" in picture.site(*picture.shared()).get("/recovery").text


def test_an_estate_without_targets_is_told_how_to_set_one() -> None:
    snapshot, history = picture.shared()
    bare = Estate("demo", components=recovered.COMPONENTS[3:])
    found = tuple(v for v in recovered.verdicts(int(picture.NOW.timestamp())) if v.target is None)
    text = picture.site(replace(snapshot, estate=bare, recovery=found), history).get("/recovery").text
    assert "This estate sets no recovery targets" in text


@pytest.mark.parametrize(
    ("seconds", "shown"), [(59, "59s"), (299, "4m 59s"), (3600, "1h 0m"), (3601, "1h 1m"), (90_000, "1d 1h"), (90_001, "1d 2h")]
)
def test_an_age_never_looks_smaller_than_it_is(seconds: int, shown: str) -> None:
    assert age(seconds) == shown
