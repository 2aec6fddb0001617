"""The drills on `/recovery` as somebody without a script uses them, over real HTTP."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from app.memory.store import MemoryStore
from slo.errors import StoreError
from tests.app.picture import EVIL
from tests.support.drilling import Site, drilling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.judge.drill import Drill

START = "/recovery/drills"
FINISH = f"{START}/database.az-loss.1/finish"


@pytest.fixture
def site() -> Iterator[Site]:
    with drilling() as found:
        yield found


def begin(site: Site, **fields: str) -> int:
    form = {"csrf": site.token(START), "component": "database", "scenario": "az-loss", "actor": "ana", **fields}
    return site.post(START, data=form).status_code


def test_a_form_begins_a_drill_and_leads_back_to_it(site: Site) -> None:
    assert "No drill was recorded yet" in site.get("/recovery").text
    form = {
        "csrf": site.token(START),
        "component": "database",
        "scenario": "az-loss",
        "actor": "ana",
        "participants": "ben, eve,",
    }
    answer = site.post(START, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/recovery#drill-database.az-loss.1")
    text = site.get("/recovery").text
    assert 'id="drill-database.az-loss.1"' in text
    assert "ana, ben, eve" in text


def test_the_evidence_is_hashed_and_not_kept(site: Site) -> None:
    begin(site)
    evidence = b"-- dump\n" * 50_000
    form = {"csrf": site.token(FINISH), "outcome": "passed", "actor": "ben", "lost": "90s", "note": "well"}
    answer = site.post(FINISH, data=form, files={"artefact": ("dump.sql", evidence)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/recovery#drill-database.az-loss.1")
    told = site.get("/api/v1/drills/database.az-loss.1").json()
    assert (told["outcome"], told["lost_seconds"]) == ("passed", 90)
    assert told["artefact_sha256"] == sha256(evidence).hexdigest()
    text = site.get("/recovery").text
    assert told["artefact_sha256"] in text
    assert "1m 30s" in text


@pytest.mark.parametrize("files", [None, {"artefact": ("", b"")}], ids=["no field", "no file chosen"])
def test_a_drill_may_end_without_evidence(site: Site, files: dict[str, tuple[str, bytes]] | None) -> None:
    begin(site)
    form = {"csrf": site.token(FINISH), "outcome": "failed", "actor": "ben", "lost": "", "note": ""}
    assert site.post(FINISH, data=form, files=files).status_code == 303
    told = site.get("/api/v1/drills/database.az-loss.1").json()
    assert (told["outcome"], told["lost_seconds"], told["artefact_sha256"], told["note"]) == ("failed", None, None, None)


def test_what_people_write_is_text_and_nothing_else(site: Site) -> None:
    assert begin(site, note=EVIL, actor=EVIL, participants='"><img src=x onerror=alert(1)>') == 303
    running = site.get("/recovery").text
    form = {"csrf": site.token(FINISH), "outcome": "failed", "actor": EVIL, "note": EVIL}
    site.post(FINISH, data=form, files={"artefact": (f"{EVIL}.log", b"x")})
    for text in (running, site.get("/recovery").text):
        assert EVIL not in text
        assert "<img" not in text
        assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; sons" in text


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"component": "databse"}, 422, "is it database?"),
        ({"scenario": "meteor"}, 422, "there is no scenario"),
        ({"actor": "  "}, 422, "actor: 1 to 100 characters"),
        ({"actor": ""}, 422, "actor"),
        ({"participants": ",".join(f"p{n}" for n in range(51))}, 422, "name the teams"),
        ({"csrf": "0" * 64}, 403, "reload and send it again"),
        ({"csrf": ""}, 422, "csrf"),
    ],
)
def test_a_bad_form_is_a_page_that_says_what_is_wrong(site: Site, fields: dict[str, str], status: int, words: str) -> None:
    form = {"csrf": site.token(START), "component": "database", "scenario": "az-loss", "actor": "ana", **fields}
    answer = site.post(START, data=form)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in re.sub(r"<[^>]+>", "", answer.text)
    assert site.get("/api/v1/drills").json()["items"] == []


def test_a_token_of_another_form_and_a_foreign_page_begin_nothing(site: Site) -> None:
    assert begin(site) == 303
    form = {"csrf": site.token(START), "outcome": "passed", "actor": "ana"}
    assert site.post(FINISH, data=form).status_code == 403
    form["csrf"] = site.token(FINISH)
    assert site.post(FINISH, data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert site.post(FINISH, data={**form, "lost": "soon"}).status_code == 422
    assert begin(site) == 409
    assert site.post(FINISH, data=form, headers={"Origin": str(site.base_url).rstrip("/")}).status_code == 303


class Refusing(MemoryStore):
    def drills(self, **_: Any) -> list[Drill]:
        raise StoreError("the database refused: disk is full")


def test_the_page_opens_without_the_store_and_says_that_drills_are_unknown() -> None:
    with drilling(Refusing()) as site:
        page, listed = site.get("/recovery"), site.get("/api/v1/drills")
    assert page.status_code == 200
    assert "Drills unknown" in page.text
    assert (listed.status_code, listed.json()["detail"]) == (503, "the store refused: the database refused: disk is full")
