"""The evidence of a test of the way to the pager: what is said of each hop, and what to do where one hung."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.test_fire import Evidence, Leg, advice, document, event, words

NOW = datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)
AT = int(NOW.timestamp())


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


ALARM = Leg("ALARM", NOW, after(0.4), after(0.5), after(1.25), "id-1", "first")
OK = Leg("OK", after(2), after(2.1), after(2.2), None, "id-2", "first")


def evidence(*legs: Leg) -> Evidence:
    return Evidence("api", "sloop/prod/test/api", AT, "bob", legs)


def test_every_hop_is_timed_from_the_one_before_it() -> None:
    assert ALARM.hops == {"claimed": 0.4, "accepted": 0.1, "received": 0.75}
    assert OK.hops == {"claimed": 0.1, "accepted": 0.1, "received": None}
    assert (ALARM.seconds, ALARM.hung) == (0.5, None)


def test_only_an_alarm_and_an_ok_that_sns_took_are_a_pass() -> None:
    assert evidence(ALARM, OK).passed
    assert not evidence(ALARM).passed
    assert not evidence(ALARM, replace(OK, accepted=None)).passed


def test_the_words_tell_both_messages() -> None:
    assert words(evidence(ALARM, OK)) == "ALARM accepted in 0.500 s and back 0.750 s later, OK accepted in 0.200 s"


def test_what_no_sender_claimed_is_told_with_what_to_start() -> None:
    said = advice(evidence(Leg("ALARM", NOW)), 30)
    assert said.startswith("test-fire api: ALARM hung: no sender claimed it from the outbox within 30 s")
    assert "SLOOP_DATABASE_URL" in said
    assert "\n" not in said


def test_what_sns_refused_is_told_with_its_reason_and_the_runbook() -> None:
    hung = Leg("OK", NOW, after(0.1), error="NotFound: the topic does not exist")
    said = advice(evidence(ALARM, hung), 12.5)
    assert "OK hung" in said
    assert "SNS did not accept it within 12.5 s (NotFound: the topic does not exist)" in said
    assert words(evidence(hung)) == "OK not accepted by SNS: NotFound: the topic does not exist"


def test_the_event_of_one_test_has_one_id_and_holds_the_hops() -> None:
    kept = event(evidence(ALARM, OK), AT + 3)
    assert (kept.id, kept.kind, kept.component, kept.at) == (f"test-fire/api/{AT}", "test_fire", "api", AT)
    assert kept.title.startswith("The way to the pager works: ALARM accepted in 0.500 s")
    assert json.loads(json.dumps(kept.document)) == document(evidence(ALARM, OK))
    assert kept.document["messages"][0]["hops"] == {"claimed": 0.4, "accepted": 0.1, "received": 0.75}
    assert "does not work" in event(evidence(ALARM), AT).title
