from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from alerts.breach import Breach, Transition
from alerts.message import test_message as drill_message
from app.keeper import AGAIN_MINUTES, Keeper
from app.ports import Commit
from app.telling import Teller
from slo.errors import SourceError
from slo.estate.spec import Exclusion
from slo.judge.burn import rules_of
from slo.units import from_minute
from tests.support.clocks import FakeClock
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.ports import Shard, Store
    from slo.estate.spec import Estate

AT = 30_000_000
API = objective("api")
MANY = tuple(objective("api", f"i{n}") for n in range(25))
KEY, GROUP = "sloop/test/api.availability/page", "sloop/test/group/api/page"


@dataclass
class FakeWatchmen:
    since: dict[str, int] = field(default_factory=dict)
    broken: bool = False

    def stood_down(self, keys: Collection[str]) -> Mapping[str, int]:
        if self.broken:
            raise SourceError("no answer", retryable=True)
        return {key: at for key, at in self.since.items() if key in keys}


class Desk:
    """A store with breaches that were told, and a keeper that looks after them."""

    def __init__(self, store: Store, estate: Estate) -> None:
        self.store, self.estate = store, estate
        self.clock, self.watchmen, self.woken = FakeClock(AT * 60), FakeWatchmen(), 0
        self.teller = Teller(estate, "http://127.0.0.1:8000")
        self.shard: Shard = store.open_shard("s", ("a",), AT)
        self.keeper = Keeper(store, estate, self.teller, lambda _: None, self.clock, self._wake, self.watchmen)

    def _wake(self) -> None:
        self.woken += 1

    def tell(self, *transitions: Transition) -> None:
        told = self.teller(transitions, lambda _: None)
        tick = (self.shard.tick or AT) + 1
        self.shard = self.store.commit(Commit(self.shard, tick, transitions=told.transitions, messages=told.messages))
        self.send()

    def open(self, *objectives: str, notified_at: int | None = AT) -> list[Breach]:
        made = [Breach(o, "page", rules_of(API)[0], AT, Fraction(1, 30), notified_at=notified_at) for o in objectives]
        self.tell(*(Transition("opened", breach) for breach in made))
        return [row.breach for row in self.store.open_breaches()]

    def resolve(self, *breaches: Breach) -> None:
        self.tell(*(Transition("resolved", replace(b, resolved_at=AT + 30)) for b in breaches))

    def send(self) -> None:
        while claimed := self.store.claim(from_minute(AT), lease_seconds=1, limit=100):
            for delivery in claimed:
                self.store.mark_sent(delivery, "id", from_minute(AT))

    def turn(self, minutes: float = 0) -> Sequence[tuple[str, str]]:
        self.clock.move(minutes * 60)
        found = [(m.key, m.state) for m in self.keeper.turn()]
        self.send()
        return found


