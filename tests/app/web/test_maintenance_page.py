from __future__ import annotations

import re
from dataclasses import replace

import pytest

from alerts.mutes import mute_rules
from app.alarm_inventory import AlarmInventory, inventory
from slo.estate.load import load
from slo.resource import Live
from tests.app import picture, reference
from tests.app.happened import MUTE, maintained
from tests.support.markup import checked
from tests.support.wishes import desired, small_estate


@pytest.fixture
def muted() -> picture.Site:
    snapshot, history = picture.shared()
    return picture.site(maintained(snapshot), history)


def test_every_window_stands_with_what_it_covers_and_why(muted: picture.Site) -> None:
    text = muted.get("/maintenance").text
    page = checked(text)
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert [f"{n} {word}" in text for n, word in ((2, "active"), (1, "upcoming"), (1, "past"))] == [True] * 3
    for expected in ("minor version upgrade", "11:42Z", "13:00Z", "1h 18m", "lead", "nobody", "not read yet"):
        assert expected in text
    assert {"/slos/api.availability", "/slos/api.latency", "/components/api"} <= set(page.targets)


def test_what_is_held_back_stands_above_with_when_it_will_be_sent(muted: picture.Site) -> None:
    text = muted.get("/maintenance").text
    held = text[text.index("Held back now") : text.index("<caption>")]
    assert re.findall(r"will be sent at (\d\d:\d\dZ)", held) == ["14:00Z", "13:00Z"]
    assert "/breaches/api.availability.page." in held


def test_a_reason_never_becomes_markup(muted: picture.Site) -> None:
    for path in ("/maintenance", "/slos", "/slos/api.latency"):
        assert "<script>" not in muted.get(path).text
    assert "&lt;script&gt;" in muted.get("/maintenance").text


def test_the_flag_stands_beside_the_state_and_hides_nothing(muted: picture.Site) -> None:
    listed = muted.get("/slos").text
    row = next(part for part in listed.split("<tr>") if "/slos/api.availability" in part)
    assert "burning fast" in row
    assert 'title="muted until 13:00Z: minor version upgrade">maintenance</abbr>' in row
    other = next(part for part in listed.split("<tr>") if "/slos/edge.availability" in part)
    assert "maintenance" not in other
    detail = muted.get("/slos/api.latency").text
    assert "not counted in the corrected budget until 12:07Z: load test; muted until 13:00Z" in detail
    assert detail.index("burning slow") < detail.index(">maintenance</abbr>") < detail.index('class="verdict')


def test_outside_of_maintenance_no_flag_stands_anywhere(site: picture.Site) -> None:
    assert 'class="flag"' not in site.get("/slos").text
    assert "declares no maintenance windows" in site.get("/maintenance").text


def test_the_example_can_be_put_into_the_estate_as_it_is(site: picture.Site) -> None:
    text = site.get("/maintenance").text
    example = text[text.index("<pre>") + 5 : text.index("</pre>")]
    component = re.search(r"component: ([\w-]+)", example)
    assert component is not None
    declared = f"""apiVersion: sloop/v1
kind: Estate
metadata: {{name: demo}}
accounts: {{main: {{id: '111122223333', region: us-east-1}}}}
components:
  - {{name: {component[1]}, kind: rds, resource: {{instance: prod-pg}}}}
{example}"""
    loaded = load((("estate.yaml", declared.encode()),), reference.catalog())
    assert loaded.problems == ()
    assert loaded.estate is not None
    (window,) = loaded.estate.exclusions
    assert (window.kind, window.end - window.start, window.start % 60) == ("mute", 120, 0)


def test_whether_cloudwatch_keeps_quiet_too_is_told() -> None:
    snapshot, history = picture.shared()
    estate = small_estate()
    window = replace(MUTE, component="shop")
    wanted = tuple(mute_rules(replace(estate, exclusions=(window,)), desired(estate)))
    muted = replace(snapshot, estate=replace(estate, exclusions=(window,)), verdicts={}, breaches=())
    found = {
        "1 mute rule in place": inventory("small", wanted, [Live(r, "ACTIVE") for r in wanted], picture.NOW),
        "1 of 1 mute rule missing: sloop apply": inventory("small", wanted, [], picture.NOW),
        "none: it covers no alarm of CloudWatch": AlarmInventory(picture.NOW),
    }
    for said, alarms in found.items():
        assert said in picture.site(replace(muted, alarms=alarms), history).get("/maintenance").text


def test_it_is_in_the_navigation(site: picture.Site) -> None:
    assert '<a href="/maintenance" aria-current="page">Maintenance</a>' in site.get("/maintenance").text
    assert '<a href="/audit">Audit</a>' in site.get("/").text
