"""The dashboards of a small estate, byte by byte: SLOOP_GOLDEN=write writes them anew, and the diff is to be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.desired import Dashboard, Extent, dashboards_of, desired_dashboards
from slo.estate.spec import Estate
from slo.resource import SPEC_SHA, normal
from tests.support.boards import BASE_URL, CATALOG, ESTATE

GOLDEN = Path(__file__).parents[1] / "golden" / "dashboards"
ROOT = Path(__file__).parents[2]
MADE = dashboards_of(ESTATE, CATALOG, BASE_URL)
KEPT = [d for d in MADE if d.name.endswith(("component_shop", "view_estate", "view_on-call"))]


@pytest.mark.parametrize("dashboard", KEPT, ids=lambda d: f"{d.format}-{d.name}")
def test_a_dashboard_is_the_golden_one(dashboard: Dashboard) -> None:
    file = GOLDEN / dashboard.format / f"{dashboard.name}.json"
    if os.environ.get("SLOOP_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dashboard.text, encoding="utf-8")
    assert dashboard.text == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {f.stem for f in GOLDEN.glob("*/*.json")} == {d.name for d in KEPT}


def test_the_same_estate_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    program = "from tests.support.boards import *; from dashboards.desired import dashboards_of\n"
    program += "print(''.join(d.text for d in dashboards_of(ESTATE, CATALOG, BASE_URL)), end='')"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"}
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, capture_output=True)
    assert ran.stdout.decode() == "".join(d.text for d in MADE)


def test_a_file_is_json() -> None:
    assert all(json.loads(d.text) == d.body for d in MADE)


def test_resources_stand_in_the_first_account_and_carry_the_hash_of_what_they_are() -> None:
    found = desired_dashboards(ESTATE, CATALOG, BASE_URL)
    assert {(r.kind, r.account, r.region) for r in found} == {("dashboard", "main", ""), ("grafana", "", "")}
    assert all(r.belongs_to("small") and r.tags[SPEC_SHA] == r.spec_sha for r in found)
    assert [r.name for r in found if r.kind == "grafana"] == [d.key for d in MADE if d.format == "grafana"]
    assert all(normal(r.spec) == r.spec for r in found)


def test_an_estate_without_an_account_has_no_dashboard_in_cloudwatch() -> None:
    found = desired_dashboards(Estate("offline"), CATALOG, BASE_URL)
    assert {r.kind for r in found} == {"grafana"}


@pytest.mark.parametrize(("extent", "count"), [("all", 6), ("overview", 2), ("none", 0)])
def test_cloudwatch_may_be_kept_to_the_dashboards_that_cost_nothing(extent: Extent, count: int) -> None:
    found = desired_dashboards(ESTATE, CATALOG, BASE_URL, cloudwatch=extent)
    assert sum(r.kind == "dashboard" for r in found) == count
    assert sum(r.kind == "grafana" for r in found) == 6


def test_only_the_wanted_formats_are_made() -> None:
    assert {d.format for d in dashboards_of(ESTATE, CATALOG, BASE_URL, ["cloudwatch"])} == {"cloudwatch"}
