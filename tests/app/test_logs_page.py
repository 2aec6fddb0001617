"""The page about logs: its estate is in order, and its settings and permissions are those of the program."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from app.files import read_catalog
from app.paces import LOGS_REREAD
from app.settings import Settings
from slo.estate.indicator import LogsQuery, SearchQuery, Unbound
from slo.estate.load import load

PAGE = (Path(__file__).parents[2] / "docs/logs.md").read_text(encoding="utf-8")


def test_the_estate_of_the_page_counts_logs() -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    loaded = load((("logs.yaml", dedent(text).encode()),), read_catalog())
    assert loaded.problems == ()
    assert loaded.estate is not None
    own = loaded.estate.component("api").indicators.values()
    kinds = [{type(query) for query in one.queries} for one in own if not isinstance(one, Unbound)]
    assert kinds == [{LogsQuery}, {SearchQuery}, {LogsQuery}]


def test_the_page_has_the_defaults_of_the_settings() -> None:
    told = dict(re.findall(r"^\| `SLOOP_(LOGS_[A-Z_]+)` \| `(\d+)`", PAGE, re.MULTILINE))
    assert told == {name.upper(): str(Settings.model_fields[name].default) for name in Settings.model_fields if "logs_" in name}
    poll, again = Settings.model_fields["logs_poll_minutes"].default, LOGS_REREAD
    assert (1 + again // poll, 1 + again) == (3, 11)  # as the page says how often a minute is scanned
