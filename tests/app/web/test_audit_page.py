from __future__ import annotations

import html
import re
from typing import Any, NoReturn

import pytest

from app.memory.store import MemoryStore
from slo.errors import StoreError
from tests.app import picture
from tests.app.happened import happened
from tests.support.markup import checked


@pytest.fixture
def busy() -> picture.Site:
    return picture.site(*picture.shared(), happened=happened(60, 60))


class Refusing(MemoryStore):
    def journal(self, *_: Any, **__: Any) -> NoReturn:
        raise StoreError("disk full")


def numbers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"event (\d+) ", text)]


def older(text: str, what: str) -> str | None:
    found = re.search(rf'<a href="([^"]+)">Older {what}</a>', text)
    return None if found is None else html.unescape(found[1]).partition("#")[0]


def test_the_page_is_well_formed_and_no_text_becomes_markup(busy: picture.Site) -> None:
    text = busy.get("/audit").text
    page = checked(text)
    assert (page.wrong, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") > 100
    assert {load for load in page.loads if not load.startswith(("/static/", "data:"))} == {"/audit#events"}


def test_who_did_what_stands_first_newest_first(busy: picture.Site) -> None:
    text = busy.get("/audit").text
    assert text.index("Who did what") < text.index("What happened")
    assert "test-fire" in text
    times = re.findall(r'<td class="keep">(\d\d:\d\dZ)</td>\n  <th scope="row">test-fire', text)
    assert (len(times), times) == (50, sorted(times, reverse=True))


def test_journal_and_events_turn_their_pages_each_for_itself(busy: picture.Site) -> None:
    first = busy.get("/audit?kind=deployment&component=api").text
    assert numbers(first) == list(range(0, 60, 3))
    everything = busy.get("/audit").text
    assert numbers(everything) == list(range(50))
    address = older(everything, "events")
    assert address is not None
    second = busy.get(address).text
    assert numbers(second) == list(range(50, 60))
    assert older(second, "events") is None
    address = older(second, "entries")
    assert address is not None
    assert "cursor=" in address
    both = busy.get(address).text
    assert numbers(both) == list(range(50, 60)), "the other list stays where it was"
    assert both.count('<th scope="row">test-fire</th>') == 10
    assert "Newest entries" in both


def test_a_form_without_a_choice_asks_for_everything_and_keeps_an_unknown_one(busy: picture.Site) -> None:
    assert numbers(busy.get("/audit?component=&kind=").text) == list(range(50))
    text = busy.get("/audit?component=gone&kind=failover").text
    assert "No events of this choice" in text
    assert '<option value="gone" selected>gone</option>' in text
    assert '<option value="failover" selected>failover</option>' in text


@pytest.mark.parametrize("query", ["journal=0", "journal=x", "kind=A%20B", "cursor=" + "x" * 501])
def test_a_wrong_parameter_is_an_error_page(busy: picture.Site, query: str) -> None:
    answer = busy.get(f"/audit?{query}")
    assert answer.status_code == 422
    assert "<h1>" in answer.text


def test_before_anything_happened_it_says_so(site: picture.Site) -> None:
    text = site.get("/audit").text
    assert "The journal holds nothing yet" in text
    assert "No events are stored" in text


def test_a_store_that_refuses_is_a_page_that_says_so() -> None:
    answer = picture.site(*picture.shared(), happened=Refusing()).get("/audit")
    assert answer.status_code == 503
    assert "the store refused: disk full" in answer.text
