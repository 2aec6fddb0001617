from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import message
from alerts.breach import Breach
from alerts.envelope import Origin, bare
from alerts.events import Event
from alerts.group_message import group_message, group_resolved
from alerts.message import Facts
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Component, Composite, Objective, Part
from slo.judge.burn import Rule

if TYPE_CHECKING:
    from alerts.envelope import Message, State
    from alerts.naming import Kind

GOLDEN = Path(__file__).parents[1] / "golden/messages"
FIRED = 29_927_520  # 2026-11-26T00:00Z
RULE = Rule("page", 60, 5, Fraction(72, 5))
PAGE = Breach("api.availability", "page", RULE, FIRED, Fraction(1, 30), notified_at=FIRED)
TICKET = Breach(
    "api.availability", "ticket", Rule("ticket", 1440, 120, Fraction(3)), FIRED, Fraction(1, 8), notified_at=FIRED + 41
)
API = Component("api", "ecs", tier=1, display_name="API", owner="team-orders", runbook="https://wiki.example/api")
OBJECTIVE = Objective("api.availability", "api", "availability", Decimal("0.9990"), 43_200, ())
ORIGIN = Origin("demo", "https://sloop.example/", "us-east-1", "111122223333")
DEPLOYED = Event("ecs/1", "sns", "deployment", FIRED * 60 - 240, FIRED * 60 - 230, "deployment api:42 started", "api")
KNOWN = Facts(Fraction(1, 30), Fraction(72, 5), FIRED * 60 + 174_000, (DEPLOYED,))
MEMBERS = tuple(replace(PAGE, objective=f"part-{n}.availability", told_as="sloop/demo/group/api/page") for n in range(7))


def page(
    kind: Kind = "opened",
    breach: Breach = PAGE,
    component: Component = API,
    facts: Facts = KNOWN,
    origin: Origin = ORIGIN,
) -> Message:
    return message.page_message(origin, breach, kind, component, OBJECTIVE, facts)


def drill(state: State, component: Component = API) -> Message:
    return message.test_message(ORIGIN, component, state, at=FIRED * 60 + 5)


def document(made: Message) -> dict[str, Any]:
    return {
        "key": made.key,
        "transition": made.transition,
        "state": made.state,
        "subject": made.subject,
        "body": json.loads(made.body),
        "attributes": dict(made.attributes),
        "breach": made.breach,
    }


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("page-opened", page()),
        ("page-resolved", page("resolved", replace(PAGE, resolved_at=FIRED + 21), facts=Facts(Fraction(1, 25)))),
        ("ticket-notified", page("notified", TICKET, facts=Facts(Fraction(1, 7), Fraction(4)))),
        ("test-alarm", drill("ALARM")),
        ("test-ok", drill("OK")),
        ("page-repeated", page("repeated", facts=replace(KNOWN, at=FIRED + 240, occasion="1", changes=()))),
        ("group-opened", group_message(ORIGIN, API, MEMBERS, FIRED, changes=(DEPLOYED,))),
        ("group-again", group_message(ORIGIN, API, MEMBERS[:2], FIRED + 240, occasion="1")),
        ("group-resolved", group_resolved(ORIGIN, API, f"group/api/{FIRED}", FIRED + 300)),
        ("refused", bare(page(), FIRED * 60)),
    ],
)
def test_messages_are_the_golden_ones(name: str, made: Message) -> None:
    assert document(made) == json.loads((GOLDEN / f"{name}.json").read_text())


def assert_sendable(made: Message) -> None:
    body = orjson.loads(made.body)  # strict: refuses NaN and lone surrogates
    assert made.subject.startswith(f"{body['NewStateValue']}: ")
    assert made.subject.isascii()
    assert made.subject.isprintable()
    assert len(made.subject) < 100
    assert body["NewStateValue"] == made.state
    assert body["AlarmName"] == made.key
    assert len(made.key) <= 255
    assert len(body["AlarmDescription"]) <= 1024
    assert len(body["NewStateReason"]) <= 1023
    assert len(made.body.encode()) < 256 * 1024
    assert all(made.attributes.values())


@settings(deadline=None)
@given(
    title=st.text(st.characters(codec=None), max_size=300),
    owner=st.text(st.characters(codec=None), max_size=2000),
    runbook=st.text(max_size=3000),
)
def test_any_display_name_owner_and_runbook_give_valid_json_and_a_valid_subject(title: str, owner: str, runbook: str) -> None:
    component = replace(API, display_name=title, owner=owner, runbook=runbook)
    for made in (page(component=component), page("resolved", replace(PAGE, resolved_at=FIRED + 21), component)):
        assert_sendable(made)
        assert "https://sloop.example/breaches/api.availability.page.29927520" in json.loads(made.body)["AlarmDescription"]
    assert_sendable(drill("OK", component))


