"""The pages in a real browser: nothing refused, nothing fetched elsewhere, nothing wider than a phone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from app.guards import loopback_hosts
from app.main import create_app
from app.snapshot import AppState, SnapshotBox
from tests import programs
from tests.app import picture, reference
from tests.support.serving import serving_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page
    from starlette.types import ASGIApp

    from app.snapshot import History, Snapshot

pytestmark = pytest.mark.needs("chromium")

PATHS = ("/", "/slos", "/slos?state=burning_fast", "/slos/api.availability", "/components/web", "/nowhere")
WHOLE = (
    "/",
    "/slos/traces.availability",
    "/components/api",
    "/components/keys",
    "/recovery",
    "/alarms",
    "/reports",
    "/sources",
)
"""Of the reference estate."""
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
    return all.filter(e => contrast(e) < 4.5).map(e => `${contrast(e).toFixed(1)} ${e.outerHTML.slice(0, 120)}`); }"""
"""Words whose contrast with what they stand on is below WCAG's 4.5 : 1."""


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
def whole(browser: Browser) -> Iterator[Shown]:
    with showing(browser, *reference.shared(), about=reference.facts()) as site:
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
