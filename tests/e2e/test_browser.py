"""The pages in a real browser: nothing refused, nothing fetched elsewhere, nothing wider than a phone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from alerts.recovery_breach import RecoveryBreach
from app.drills import DrillBook, Finish, Start
from app.estimate import estimate
from app.files import read_prices
from app.guards import loopback_hosts
from app.main import create_app
from app.memory.store import MemoryStore
from app.settings import Settings
from app.snapshot import AppState, SnapshotBox
from app.trace_map import Flow, trace_map
from slo.judge.recovery_point import Reading
from tests import programs
from tests.app import picture, reference
from tests.app.happened import happened, maintained
from tests.support import recovered
from tests.support.serving import serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from starlette.types import ASGIApp

    from app.snapshot import History, Snapshot
    from slo.judge.drill import Outcome

pytestmark = pytest.mark.needs("chromium")

PATHS = ("/", "/slos", "/slos?state=burning_fast", "/slos/api.availability", "/components/web", "/nowhere")
WHOLE = (
    "/",
    "/slos/traces.availability",
    "/components/api",
    "/components/keys",
    "/recovery",
    "/alarms",
    "/maintenance",
    "/audit",
    "/reports",
    "/sources",
)
"""Of the reference estate."""
TARGETS = ("/recovery/database/point-in-time-restore", "/recovery/database/az-loss", "/recovery/archive/region-loss")
BREACH = "/breaches/recovery.database.point-in-time-restore.exposure_over.{}"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

BOXES = ".tile, .chip, .fire, .counter, .calm, .cards tbody > tr > *, .top, .facts dd, .pairs dd"
SPILLS = "boxes => boxes.filter(b => b.scrollWidth > b.clientWidth + 1).map(b => b.outerHTML.slice(0, 160))"

PALE = """all => { const light = text => { const [r, g, b] = text.match(/[0-9.]+/g).map(v => { const c = v / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const ground = e => { const own = getComputedStyle(e).backgroundColor;
        return own === "rgba(0, 0, 0, 0)" ? ground(e.parentElement) : own; };
    const contrast = e => { const two = [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => b - a);
        return (two[0] + 0.05) / (two[1] + 0.05); };
    const shown = all.filter(e => e.isConnected && contrast(e) < 4.5);
    return shown.map(e => `${contrast(e).toFixed(1)} ${e.outerHTML.slice(0, 120)}`); }"""
"""Words whose contrast with what they stand on is below WCAG's 4.5 : 1. What was replaced meanwhile stands on nothing."""


class Shown:
    """The picture served, with a browser that notes what it complains of and where it asks."""

    def __init__(self, browser: Browser, address: str, box: SnapshotBox) -> None:
        self.browser, self.address, self.box = browser, address, box
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []

    def open(self, path: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        page = context.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" and "404" not in m.text else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", lambda r: self.elsewhere.append(r.url) if not r.url.startswith(self.address) else None)
        page.goto(f"{self.address}{path}")
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=programs.find("chromium"), args=FLAGS)
        yield launched
        launched.close()


@contextmanager
def showing(browser: Browser, snapshot: Snapshot, history: History, **more: Any) -> Iterator[Shown]:
    """`more` are further fields of AppState."""
    box = SnapshotBox(snapshot)

    def make(port: int) -> ASGIApp:
        state = AppState(box, picture.Log(), history, picture.Wall(), lambda: b"", loopback_hosts(port), **more)
        return create_app(state)

    with serving_at(make) as address:
        yield Shown(browser, address, box)


@pytest.fixture(scope="module")
def shown(browser: Browser) -> Iterator[Shown]:
    with showing(browser, *picture.shared()) as site:
        yield site


@pytest.fixture(scope="module")
def maintained_shown(browser: Browser) -> Iterator[Shown]:
    snapshot, history = picture.shared()
    with showing(browser, maintained(snapshot), history, happened=happened(60, 60)) as site:
        yield site


@pytest.fixture(scope="module")
def full() -> Snapshot:
    """The reference estate with everything that can be said of its sources."""
    snapshot = reference.shared()[0]
    denied = (
        "cloudwatch:GetMetricData: AccessDenied: not authorized; allow the IAM action cloudwatch:GetMetricData for this role"
    )
    long = 'sum(rate(http_requests_total{job="orders",code=~"5.."}[5m])): PromQL info: the metric might not be a counter'
    spoken: dict[str, Any] = {
        "settle": 180,
        "poll": 5,
        "hot": 3,
        "throttled": 12_345,
        "quarantined": 4,
        "coverage": Fraction(9, 10),
        "gaps": tuple((objective.id, 12) for objective in snapshot.estate.objectives[:9]),
        "damaged": tuple(range(picture.T - 40, picture.T - 30)),
        "remarks": (long,),
    }
    sources = tuple(replace(source, error=denied, **spoken) for source in snapshot.sources)
    flows = [
        Flow("api", callee, 1204, 31) for callee in ("database", "cache", "jobs", "documents", "search", "orders@db.example")
    ]
    traced = trace_map(snapshot.estate, flows, flows, picture.NOW)
    return replace(snapshot, sources=sources, traces=traced, skew=3700.0)


@pytest.fixture(scope="module")
def whole(browser: Browser) -> Iterator[Shown]:
    reading = estimate(reference.estate(), reference.catalog(), Settings(), read_prices()).reading
    with showing(browser, *reference.shared(), about=reference.facts(), reading=reading) as site:
        yield site


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_opens_without_a_complaint_fits_its_width_and_asks_nobody_else(
    shown: Shown, path: str, width: int, dark: bool
) -> None:
    page = shown.open(path, width=width, dark=dark)
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    page.context.close()
    assert widest <= width
    assert shown.complaints == []
    assert shown.elsewhere == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", WHOLE)
def test_so_does_every_page_of_the_reference_estate_and_nothing_spills_out_of_its_place(
    whole: Shown, path: str, width: int
) -> None:
    page = whole.open(path, width=width, script=False)
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    spilling = page.eval_on_selector_all(BOXES, SPILLS)
    page.context.close()
    assert widest <= width
    assert spilling == []
    assert whole.complaints == []
    assert whole.elsewhere == []


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/sources", "/components/api", "/slos/api.availability"])
def test_sources_and_traces_with_much_to_say_need_no_scrolling_sideways(
    whole: Shown, full: Snapshot, path: str, width: int
) -> None:
    before = whole.box.get()
    whole.box.put(full)
    try:
        page = whole.open(path, width=width, script=False)
        widest = page.evaluate("document.scrollingElement.scrollWidth")
        hidden = page.eval_on_selector_all(".scroll:not(details *)", SPILLS)
        spilling = page.eval_on_selector_all(BOXES, SPILLS)
        page.context.close()
    finally:
        whole.box.put(before)
    assert widest <= width
    assert hidden == spilling == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/maintenance", "/audit", "/slos", "/slos/api.latency"])
def test_maintenance_and_what_was_done_fit_their_place_and_can_be_read(
    maintained_shown: Shown, path: str, width: int, dark: bool
) -> None:
    page = maintained_shown.open(path, width=width, dark=dark)
    page.eval_on_selector_all("main details", "all => all.forEach(d => d.setAttribute('open', ''))")
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    spilling = page.eval_on_selector_all(f"{BOXES}, pre, .filter, .flag", SPILLS)
    pale = page.eval_on_selector_all("main .badge, main .flag, main pre, main select, main .quietly, main small", PALE)
    page.context.close()
    assert widest <= width
    assert spilling == pale == []
    assert maintained_shown.complaints == maintained_shown.elsewhere == []


@pytest.fixture(scope="module")
def recovering(browser: Browser) -> Iterator[Shown]:
    """Recovery in every state, an open breach of it, and a month of readings with a dark stretch."""
    now = int(picture.NOW.timestamp())
    breach = RecoveryBreach("database", "point-in-time-restore", "exposure_over", "page", now - 900, "1h 7m exposed", now)
    kept = MemoryStore()
    ages = ((at, 250 + at // 60 % 97) for at in range(now - 720 * 3600, now, 600) if at // 3600 % 50)
    kept.keep_recovery([Reading("database", "point-in-time-restore", at, at - age, "rds") for at, age in ages], [])
    kept.commit_recovery([breach], [], picture.NOW)
    snapshot, history = picture.shared()
    filled = replace(
        snapshot, estate=recovered.ESTATE, recovery=recovered.verdicts(now), recovery_breaches=(breach,), breaches=()
    )
    with showing(browser, filled, history, recovered=kept) as site:
        yield site


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/", "/recovery", *TARGETS, "/components/database", BREACH])
def test_recovery_fits_its_width_and_every_word_of_it_can_be_read(recovering: Shown, path: str, width: int, dark: bool) -> None:
    page = recovering.open(path.format(int(picture.NOW.timestamp()) - 900), width=width, dark=dark, script=False)
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    hidden = page.eval_on_selector_all(".scroll:not(details *)", SPILLS)
    spilling = page.eval_on_selector_all(BOXES, SPILLS)
    pale = page.eval_on_selector_all(".badge, .quietly, .cell, .verdict, .fire p, .steps li, .chip small", PALE)
    titles = page.locator("h1").count()
    page.context.close()
    assert titles == 1
    assert widest <= width
    assert hidden == spilling == pale == []
    assert recovering.complaints == recovering.elsewhere == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_state_can_be_read_on_its_colour(shown: Shown, dark: bool) -> None:
    page = shown.open("/", dark=dark)
    pale = page.eval_on_selector_all(".tile b, .tile em, .tile small, .left, .badge, .counter, .quietly, .chip small", PALE)
    page.context.close()
    assert pale == []


def test_whoever_walks_by_keyboard_stays_in_place_when_a_new_snapshot_comes(whole: Shown) -> None:
    page = whole.open("/")
    page.locator(".tile[href='/components/cache']").focus()
    before = whole.box.get()
    whole.box.put(replace(before, breaches=(), made_at=before.made_at + timedelta(seconds=60)))
    try:
        page.get_by_text("No breach is open").wait_for(timeout=15_000)
        focused = page.evaluate("document.activeElement.className + ' ' + document.activeElement.getAttribute('href')")
    finally:
        whole.box.put(before)
        page.context.close()
    assert focused == "tile source_error /components/cache"


def test_the_verdict_is_the_first_thing_on_a_phone_without_script(shown: Shown) -> None:
    page = shown.open("/slos/api.availability", width=360, script=False)
    box = page.locator(".verdict").first.bounding_box()
    words = page.locator(".verdict").first.inner_text()
    page.context.close()
    assert "Burning" in words
    assert box is not None
    assert box["y"] + box["height"] < 640


def test_a_new_snapshot_replaces_what_is_shown_without_a_reload(shown: Shown) -> None:
    page = shown.open("/")
    page.evaluate("document.body.dataset.mine = 'kept'")
    before = shown.box.get()
    assert page.get_by_text("No breach is open").count() == 0
    shown.box.put(replace(before, breaches=(), made_at=before.made_at + timedelta(seconds=60)))
    try:
        page.get_by_text("No breach is open").wait_for(timeout=15_000)
        kept = page.evaluate("document.body.dataset.mine")
    finally:
        shown.box.put(before)
        page.context.close()
    assert kept == "kept"


@pytest.fixture
def drilled(browser: Browser) -> Iterator[Shown]:
    """The reference estate with a drill that runs and some that are over, told in words that fit nowhere."""
    store, clock = MemoryStore(), picture.Wall()
    book, long = DrillBook(store, clock), "x" * 300
    estate = reference.shared()[0].estate
    for n, scenario in enumerate(("az-loss", "region-loss", "accidental-deletion")):
        drill = book.start(estate, Start("database", scenario, "w" * 100, ("v" * 100,), long))
        clock.at += timedelta(seconds=90)
        if n:
            outcome: Outcome = "passed" if n == 1 else "failed"
            book.finish(drill.id, Finish(outcome, "ana", 42, "ab" * 32, "psql.log", picture.EVIL))
    with showing(browser, *reference.shared(), drills=book) as site:
        yield site


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_drills_and_their_forms_fit_and_can_be_read(drilled: Shown, width: int, dark: bool) -> None:
    page = drilled.open("/recovery", width=width, dark=dark, script=False)
    for summary in page.locator("#drill-start summary, .fire summary").all():
        summary.click()
    widest = page.evaluate("document.scrollingElement.scrollWidth")
    spilling = page.eval_on_selector_all(f"{BOXES}, .record, .record label", SPILLS)
    pale = page.eval_on_selector_all(".record label, .record button, .record input, .told, .fire p, .cards small", PALE)
    page.context.close()
    assert widest <= width
    assert spilling == pale == drilled.complaints == drilled.elsewhere == []


def test_a_drill_ends_and_another_begins_without_a_script(drilled: Shown, tmp_path: Path) -> None:
    (tmp_path / "psql.log").write_bytes(b"recovered")
    page = drilled.open("/recovery", width=360, script=False)
    page.get_by_text("Finish this drill").click()
    form = page.locator(".fire form")
    form.locator("[name=outcome]").select_option("passed")
    form.locator("[name=artefact]").set_input_files(tmp_path / "psql.log")
    form.locator("[name=actor]").fill("ben")
    form.locator("button").click()
    page.wait_for_url("**/recovery#drill-database.az-loss.1")
    assert page.locator(f"code[title*='{sha256(b'recovered').hexdigest()}']").count() == 1
    page.get_by_text("Start a drill").click()
    form = page.locator("#drill-start form")
    form.locator("[name=component]").select_option("database")
    form.locator("[name=scenario]").select_option("az-loss")
    form.locator("[name=actor]").fill("ana")
    form.locator("button").click()
    page.wait_for_url("**/recovery#drill-database.az-loss.2")
    running = page.locator(".fire").inner_text()
    page.context.close()
    assert "running" in running
    assert drilled.complaints == []


def test_what_is_filled_in_stays_when_a_new_snapshot_comes(drilled: Shown) -> None:
    page = drilled.open("/recovery")
    page.get_by_text("Start a drill").click()
    note = page.locator("#drill-start [name=note]")
    note.fill("not sent yet")
    page.locator("h1").click()
    before = drilled.box.get()
    drilled.box.put(replace(before, made_at=before.made_at + timedelta(seconds=60)))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    kept = note.input_value()
    note.fill("")
    page.locator("h1").click()
    with page.expect_response("**/recovery"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.context.close()
    assert kept == "not sent yet"