@settings(deadline=None)
@given(objective=st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?", fullmatch=True))
def test_any_objective_id_gives_a_valid_subject_and_alarm_name(objective: str) -> None:
    made = message.page_message(
        ORIGIN,
        replace(PAGE, objective=objective),
        "opened",
        API,
        replace(OBJECTIVE, id=objective),
    )
    assert_sendable(made)


def test_newlines_control_characters_and_emoji_never_reach_the_subject() -> None:
    made = page(component=replace(API, display_name="Käse\r\nAPI\x00 🧀\u202e now\ud800"))
    assert made.subject == 'ALARM: "sloop/demo/api.availability/page" burns its budget at 14.4x or more: Kase API now'
    assert json.loads(made.body)["NewStateReason"].startswith("Käse API 🧀 now (api.availability) burns")


def test_a_long_name_is_cut_at_a_whole_character() -> None:
    made = page(component=replace(API, display_name="x" * 116 + "q\u0308" * 100))
    start = json.loads(made.body)["NewStateReason"].split(" (")[0]
    assert start == "x" * 116 + "..."


def test_a_page_and_its_resolve_share_the_key_and_the_breach() -> None:
    opened, resolved = page(), page("resolved", replace(PAGE, resolved_at=FIRED + 21))
    assert opened.key == resolved.key == "sloop/demo/api.availability/page"
    assert opened.breach == resolved.breach == "api.availability.page.29927520"
    assert opened.transition != resolved.transition


def test_what_is_not_known_is_null() -> None:
    body = json.loads(page(facts=Facts()).body)
    assert body["sloop"]["budget_spent"] is None
    assert body["sloop"]["resolved_at"] is None
    assert "budget is spent" not in body["NewStateReason"]


@pytest.mark.parametrize(
    ("spent", "told"), [(Fraction(22103, 100_000), "22.2%"), (Fraction(1, 100_000), "0.1%"), (Fraction(21, 2), "1,050.0%")]
)
def test_what_was_spent_is_told_rounded_up_as_the_pages_show_it(spent: Fraction, told: str) -> None:
    body = json.loads(page(facts=Facts(spent)).body)
    assert f" {told} of its budget is spent." in body["NewStateReason"]


def test_a_breach_that_is_still_open_cannot_be_told_as_resolved() -> None:
    with pytest.raises(ValueError, match="is not resolved"):
        page("resolved")


@pytest.mark.parametrize(
    ("region", "shown", "arn"),
    [
        ("eu-west-1", "EU (Ireland)", "arn:aws:cloudwatch:eu-west-1:"),
        ("cn-north-1", "cn-north-1", "arn:aws-cn:cloudwatch:cn-north-1:"),
        ("us-gov-west-1", "us-gov-west-1", "arn:aws-us-gov:cloudwatch:us-gov-west-1:"),
    ],
)
def test_the_region_is_named_as_cloudwatch_does(region: str, shown: str, arn: str) -> None:
    body = json.loads(page(origin=replace(ORIGIN, region=region)).body)
    assert body["Region"] == shown
    assert body["AlarmArn"].startswith(arn)


@pytest.mark.parametrize(
    ("more", "goal"),
    [
        ({"calendar": Calendar(1, "M", "Europe/Berlin")}, "99.9% over 1M (Europe/Berlin)"),
        ({"budgeting": Budgeting("Timeslices", 5, Decimal("0.95"))}, "99.9% over 30d, counted in slices of 5m"),
        (
            {"composite": Composite("serial", (Part("a.b", Decimal("0.9")),), 1)},
            "99.9% over 30d, counted in minutes of the journey",
        ),
    ],
)
def test_a_message_says_what_window_and_what_its_events_are(more: dict[str, object], goal: str) -> None:
    declared = replace(OBJECTIVE, **more)  # type: ignore[arg-type]
    made = message.page_message(ORIGIN, PAGE, "opened", API, declared)
    assert f"({goal})." in json.loads(made.body)["NewStateReason"]


def test_a_severity_with_a_label_of_its_own_is_told() -> None:
    labelled = replace(TICKET, rule=replace(TICKET.rule, label="sev3"))
    assert json.loads(page(breach=labelled).body)["sloop"]["label"] == "sev3"
    assert "label" not in json.loads(page(breach=TICKET).body)["sloop"]


def test_a_page_says_what_is_left_when_it_is_gone_and_what_changed_before() -> None:
    body = json.loads(page().body)
    told = body["sloop"]
    assert (told["budget_spent"], told["budget_left"], told["burn_1h"]) == (1 / 30, 29 / 30, 14.4)
    assert told["exhausts_at"] == "2026-11-28T00:20:00Z"
    assert told["changes"] == [{"at": "2026-11-25T23:56:00Z", "kind": "deployment", "title": DEPLOYED.title}]
    assert "Changed before: 2026-11-25T23:56:00Z deployment api:42 started" in body["AlarmDescription"]
    assert "all of it is gone at 2026-11-28T00:20:00Z" in body["NewStateReason"]


@settings(deadline=None)
@given(titles=st.lists(st.text(st.characters(codec=None), max_size=400), max_size=12))
def test_whatever_changed_before_the_message_can_be_sent_and_lists_five(titles: list[str]) -> None:
    changes = tuple(replace(DEPLOYED, id=str(n), title=title) for n, title in enumerate(titles))
    made = page(facts=replace(KNOWN, changes=changes))
    assert_sendable(made)
    assert len(json.loads(made.body)["sloop"]["changes"]) == min(5, len(titles))


def test_a_group_of_two_thousand_fits_and_says_how_many_are_left_out() -> None:
    members = [replace(PAGE, objective=f"{'x' * 60}-{n}.availability") for n in range(2000)]
    made = group_message(ORIGIN, API, members, FIRED)
    assert_sendable(made)
    told = json.loads(made.body)["sloop"]
    assert (len(told["members"]), told["members_left_out"]) == (500, 1500)
    assert told["members"][0]["objective"] == members[0].objective


def test_what_is_told_again_has_the_key_of_the_first_message_and_a_transition_of_its_own() -> None:
    first, again = page(), page("repeated", facts=Facts(at=FIRED + 240, occasion="1"))
    assert (again.key, again.state, again.breach) == (first.key, "ALARM", first.breach)
    assert again.transition == f"{first.breach}/repeated/1"
    assert "still burns" in again.subject
