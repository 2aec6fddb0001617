from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree as ET

from app import charts
from app.charts import NARROW, WIDE, Stretch

START = 29_000_000
CURVE = [(START, Fraction(1)), (START + 700, Fraction(3, 4)), (START + 1440, Fraction(-1, 2))]
STRETCHES = [
    Stretch("good", START, START + 3, (1.0, 1.0, 0.9995)),
    Stretch("missing", START + 3, START + 5),
    Stretch("bad", START + 5, START + 7, (0.5, 0.98)),
    Stretch("idle", START + 7, START + 10),
]


def classes(svg: str) -> list[str]:
    return [element.get("class", "") for element in ET.fromstring(svg).iter()]


def test_charts_are_well_formed_and_say_what_they_show() -> None:
    for size in (WIDE, NARROW):
        for svg in (charts.burn_down(CURVE, [], size, "a < b"), charts.indicator(STRETCHES, 0.999, size, "a < b")):
            root = ET.fromstring(svg)
            assert (root.get("role"), root.get("aria-label")) == ("img", "a < b")


def test_charts_carry_no_inline_style_or_script() -> None:
    svg = charts.burn_down(CURVE, [(START, START + 9)], WIDE, "x") + charts.indicator(STRETCHES, 0.999, WIDE, "x")
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style", svg)


def test_the_burn_down_ends_at_the_last_point_and_shows_the_open_breach() -> None:
    svg = charts.burn_down(CURVE, [(START + 700, START + 1440), (START - 50, START - 10)], WIDE, "x")
    dot = next(e for e in ET.fromstring(svg).iter() if e.get("class") == "dot")
    plane = charts.Plane(WIDE, START, START + 1440, -0.5 * 1.05, 1.0)
    assert (dot.get("cx"), dot.get("cy")) == (f"{plane.x(START + 1440):.1f}", f"{plane.y(-0.5):.1f}")
    assert classes(svg).count("firing") == 1


def test_gaps_break_the_line_idle_lies_on_the_floor_and_every_bad_minute_hangs_red() -> None:
    found = classes(charts.indicator(STRETCHES, 0.999, WIDE, "x"))
    assert (found.count("sli"), found.count("missing"), found.count("idle"), found.count("bad")) == (1, 1, 1, 2)


def test_a_year_of_hours_is_thinned_to_the_width() -> None:
    curve = [(START + 60 * n, Fraction(8760 - n, 8760)) for n in range(8761)]
    svg = charts.burn_down(curve, [], WIDE, "x")
    line = next(e.get("d", "") for e in ET.fromstring(svg).iter() if e.get("class") == "line")
    assert line.count("L") <= WIDE.width // 2 + 1
    assert len(svg) < 60_000


def test_a_minute_lies_left_of_the_next_and_more_budget_above_less() -> None:
    plane = charts.Plane(WIDE, START, START + 60, 0.0, 1.0)
    assert plane.x(START) < plane.x(START + 1)
    assert plane.y(0.9) < plane.y(0.1)
    assert plane.y(-4) == plane.floor
