from __future__ import annotations

import re

from app.charts import NARROW, WIDE
from app.exposure_chart import exposure
from slo.judge.exposure_hours import ExposureHour

HOURS = [
    ExposureHour(0, 60, 240, 60),
    ExposureHour(3600),
    ExposureHour(7200, unknown=60),
    ExposureHour(10_800, 60, 600, 60),
    ExposureHour(14_400, 400, 600, 60),
]


def drawn(limit: int | None) -> str:
    return str(exposure(HOURS, limit, WIDE, "a < b", str))


def test_only_what_is_over_the_limit_has_the_other_colour_and_the_limit_is_a_line() -> None:
    text = drawn(300)
    assert (text.count('class="seen"'), text.count('class="bad"'), text.count('class="limit"')) == (2, 2, 1)
    assert "a &lt; b" in text
    assert 'class="narrow' not in text


def test_hours_without_a_number_are_one_hatched_stretch() -> None:
    assert drawn(300).count("url(#hatch)") == 1


def test_without_a_limit_nothing_is_over_it() -> None:
    text = drawn(None)
    assert (text.count('class="seen"'), text.count('class="bad"'), text.count('class="limit"')) == (3, 0, 0)


def test_nothing_is_drawn_outside_of_the_picture() -> None:
    for size in (WIDE, NARROW):
        text = str(exposure(HOURS, 300, size, "", str))
        for x, y, width, height in re.findall(r'<rect class="\w+" x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)"', text):
            assert 0 <= float(x) <= float(x) + float(width) <= size.width
            assert 0 <= float(y) <= float(y) + float(height) <= size.height
