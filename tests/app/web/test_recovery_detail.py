"""`/recovery/COMPONENT/SCENARIO`, its figures, and breaches of recovery wherever they are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alerts.envelope import Message
from alerts.naming import recovery_key
from alerts.recovery_breach import RecoveryBreach
from app.memory.store import MemoryStore
from app.web import exposure, numbers
from app.web.troubles import trouble_line
from slo.errors import StoreError
from slo.judge.exposure_hours import ExposureHour
from slo.judge.recovery_point import Reading, Unknown
from tests.app import picture
from tests.support import recovered
from tests.support.markup import checked

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.ports import Delivery
    from slo.judge.recovery_point import ReadingHour

NOW = int(picture.NOW.timestamp())
PITR = "/recovery/database/point-in-time-restore"
OVER = RecoveryBreach(
    "database", "point-in-time-restore", "exposure_over", "page", NOW - 900, "1h 7m exposed, RPO 5 min", NOW - 880
)
OLD = replace(OVER, kind="exposure_near", severity="ticket", opened_at=NOW - 90_000, resolved_at=NOW - 80_000)


class Refusing:
    """A store that cannot be read."""

    def recovery_hours(self, start: int, components: Collection[str] | None = None) -> Sequence[ReadingHour]:
        raise StoreError(f"no hours since {start} of {components}")

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None:
        raise StoreError(breach_id)

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> Sequence[RecoveryBreach]:
        raise StoreError(f"{limit} {before}")

    def sent_as(self, key: str, *, limit: int) -> Sequence[Delivery]:
        raise StoreError(f"{key} {limit}")


def store() -> MemoryStore:
    """Two hours that were read, one of them over the limit, a dark stretch between; and breaches with a message."""
    kept = MemoryStore()
    old, fresh = (
        [Reading("database", "point-in-time-restore", at, at - age, "rds") for at, age in rows]
        for rows in (((NOW - 90_000, 200), (NOW - 89_940, 290)), ((NOW - 7200, 290), (NOW - 7140, 600), (NOW - 60, 4000)))
    )
    dark = Reading("database", "point-in-time-restore", NOW - 50_000, Unknown("throttled", "asked too often"), "rds")
    kept.keep_recovery([*old, dark, *fresh], [])
    key = recovery_key("demo", "database", "point-in-time-restore")
    message = Message(key, f"{OVER.id}/opened", "ALARM", "subject", "{}")
    kept.commit_recovery([OLD, OVER], [message], picture.NOW)
    return kept


def site(kept: Any) -> picture.Site:
    snapshot, history = picture.shared()
    filled = replace(snapshot, estate=recovered.ESTATE, recovery=recovered.verdicts(NOW), recovery_breaches=(OVER,))
    return picture.site(filled, history, recovered=kept)


@pytest.fixture
def shown() -> picture.Site:
    return site(store())


def test_the_page_says_how_both_halves_stand_and_what_to_do_next(shown: picture.Site) -> None:
    text = shown.get(PITR).text
    lost = "1h 7m would be lost now, 0.0 % of the readings were within it"
    assert f"RPO 5 min breached: {lost}; RTO 30 min not measured: no recovery was seen" in text
    assert "Find out why point in time restore falls behind" in text
    assert "<code>sloop drill start database point-in-time-restore</code>" in text
    assert checked(text).wrong == []


def test_the_chart_has_its_limit_what_is_over_it_and_what_nobody_knows_hatched(shown: picture.Site) -> None:
    text = shown.get(PITR).text
    day = text[text.index('id="day"') : text.index('id="month"')]
    assert 'class="limit"' in day
    assert 'class="bad"' in day
    assert 'class="seen"' in day
    assert 'class="missing" fill="url(#hatch)"' in day
    assert "was over the RPO in 2 hours; 33.3 % of the readings were within it. 22 hours of 24 without a number." in day
    assert '<th scope="row">2026-11-22 10:00Z</th>' in day


def test_an_unknown_target_is_not_found_and_the_nearest_is_named(shown: picture.Site) -> None:
    answer = shown.get("/recovery/databse/az-loss")
    assert answer.status_code == 404
    assert 'href="/recovery/database/az-loss"' in answer.text


def test_failovers_are_listed_with_detection_failover_and_recovery_apart(shown: picture.Site) -> None:
    text = shown.get("/recovery/database/az-loss").text
    assert (
        f'<td data-label="Took" class="keep">1m 12s</td><td data-label="Detection" class="keep">{numbers.UNKNOWN}</td>' in text
    )
    assert '<td data-label="Failover" class="keep">1m 12s</td>' in text
    assert "No drill of this scenario was recorded." in text


def test_a_store_that_refuses_takes_the_figures_and_not_the_verdict() -> None:
    answer = site(Refusing()).get(PITR)
    assert answer.status_code == 200
    assert "The store could not be read" in answer.text
    assert "RPO 5 min breached" in answer.text


def verdict_of(text: str) -> str:
    return text.partition('<p class="verdict')[2].partition("</p>")[0]


def test_an_open_breach_stands_on_the_overview_on_the_component_and_on_recovery(shown: picture.Site) -> None:
    for path in ("/", "/components/database", "/recovery", PITR):
        text = shown.get(path).text
        assert f'href="/breaches/{OVER.id}"' in text, path
        assert "exposure is over the RPO" in text, path


def test_its_own_page_tells_since_when_what_was_sent_and_what_to_do(shown: picture.Site) -> None:
    text = shown.get(f"/breaches/{OVER.id}").text
    assert "Open since 11:48Z" in text
    assert "due: 1h 7m exposed, RPO 5 min" in text
    assert "ALARM waiting in the outbox" in text
    assert "sloop/demo/recovery/database/point-in-time-restore" in text
    assert f'href="{PITR}"' in text
    assert "Resolved" in shown.get(f"/breaches/{OLD.id}").text


def test_its_verdict_is_of_now_and_what_was_told_stays_at_its_time_in_the_timeline(shown: picture.Site) -> None:
    of_open, of_resolved = (verdict_of(shown.get(f"/breaches/{row.id}").text) for row in (OVER, OLD))
    assert "RPO 5 min breached: 1h 7m would be lost now" in of_open
    assert OVER.detail not in of_open
    assert OLD.detail not in of_resolved


def test_who_was_not_told_while_it_stood_never_was() -> None:
    snapshot = picture.shared()[0]
    untold = replace(OVER, notified_at=None)
    assert trouble_line(untold, snapshot).told == "not yet"
    assert trouble_line(replace(untold, resolved_at=NOW), snapshot).told == "never"


def test_the_page_of_an_open_breach_opens_without_the_store() -> None:
    text = site(Refusing()).get(f"/breaches/{OVER.id}").text
    assert "Open since" in text
    assert "deliveries unknown" in text


def test_what_begins_with_recovery_and_is_none_is_not_found(shown: picture.Site) -> None:
    assert shown.get("/breaches/recovery.a.b.c.1").status_code == 404


def test_the_matrix_has_a_cell_for_every_scenario_and_says_where_no_target_is_set(shown: picture.Site) -> None:
    text = shown.get("/recovery").text
    row = text[text.index('<tr class="across">') : text.index("</tr>", text.index('<tr class="across">'))]
    assert row.count("<td ") == 4
    assert row.count("no target set") == 2
    assert "proof 21 Nov 12:04Z" in row
    assert "1 of 4 targets is breached: PostgreSQL in point-in-time-restore" in text
    assert "1 of 4 targets is not proven: web in az-loss" in text


def test_a_figure_without_any_reading_says_so_and_one_with_unknown_ones_only_too() -> None:
    assert exposure.figure([ExposureHour(0)], 300, "last 24 h", by_day=False).svgs == ()
    text = exposure.figure([ExposureHour(0, unknown=3)], 300, "last 24 h", by_day=False).takeaway
    assert text == "No reading in the last 24 h had a number. 1 hour of 1 without a number."
