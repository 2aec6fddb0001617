"""A report as one HTML file that needs nothing else: its style inside, charts as SVG, no script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.reports.charts import WORDS as HOURS
from app.reports.charts import week_strip
from app.reports.controls import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = {
    "not_evidenced": "not evidenced",
    "not_measured": "not measured",
    "proof_too_old": "proof too old",
    "partly_measured": "partly measured",
    "no_objective": "no objective",
    "no_target": "no target set",
    "not_applicable": "not applicable",
    "none_wanted": "none wanted",
    "not_sent": "not sent",
    "not_due": "not due",
}
SHOWN_GAPS = 12


def render(body: Mapping[str, Any], body_sha256: str) -> bytes:
    """`body` as JSON gives it back; no number is computed here."""
    page = _environment().get_template("report.html")
    text = page.render(report=body, body_sha256=body_sha256, statuses=STATUSES, hours=HOURS, shown_gaps=SHOWN_GAPS)
    return text.encode()


def _environment() -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters["words"] = lambda word: WORDS.get(word, word)
    jinja.filters["when"] = lambda text: text.replace("T", " ") if text else "\N{EN DASH}"
    jinja.filters["percent"] = lambda ratio: ratio["percent"] if ratio else "unknown"
    jinja.globals["week_strip"] = week_strip
    return jinja
