"""What `/sources` says of sources that answer, and answer with something to be known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.snapshot import SourceStatus
from app.trace_map import Flow, trace_map
from app.web.source_remarks import remarks
from tests.app import picture
from tests.support.markup import checked

if TYPE_CHECKING:
    from app.snapshot import Snapshot

STATUS = SourceStatus("prometheus", 3, picture.T, picture.NOW)


def shown(*sources: SourceStatus, skew: float | None = None) -> Snapshot:
    return replace(picture.shared()[0], sources=sources or (STATUS,), skew=skew)


def page(snapshot: Snapshot) -> str:
    text = picture.site(snapshot, picture.shared()[1]).get("/sources").text
    assert checked(text).wrong == []
    return text


def test_a_source_with_nothing_to_be_known_of_it_has_no_remark() -> None:
    assert remarks(shown()) == ()
    assert "To be known of them" not in page(shown())


def test_what_prometheus_warns_of_is_shown_with_its_query_and_many_warnings_are_counted() -> None:
    few = replace(STATUS, remarks=('up{job="a"}: PromQL info: <b>metric might not be a counter</b>',))
    many = replace(STATUS, remarks=tuple(f"q{n}: late" for n in range(9)))

    assert "up{job=&#34;a&#34;}: PromQL info: &lt;b&gt;metric might not be a counter&lt;/b&gt;" in page(shown(few))
    assert [r.text for r in remarks(shown(many))][-2:] == ["q4: late", "and 4 more warnings"]


def test_minutes_whose_rows_were_put_aside_are_named() -> None:
    damaged = replace(STATUS, damaged=tuple(range(picture.T - 40, picture.T - 33)))

    (remark,) = remarks(shown(damaged))

    assert remark.text == "Rows of 11:22Z, 11:23Z, 11:24Z, 11:25Z, 11:26Z and 2 more could not be read."
    assert "missing until the source tells them again" in remark.do


def test_impossible_minutes_are_counted_and_missing_ones_lead_to_their_objectives() -> None:
    gaps = (("api.availability", 60), ("web.latency", 12))
    text = page(shown(replace(STATUS, quarantined=1, gaps=gaps)))

    assert "1 minute of the last whole poll cannot be" in text
    assert 'href="/slos/web.latency"' in text
    assert "12 of 60 min" in text


@pytest.mark.parametrize(
    ("skew", "said"), [(3700.4, "3,700 s ahead of AWS"), (-2.6, "3 s behind AWS"), (1.9, None), (None, None)]
)
def test_f27_a_clock_more_than_two_seconds_off_is_shown(skew: float | None, said: str | None) -> None:
    text = page(shown(skew=skew))

    assert ("This machine&#39;s clock is" in text) == (said is not None)
    assert said is None or said in text


def test_f27_the_skew_is_a_gauge_and_without_an_answer_of_aws_there_is_none() -> None:
    history = picture.shared()[1]

    assert "sloop_clock_skew_seconds -2.6" in picture.site(shown(skew=-2.6), history).get("/metrics").text
    assert "\nsloop_clock_skew_seconds" not in picture.site(shown(), history).get("/metrics").text


def test_what_traces_say_of_dependencies_stands_beside_the_sources() -> None:
    flows = (Flow("api", "database", 1204, 31), Flow("web", "jobs", 5))
    traced = trace_map(picture.ESTATE, flows, flows, picture.NOW)

    text = page(replace(shown(), traces=traced))
    calm = page(replace(shown(), traces=trace_map(picture.ESTATE, (), flows[1:], picture.NOW)))

    assert "31 of 1,204 sampled calls failed (2.6 %), last 30 min" in text
    assert "X-Ray saw web call jobs: add jobs to depends_on of web." in text
    assert "No sampled call failed in the last 6 h" in calm
