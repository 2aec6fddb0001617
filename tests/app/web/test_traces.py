"""What the pages and the API say of sampled calls: where they fail, and that they are sampled."""

from __future__ import annotations

from dataclasses import replace

from app.trace_map import Flow, TraceMap, trace_map
from app.web import traces
from tests.app import picture
from tests.support.markup import checked

FLOWS = (Flow("api", "database", 1204, 31), Flow("edge", "api", 9000, 2), Flow("database", "cache"), Flow("web", "jobs", 5, 0))


def site(found: TraceMap | None = None) -> picture.Site:
    snapshot, history = picture.shared()
    read = trace_map(snapshot.estate, (FLOWS[0],), FLOWS, picture.NOW) if found is None else found
    return picture.site(replace(snapshot, traces=read), history)


def test_the_pages_of_a_component_and_of_its_objective_say_which_sampled_calls_fail() -> None:
    for path in ("/components/api", "/slos/api.availability", "/components/database"):
        page = site().get(path).text
        assert "31 of 1,204 sampled calls failed (2.6 %), last 30 min" in page
        assert "sampled traces, which tell where and not how many" in page
        assert checked(page).wrong == []


def test_a_component_is_told_the_dependency_that_it_does_not_declare() -> None:
    page = site().get("/components/web").text

    assert "X-Ray saw web call jobs: add jobs to its depends_on" in page
    assert "none of 5 sampled calls failed" in page


def test_f13_the_api_marks_traces_as_sampled_and_gives_null_where_none_are_read() -> None:
    found = site().get("/api/v1/components/api").json()["traces"]
    unread = picture.site(*picture.shared()).get("/api/v1/components/api").json()["traces"]

    assert (found["sampled"], found["calls"][0]["30m"]) == (True, {"calls": 1204, "faults": 31})
    assert unread is None


def test_traces_change_no_verdict() -> None:
    plain = picture.site(*picture.shared()).get("/api/v1/slos/api.availability").json()

    assert site().get("/api/v1/slos/api.availability").json() == plain


def test_what_cannot_be_read_is_said_beside_what_was_read_before() -> None:
    snapshot, _ = picture.shared()
    failed = replace(trace_map(snapshot.estate, (), FLOWS, picture.NOW), error="xray:GetServiceGraph: denied")

    assert "xray:GetServiceGraph: denied" in site(failed).get("/components/api").text


def test_uncounted_calls_have_no_number() -> None:
    snapshot, _ = picture.shared()
    read = replace(snapshot, traces=trace_map(snapshot.estate, (), (FLOWS[2],), picture.NOW))

    assert [line.recent for line in traces.of_component(read, "cache").lines] == ["calls are not counted"]
