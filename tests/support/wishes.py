"""A small estate, and what it wants to exist: for everything that plans, applies or shows it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.desired import wanted_alarms
from alerts.prices import choices
from alerts.topics import Pager, mark
from app.cli.plan_markdown import plan_markdown
from app.cli.plan_text import plan_lines
from app.files import read_catalog, read_prices
from slo.estate.load import load
from slo.plan import make_plan
from slo.plan_file import document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.desired import Wanted
    from slo.estate.spec import Estate
    from slo.plan import Plan
    from slo.resource import Live, Resource

GOLDEN = Path(__file__).parents[1] / "golden" / "plan"
PAGER = Pager.of("http://pager.example/integration/secret-key/enqueue")


def small_estate(*, name: str = "small", without: Iterable[str] = ()) -> Estate:
    text = (GOLDEN / "small.yaml").read_text(encoding="utf-8").replace("name: small", f"name: {name}")
    loaded = load((("small.yaml", text.encode()),), read_catalog())
    assert loaded.estate is not None, loaded.problems
    gone = set(without)
    kept = tuple(c for c in loaded.estate.components if c.name not in gone)
    return type(loaded.estate)(loaded.estate.name, loaded.estate.accounts, kept, loaded.estate.exclusions)


def wanted(estate: Estate | None = None, pager: Pager | None = PAGER) -> Wanted:
    return wanted_alarms(estate or small_estate(), read_catalog(), pager)


def desired(estate: Estate | None = None, pager: Pager | None = PAGER) -> tuple[Resource, ...]:
    return mark(wanted(estate, pager).resources)


def plan_of(live: Iterable[Live] = (), estate: Estate | None = None) -> Plan:
    estate = estate or small_estate()
    return make_plan(estate.name, wanted(estate).places, desired(estate), tuple(live))


def write_golden() -> None:
    """The plan of the small estate for an empty account, as it is now."""
    shown = plan_lines(
        plan_of(), datetime(2026, 11, 22, 12, 3, 11, tzinfo=UTC), wanted().without, (), choices(desired(), read_prices())
    )
    (GOLDEN / "small.txt").write_text("\n".join(shown) + "\n", encoding="utf-8")
    (GOLDEN / "small.md").write_text(plan_markdown(plan_of()) + "\n", encoding="utf-8")
    (GOLDEN / "small.json").write_text(json.dumps(document(plan_of()), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