def test_nothing_is_due_while_all_is_told(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    assert desk.turn() == []
    desk.open(API.id)
    assert desk.turn(AGAIN_MINUTES - 1) == []
    assert desk.woken == 0


def test_what_is_still_open_is_told_again_every_four_hours_and_then_resolves(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    (breach,) = desk.open(API.id)
    turns = [desk.turn(AGAIN_MINUTES + 1) for _ in range(3)]
    assert turns == [[(KEY, "ALARM")]] * 3
    assert desk.turn(1) == []
    assert desk.woken == 3
    desk.resolve(breach)
    assert desk.turn(AGAIN_MINUTES * 2) == []
    assert [d.message.state for d in store.sent_as(KEY, limit=9)] == ["OK", "ALARM", "ALARM", "ALARM", "ALARM"]


def test_two_keepers_say_it_once(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    desk.open(API.id)
    other = Keeper(store, desk.estate, desk.teller, lambda _: None, desk.clock, lambda: None)
    desk.clock.move((AGAIN_MINUTES + 1) * 60)
    assert len(desk.keeper.turn()) == 1
    assert other.turn() == [], "one that waits to be sent is told already"
    desk.send()
    assert store.sent_as(KEY, limit=1)[0].message.transition.endswith("/repeated/1")


def test_what_is_muted_is_not_told_again(store: Store) -> None:
    mute = Exclusion(AT + 1, AT + 2 * AGAIN_MINUTES, "mute", "works", None, component="api")
    desk = Desk(store, replace(estate_of(API), exclusions=(mute,)))
    desk.open(API.id)
    assert desk.turn(AGAIN_MINUTES + 1) == []
    assert desk.turn(AGAIN_MINUTES) == [(KEY, "ALARM")]


def test_nobody_is_told_again_of_what_nobody_was_told_of(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    desk.open(API.id, notified_at=None)
    assert desk.turn(AGAIN_MINUTES * 3) == []


def test_f52_a_group_is_resolved_with_its_last_member(store: Store) -> None:
    desk = Desk(store, estate_of(*MANY))
    members = desk.open(*(o.id for o in MANY))
    assert [d.key for d in store.told_open()] == [GROUP]
    desk.resolve(*members[:-1])
    assert desk.turn() == []
    desk.resolve(members[-1])
    assert desk.turn() == [(GROUP, "OK")]
    assert desk.turn() == []
    assert store.told_open() == []


def test_a_group_is_told_again_for_the_members_that_are_left(store: Store) -> None:
    desk = Desk(store, estate_of(*MANY))
    members = desk.open(*(o.id for o in MANY))
    desk.resolve(*members[3:])
    assert desk.turn(AGAIN_MINUTES + 1) == [(GROUP, "ALARM")]
    assert "3 objectives still burn" in store.sent_as(GROUP, limit=1)[0].message.subject


def test_an_alarm_that_stood_in_for_sloop_and_went_ok_is_followed_by_sloops_own_page(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    desk.open(API.id)
    desk.watchmen.since = {KEY: (AT - 10) * 60}
    assert desk.turn(1) == [], "it stood down before the page"
    desk.watchmen.since = {KEY: (AT + 5) * 60}
    assert desk.turn(5) == [(KEY, "ALARM")]
    assert desk.turn(5) == [], "once for each time that it stood down"
    desk.watchmen.broken = True
    assert desk.turn(5) == []


def test_a_page_that_was_given_up_is_due_as_long_as_its_breach_is_open(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    shard, breach = desk.shard, Breach(API.id, "page", rules_of(API)[0], AT, Fraction(1, 30), notified_at=AT)
    told = desk.teller([Transition("opened", breach)], lambda _: None)
    store.commit(Commit(shard, AT + 1, transitions=told.transitions, messages=told.messages))
    (claimed,) = store.claim(from_minute(AT), lease_seconds=1, limit=9)
    store.give_up(claimed, "a day of refusals", from_minute(AT) + timedelta(days=1))
    assert desk.turn() == [(KEY, "ALARM")]
    assert desk.turn() == []


def test_an_incident_whose_resolve_was_given_up_is_closed(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    (breach,) = desk.open(API.id)
    told = desk.teller([Transition("resolved", replace(breach, resolved_at=AT + 30))], lambda _: None)
    store.commit(Commit(desk.shard, AT + 2, transitions=told.transitions, messages=told.messages))
    (claimed,) = store.claim(from_minute(AT), lease_seconds=1, limit=9)
    store.give_up(claimed, "refused", from_minute(AT))
    assert desk.turn() == [(KEY, "OK")]
    assert store.told_open() == []


def test_a_group_that_was_given_up_is_due_for_the_members_that_are_still_open(store: Store) -> None:
    desk = Desk(store, estate_of(*MANY))
    opened = [Breach(o.id, "page", rules_of(API)[0], AT, Fraction(1, 30), notified_at=AT) for o in MANY]
    told = desk.teller([Transition("opened", breach) for breach in opened], lambda _: None)
    store.commit(Commit(desk.shard, AT + 1, transitions=told.transitions, messages=told.messages))
    (claimed,) = store.claim(from_minute(AT), lease_seconds=1, limit=9)
    store.give_up(claimed, "a day of refusals", from_minute(AT) + timedelta(days=1))
    assert desk.turn() == [(GROUP, "ALARM")]
    assert desk.turn() == []


def test_an_end_that_is_given_up_again_and_again_is_told_until_it_is_taken(store: Store) -> None:
    for turn, (members, key) in enumerate(((MANY, GROUP), ((API,), KEY))):
        desk = Desk(store, estate_of(*MANY, API))
        opened = desk.open(*(o.id for o in members))
        told = desk.teller([Transition("resolved", replace(b, resolved_at=AT + 30)) for b in opened], lambda _: None)
        store.commit(Commit(desk.shard, AT + 2 + turn, transitions=told.transitions, messages=told.messages))
        for _ in range(3):
            desk.keeper.turn()
            (claimed,) = store.claim(from_minute(AT), lease_seconds=1, limit=9)
            assert (claimed.key, claimed.message.state) == (key, "OK")
            store.give_up(claimed, "refused", from_minute(AT))
        assert desk.turn() == [(key, "OK")]
        assert store.told_open() == []


def test_what_was_given_up_is_not_told_in_a_maintenance_window(store: Store) -> None:
    window = Exclusion(AT, AT + 60, "mute", "maintenance", "ops", component="api")
    desk = Desk(store, replace(estate_of(API), exclusions=(window,)))
    breach = Breach(API.id, "page", rules_of(API)[0], AT, Fraction(1, 30), notified_at=AT)
    told = desk.teller([Transition("opened", breach)], lambda _: None)
    store.commit(Commit(desk.shard, AT + 1, transitions=told.transitions, messages=told.messages))
    (claimed,) = store.claim(from_minute(AT), lease_seconds=1, limit=9)
    store.give_up(claimed, "a day of refusals", from_minute(AT))
    assert desk.turn() == []
    assert desk.turn(61) == [(KEY, "ALARM")]


def test_a_test_that_was_cut_short_is_closed(store: Store) -> None:
    desk = Desk(store, estate_of(API))
    component = desk.estate.components[0]
    message = drill_message(desk.teller.origin(component), component, "ALARM", at=AT * 60)
    store.enqueue([message], from_minute(AT))
    desk.send()
    assert desk.turn(10) == []
    assert desk.turn(5) == [("sloop/test/test/api", "OK")]
    assert store.told_open() == []


def test_a_group_whose_root_left_the_estate_is_closed_with_its_last_member(store: Store) -> None:
    desk = Desk(store, estate_of(*MANY))
    desk.open(*(o.id for o in MANY))
    desk.resolve(*(row.breach for row in store.open_breaches()))
    without = Keeper(store, estate_of(objective("web")), desk.teller, lambda _: None, desk.clock, lambda: None)
    assert [(m.key, m.state) for m in without.turn()] == [(GROUP, "OK")]
