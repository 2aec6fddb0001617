"""The book of drills: one runs at a time, every step is told once, and what cannot be meant is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.drills import MOST_LOST, DrillBook, Finish, Start, document, no_book, parse_lost
from slo.errors import Conflict, StoreError, UsageError
from tests.app.picture import ESTATE, NOW, Wall

if TYPE_CHECKING:
    from app.ports import Store

WISH = Start("database", "az-loss", "ana", ("ben", "ana", "ben"), "  the standby of 1b  ")
SHA = "ab" * 32


@pytest.fixture
def clock() -> Wall:
    return Wall()


@pytest.fixture
def book(store: Store, clock: Wall) -> DrillBook:
    return DrillBook(store, clock)


def test_a_drill_is_begun_and_ended_with_what_was_seen(book: DrillBook, clock: Wall) -> None:
    begun = book.start(ESTATE, WISH)
    assert (begun.id, begun.participants, begun.note) == ("database.az-loss.1", ("ben", "ana"), "the standby of 1b")
    assert (begun.finished_at, begun.outcome) == (None, None)
    clock.at += timedelta(minutes=12)
    ended = book.finish(begun.id, Finish("passed", "ben", 42, SHA, "psql.log", "all well"))
    assert book.get(begun.id) == ended
    told = document(ended)
    assert (told["seconds"], told["lost_seconds"], told["artefact_sha256"]) == (720, 42, SHA)
    assert (told["actor"], told["outcome"], told["note"]) == ("ana", "passed", "the standby of 1b\nall well")


def test_every_step_has_an_event_and_a_line_of_who_took_it(book: DrillBook, store: Store) -> None:
    drill = book.start(ESTATE, WISH)
    book.finish(drill.id, Finish("failed", "ben", artefact=SHA, artefact_name="psql.log"))
    events = store.events(limit=9, kind="drill")
    assert {(e.id, e.component) for e in events} == {(f"drill/{drill.id}/{s}", "database") for s in ("started", "finished")}
    (_, ended), (_, begun) = store.journal(limit=9)
    assert (begun.actor, begun.action, begun.subject, begun.outcome) == ("ana", "drill-start", "database/az-loss", "started")
    assert (ended.actor, ended.action, ended.outcome) == ("ben", "drill-finish", "failed")
    assert (ended.document["artefact_name"], ended.document["artefact_sha256"]) == ("psql.log", SHA)


def test_a_second_one_waits_until_the_first_is_over_and_another_scenario_does_not(book: DrillBook) -> None:
    first = book.start(ESTATE, WISH)
    with pytest.raises(Conflict, match=r"database\.az-loss\.1 of database is running since 2026-11-22T12:03:10Z; finish it"):
        book.start(ESTATE, WISH)
    assert book.start(ESTATE, Start("database", "region-loss", "ana")).id == "database.region-loss.1"
    book.finish(first.id, Finish("failed", "ana", note="started by mistake"))
    assert book.start(ESTATE, WISH).id == "database.az-loss.2"


def test_of_many_who_begin_or_end_the_same_drill_at_once_one_does(book: DrillBook, store: Store) -> None:
    def one(step: Any) -> bool:
        try:
            step()
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(one, [lambda: book.start(ESTATE, WISH)] * 8))
        ended = list(pool.map(one, [lambda: book.finish("database.az-loss.1", Finish("passed", "ana"))] * 8))
    assert (sum(begun), sum(ended)) == (1, 1)
    assert len(store.drills(limit=9)) == 1
    assert len(store.journal(limit=99)) == len(store.events(limit=99)) == 2


def test_what_is_over_or_has_not_begun_cannot_end(book: DrillBook, clock: Wall) -> None:
    drill = book.start(ESTATE, WISH)
    clock.at -= timedelta(seconds=1)
    with pytest.raises(Conflict, match="began at 2026-11-22T12:03:10Z, and this clock says 2026-11-22T12:03:09Z"):
        book.finish(drill.id, Finish("passed", "ana"))
    clock.at = NOW
    book.finish(drill.id, Finish("passed", "ana"))
    with pytest.raises(Conflict, match="passed already at 2026-11-22T12:03:10Z"):
        book.finish(drill.id, Finish("failed", "ana"))
    with pytest.raises(UsageError, match="there is no drill 'nobody'"):
        book.finish("nobody", Finish("passed", "ana"))


def test_a_clock_that_went_back_does_not_number_two_drills_alike(book: DrillBook, clock: Wall) -> None:
    for back in (0, 60, 120):
        clock.at = NOW - timedelta(seconds=back)
        book.finish(book.start(ESTATE, WISH).id, Finish("passed", "ana"))
    assert {drill.id for drill in book.latest(limit=9)} == {f"database.az-loss.{n}" for n in (1, 2, 3)}


BAD_STARTS: dict[str, dict[str, Any]] = {
    "there is no component 'databse' in estate demo; is it database": {"component": "databse"},
    "there is no component '' in estate demo; there are edge, api": {"component": ""},
    "there is no scenario 'az-lost'; is it az-loss": {"scenario": "az-lost"},
    "there is no scenario 'meteor'; there are az-loss, point": {"scenario": "meteor"},
    "actor: 1 to 100 characters on one line, not ' '": {"actor": " "},
    "actor: 1 to 100 .* not 'a": {"actor": "a\nb"},
    "actor: 1 to": {"actor": "\ud800"},
    "actor: 1 .* one line": {"actor": "x" * 101},
    "participant: 1 to": {"participants": ("ben", "")},
    "participants: 51 are more than 50": {"participants": tuple(f"p{n}" for n in range(51))},
    "note: at most 2000": {"note": "x" * 2001},
    "note: at most": {"note": "a\x00b"},
}


@pytest.mark.parametrize("words", BAD_STARTS)
def test_what_cannot_be_meant_begins_nothing(book: DrillBook, words: str) -> None:
    wish = Start(**{"component": "database", "scenario": "az-loss", "actor": "ana", **BAD_STARTS[words]})
    with pytest.raises(UsageError, match=words):
        book.start(ESTATE, wish)
    assert book.latest(limit=9) == []


BAD_ENDS: dict[str, dict[str, Any]] = {
    "lost: -1 s is not between": {"lost_seconds": -1},
    "is not between 0 and ten years": {"lost_seconds": MOST_LOST + 1},
    "artefact: its SHA-256 is 64": {"artefact": "AB" * 32},
    "artefact name: 1 to": {"artefact_name": "a\x1bb"},
    "actor: 1 to": {"actor": ""},
    "note: at most": {"note": "\udfff"},
}


@pytest.mark.parametrize("words", BAD_ENDS)
def test_what_cannot_be_meant_ends_nothing(book: DrillBook, words: str) -> None:
    drill = book.start(ESTATE, WISH)
    with pytest.raises(UsageError, match=words):
        book.finish(drill.id, Finish(**{"outcome": "passed", "actor": "ana", **BAD_ENDS[words]}))
    assert book.get(drill.id) == drill


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), (" 42s ", 42), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1w", 604800)]
)
def test_what_was_lost_is_read_to_the_second(text: str, seconds: int) -> None:
    assert parse_lost(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "1.5h", "5 m", "999999999w", "٣m", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="lost: "):
        parse_lost(text)


def test_a_book_without_a_store_holds_nothing_and_says_so() -> None:
    book = no_book()
    assert (book.get("x"), book.latest(limit=9)) == (None, ())
    with pytest.raises(StoreError, match="no drills are kept here"):
        book.start(ESTATE, WISH)
