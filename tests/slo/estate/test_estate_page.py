from __future__ import annotations

import re
from pathlib import Path

import pytest

from slo.catalog.parse_indicator import TYPES
from slo.estate import budgeting, composites, objectives, policies, window
from slo.estate.load import load
from tests.support.declared import CATALOG

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/estate.md").read_text(encoding="utf-8")


def test_the_estate_on_the_page_is_in_order() -> None:
    text = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    loaded = load([("estate.md", text.encode())], CATALOG)
    assert [p for p in loaded.problems if p.severity == "error"] == []
    assert loaded.problems == ()
    assert loaded.estate is not None
    assert len(loaded.estate.objectives) == 7


WORDS = [
    *budgeting.METHODS,
    *budgeting.NO_DATA,
    *budgeting.FIELDS,
    *composites.MODES,
    *window.PERIODS,
    *policies.FIELDS,
    *TYPES,
]
QUIET = {"severity", "target_source", "lane", "indicator", "policy"}


@pytest.mark.parametrize("word", sorted({*WORDS, *objectives.FIELDS} - QUIET))
def test_every_word_of_the_format_is_explained(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))


def warnings() -> set[str]:
    """Every code that the readers of an estate file warn with."""
    sources = [
        p.read_text(encoding="utf-8") for p in (ROOT / "slo/estate").glob("*.py") if not p.stem.startswith(("openslo", "sloth"))
    ]
    return {code for text in sources for code in re.findall(r'\.warn\(\s*"([a-z_0-9]+)"', text)}


def test_every_warning_is_explained() -> None:
    found = {code for code in warnings() if f"`{code}`" not in PAGE}
    assert found == set()
    assert {"retention", "factor_raised"} <= warnings()
