from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from alerts.breach import Breach, Transition
from app.ports import Commit
from app.telling import Teller, Told, close_orphans, nothing_changed
from slo.judge.burn import rules_of, windows_of
from slo.judge.verdict import judge
from slo.judge.windows import Counts
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from alerts.events import Event
    from app.ports import Shard, Store
    from app.telling import Changes, Judged
    from slo.estate.spec import Component

API, WEB = objective("api"), objective("web")
AT = 30_000_000
URL = "http://127.0.0.1:8000"


def told(*transitions: Transition, judged: Judged = lambda _: None, changes: Changes = nothing_changed) -> Told:
    return Teller(estate_of(API, WEB), URL, changes)(transitions, judged)


def test_an_untold_breach_has_no_message_and_its_end_neither() -> None:
    silent = _breach(notified_at=None)
    assert told(Transition("opened", silent)).messages == []
    assert told(Transition("resolved", replace(silent, resolved_at=AT + 20))).messages == []


def test_what_was_told_when_it_opened_is_told_when_it_resolves_under_the_same_key() -> None:
    breach = _breach(notified_at=AT)
    found = told(Transition("opened", breach), Transition("resolved", replace(breach, resolved_at=AT + 20)))
    assert [(m.key, m.state) for m in found.messages] == [
        ("sloop/test/api.availability/page", "ALARM"),
        ("sloop/test/api.availability/page", "OK"),
    ]


def test_a_page_carries_the_numbers_of_the_verdict_that_the_pages_show() -> None:
    counts = Counts(1000, 100, 60)
    verdict = judge(API, AT, dict.fromkeys(windows_of(API), counts), AT - 60)
    (message,) = told(Transition("opened", _breach(notified_at=AT)), judged=lambda _: verdict).messages
    body = json.loads(message.body)["sloop"]
    assert (body["burn_1h"], body["budget_left"]) == (100.0, -99.0)
    assert body["exhausts_at"] is None


def test_f53_a_page_that_cannot_be_worded_goes_out_without_its_words_and_the_others_whole() -> None:
    def broken(component: Component, at: int) -> tuple[Event, ...]:
        if component.name == "api":
            raise ValueError("no such change")
        return nothing_changed(component, at)

    web = replace(_breach(notified_at=AT), objective=WEB.id)
    first, second = told(Transition("opened", _breach(notified_at=AT)), Transition("opened", web), changes=broken).messages
    assert (first.key, first.state, first.breach) == (
        "sloop/test/api.availability/page",
        "ALARM",
        f"api.availability.page.{AT}",
    )
    assert "could not be sent" in json.loads(first.body)["AlarmDescription"]
    assert "burns its budget" in json.loads(second.body)["AlarmDescription"]


def test_f53_a_group_that_cannot_be_worded_goes_out_without_its_words_and_names_its_root() -> None:
    def broken(component: Component, at: int) -> tuple[Event, ...]:
        raise ValueError(f"no such change of {component.name} at {at}")

    many = tuple(objective("api", f"i{n}") for n in range(30))
    opened = [Transition("opened", replace(_breach(notified_at=AT), objective=o.id)) for o in many]
    (message,) = Teller(estate_of(*many), URL, broken)(opened, lambda _: None).messages
    assert (message.key, message.state, message.attributes["component"]) == ("sloop/test/group/api/page", "ALARM", "api")
    assert "could not be sent" in json.loads(message.body)["AlarmDescription"]


def test_f52_many_pages_of_one_tick_are_one_message_per_root_and_their_ends_are_silent() -> None:
    many = tuple(objective("api", f"i{n}") for n in range(30))
    opened = [Transition("opened", replace(_breach(notified_at=AT), objective=o.id)) for o in many]
    teller = Teller(estate_of(*many), URL)
    found = teller(opened, lambda _: None)
    assert [(m.key, m.state) for m in found.messages] == [("sloop/test/group/api/page", "ALARM")]
    assert len(json.loads(found.messages[0].body)["sloop"]["members"]) == 30
    assert {t.breach.told_as for t in found.transitions} == {"sloop/test/group/api/page"}
    ended = [Transition("resolved", replace(t.breach, resolved_at=AT + 20)) for t in found.transitions]
    assert teller(ended, lambda _: None).messages == []


def test_a_breach_whose_objective_was_removed_is_closed_and_told(store: Store) -> None:
    shard = _with_open_breach(store, _breach(notified_at=AT))
    closed = close_orphans(store, estate_of(WEB), shard, URL, AT + 30)
    assert [b.resolved_at for b in closed] == [AT + 30]
    assert store.open_breaches() == []
    [delivery] = store.deliveries(f"api.availability.page.{AT}")
    assert delivery.key == "sloop/test/api.availability/page"
    assert json.loads(delivery.message.body)["NewStateValue"] == "OK"


def test_a_breach_that_nobody_was_told_of_is_closed_in_silence(store: Store) -> None:
    shard = _with_open_breach(store, _breach(notified_at=None))
    close_orphans(store, estate_of(WEB), shard, URL, AT + 30)
    assert store.open_breaches() == []
    assert store.deliveries(f"api.availability.page.{AT}") == []


def test_breaches_of_declared_objectives_are_left_alone(store: Store) -> None:
    shard = _with_open_breach(store, _breach(notified_at=AT))
    assert close_orphans(store, estate_of(API), shard, URL, AT + 30) == []
    assert len(store.open_breaches()) == 1


def _breach(notified_at: int | None) -> Breach:
    breach = Breach(API.id, "page", rules_of(API)[0], AT, Fraction(2))
    return replace(breach, notified_at=notified_at)


def _with_open_breach(store: Store, breach: Breach) -> Shard:
    store.record_estate(estate_of(API), AT)
    shard = store.open_shard("test", ("web.availability",), AT)
    return store.commit(Commit(shard, AT, transitions=(Transition("opened", breach),)))
