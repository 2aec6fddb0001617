from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from alerts.breach import Breach, Transition
from app.ports import Commit
from app.telling import close_orphans, teller
from slo.judge.burn import rules_of
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from app.ports import Shard, Store

API, WEB = objective("api"), objective("web")
AT = 30_000_000
URL = "http://127.0.0.1:8000"


def test_an_untold_breach_has_no_message_and_its_end_neither() -> None:
    tell = teller(estate_of(API), URL)
    silent = _breach(notified_at=None)
    assert tell(Transition("opened", silent)) is None
    assert tell(Transition("resolved", replace(silent, resolved_at=AT + 20))) is None


def test_what_was_told_when_it_opened_is_told_when_it_resolves_under_the_same_key() -> None:
    tell = teller(estate_of(API), URL)
    breach = _breach(notified_at=AT)
    told = [tell(Transition("opened", breach)), tell(Transition("resolved", replace(breach, resolved_at=AT + 20)))]
    assert [(m.key, m.state) for m in told if m] == [
        ("sloop/test/api.availability/page", "ALARM"),
        ("sloop/test/api.availability/page", "OK"),
    ]


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
