from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.breach import Transition
from app.memory.store import MemoryStore
from app.ports import Commit
from app.reports.body import build
from app.reports.canonical import canonical, digest, spec_digest
from app.reports.controls import read_frameworks
from app.reports.evidence import exclusions
from app.reports.gather import gather, watermark
from app.watch import indicator_of
from slo.errors import ReportError
from slo.estate.spec import Estate, RecoveryTarget
from slo.judge.compliance import week as week_of
from slo.judge.evaluate import evaluate
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Reading
from slo.judge.windows import slices_of
from tests.support import week
from tests.support.minutes import frame

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), inner),
    max_leaves=12,
)


def row(report: dict[str, Any], section: str, name: str, key: str = "id") -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in report[section] if r[key] == name)
    return found


def test_the_golden_report_is_what_this_program_makes() -> None:
    assert canonical(week.report()) == (week.GOLDEN / "report.json").read_bytes()


def test_the_week_of_the_api_is_as_worked_out_by_hand() -> None:
    """20 minutes x 100 bad; (10,080 - 30) x 100 in all; 2,000 / (0.001 x 1,005,000) = 400 / 201 of the budget."""
    found = row(week.report(), "objectives", "api.availability")
    assert (found["period"]["good"], found["period"]["total"]) == (1_003_000, 1_005_000)
    assert found["period"]["sli"] == {"exact": "1003/1005", "decimal": "0.998009950", "percent": "99.8009950 %"}
    assert found["period"]["budget_used"]["exact"] == "400/201"
    assert found["period"]["coverage"]["exact"] == "335/336"
    assert (found["verdict"], found["target_source"]) == ("missed", "proposed")


def test_the_window_reaches_back_before_the_week() -> None:
    """Two weeks of 10 a minute but for an idle Sunday: 13 x 14,400; 24 bad a day and 149 more in the exclusion."""
    found = row(week.report(), "objectives", "web.availability")
    assert found["at_end"]["total"] == 13 * 14_400
    assert found["at_end"]["bad"] == 13 * 24 + 30 * 5 - 1
    assert found["at_end"]["minutes"] == 20_160


def test_the_window_at_the_end_is_what_evaluate_says_of_the_same_slices() -> None:
    store = week.stored()
    frames = tuple(store.frames(store.shards()[0], 0, week.AFTER))
    slices = {indicator_of(key): slices_of(frames, slot) for key, slot in store.shards()[0].slots.items()}
    for verdict in evaluate(week.estate(), slices, week.WEEK.end):
        found = row(week.report(), "objectives", verdict.objective.id)["at_end"]
        counts = verdict.counts
        assert (found["good"], found["total"], found["measured_minutes"]) == (counts.good, counts.total, counts.measured)
        assert (found["sli"] and Fraction(found["sli"]["exact"])) == verdict.sli
        assert (found["budget_used"] and Fraction(found["budget_used"]["exact"])) == verdict.spent


def test_an_exclusion_leaves_the_raw_numbers_and_stands_beside_them() -> None:
    found = row(week.report(), "objectives", "web.availability")
    raw, corrected = found["period"], found["corrected"]["period"]
    assert (raw["total"] - corrected["total"], raw["bad"] - corrected["bad"]) == (300, 150)
    assert [e["of"] for e in week.report()["exclusions"]] == ["web.availability"]


def test_half_measured_is_not_evidenced_however_good_it_looks() -> None:
    found = row(week.report(), "objectives", "batch.availability")
    assert (found["period"]["bad"], found["verdict"]) == (0, "not_evidenced")
    assert found["period"]["reasons"][0].startswith("low_coverage")


def test_what_was_never_measured_is_not_evidenced_and_missing_throughout() -> None:
    found, gap = (
        row(week.report(), "objectives", "late.availability"),
        row(week.report(), "gaps", "late.availability", "indicator"),
    )
    assert (found["verdict"], found["period"]["sli"], found["source"]) == ("not_evidenced", None, None)
    assert (gap["missing_minutes"], len(gap["intervals"])) == (10_080, 1)


def test_every_interval_without_a_slice_is_a_row() -> None:
    api, batch = (row(week.report(), "gaps", f"{name}.availability", "indicator") for name in ("api", "batch"))
    assert api["intervals"] == [{"start": "2026-11-12T03:00:00Z", "end": "2026-11-12T03:30:00Z", "minutes": 30}]
    assert (len(batch["intervals"]), batch["missing_minutes"], batch["longest_minutes"]) == (84, 5040, 60)


def test_the_hours_in_the_report_add_up_to_its_sums() -> None:
    for objective in week.report()["objectives"]:
        total, bad, measured = (sum(hour[n] for hour in objective["hours"]) for n in range(3))
        sums = objective["period"]
        assert (len(objective["hours"]), total, bad, measured) == (168, sums["total"], sums["bad"], sums["measured_minutes"])


def test_breaches_say_when_they_were_told_and_what_became_of_their_messages() -> None:
    page, ticket = week.report()["breaches"]
    assert (page["told"], page["open_minutes"], [d["state"] for d in page["deliveries"]]) == ("sent", 93, ["ALARM", "OK"])
    assert (ticket["told"], ticket["resolved_at"], ticket["deliveries"]) == ("not_due", None, [])


def test_every_component_is_in_scope_measured_or_with_the_reason_why_not() -> None:
    rows = week.report()["scope"]["components"]
    assert [(r["name"], r["standing"]) for r in rows] == [
        ("api", "measured"),
        ("web", "measured"),
        ("batch", "measured"),
        ("late", "not_measured"),
        ("keys", "no_objective"),
    ]
    assert all(r["why"] for r in rows if r["standing"] != "measured")


def test_a_recovery_target_without_proof_is_not_measured_and_none_is_said_to_be_none() -> None:
    states = {r["id"]: (r["rpo"]["state"], r["rto"]["state"]) for r in week.report()["recovery"]}
    assert states["api/az-loss"] == ("not_measured", "not_measured")
    assert states["web"] == ("no_target", "no_target")


def test_wanted_alarms_are_not_said_to_exist() -> None:
    rows = {r["component"]: r for r in week.report()["alarms"]}
    assert rows["api"]["wanted"] > 0
    assert (rows["api"]["live"], rows["api"]["verdict"]) == (None, "not_evidenced")
    assert (rows["keys"]["wanted"], rows["keys"]["verdict"]) == (0, "none_wanted")


def test_an_estate_that_cannot_be_provisioned_has_a_report_that_says_why() -> None:
    api = week.estate().component("api")
    twins = replace(week.estate(), components=(api, replace(api, recovery=())))
    inputs = gather(week.stored(), twins, week.catalog(), week.WEEK)
    report = build(inputs, read_frameworks(), spec_sha256="", tool_version="")
    assert [(r["wanted"], "would be called" in r["why"]) for r in report["alarms"]] == [(0, True), (0, True)]


def test_a_week_that_is_not_over_is_refused_with_the_fix() -> None:
    store = MemoryStore()
    week.fill(store, upto=week.WEEK.end - 1440 - 17)
    with pytest.raises(ReportError, match=r"not over: cloudwatch/main/us-east-1 .* or add --partial"):
        gather(store, week.estate(), week.catalog(), week.WEEK)


def test_a_partial_report_says_so_and_counts_only_what_is_judged() -> None:
    store = MemoryStore()
    week.fill(store, upto=week.WEEK.end - 1440 - 17)
    inputs = gather(store, week.estate(), week.catalog(), week.WEEK, partial=True)
    report = build(inputs, read_frameworks(), spec_sha256="", tool_version="")
    assert (report["cover"]["partial"], report["cover"]["judged_to"]) == (True, "2026-11-14T23:43:00Z")
    assert row(report, "objectives", "web.availability")["period"]["minutes"] == 10_080 - 1440 - 17


def test_a_week_before_the_first_judgement_has_no_report() -> None:
    with pytest.raises(ReportError, match="nothing of it is judged"):
        gather(week.stored(), week.estate(), week.catalog(), week_of("2027-W01"), partial=True)
    with pytest.raises(ReportError, match="nothing of it is judged"):
        gather(MemoryStore(), week.estate(), week.catalog(), week.WEEK)


def test_minutes_and_changes_after_the_cut_off_do_not_change_the_report() -> None:
    store = MemoryStore()
    week.fill(store, upto=week.AFTER + 3000)
    assert canonical(week.report(store)) == canonical(week.report())


@pytest.mark.parametrize(("late", "said"), [(360, "2026-11-16T06:00:00Z"), (361, None)])
def test_a_breach_is_told_as_it_was_known_at_the_cut_off(late: int, said: str | None) -> None:
    store = MemoryStore()
    week.fill(store)
    ticket = week.breaches()[1][0].breach
    resolved = Transition("resolved", replace(ticket, resolved_at=week.WEEK.end + late))
    store.commit(Commit(store.shards()[0], week.AFTER, transitions=[resolved]))
    assert row(week.report(store), "breaches", f"api.availability.ticket.{ticket.fired_at}")["resolved_at"] == said


def test_recovery_is_judged_on_what_was_read_before_the_end() -> None:
    store, end = MemoryStore(), week.WEEK.end * 60
    week.fill(store)
    source = "rds:DescribeDBInstances LatestRestorableTime"
    readings = [Reading("api", "point-in-time-restore", at, at - ago, source) for at, ago in ((end - 60, 100), (end, 9999))]
    store.keep_recovery(readings, [RecoveryEvent("api", "failover", end + 60, end + 90, "rds:DescribeEvents")])
    api = replace(week.estate().component("api"), kind="rds", recovery=(RecoveryTarget("point-in-time-restore", 5, 30),))
    inputs = gather(store, replace(week.estate(), components=(api,)), week.catalog(), week.WEEK)
    found = build(inputs, read_frameworks(), spec_sha256="", tool_version="")["recovery"][0]
    assert (found["mechanism"], found["worst_exposure_seconds"]) == ("point-in-time-restore", {"7d": 100, "30d": 100})
    assert found["rto"]["state"] == "not_measured"


def test_only_exclusions_that_touch_the_period_are_listed() -> None:
    known = week.estate().exclusions[0]
    moved = [
        replace(known, start=start, end=end)
        for start, end in (
            (week.WEEK.start - 9, week.WEEK.start),
            (week.WEEK.start - 9, week.WEEK.start + 1),
            (week.WEEK.end, week.WEEK.end + 9),
        )
    ]
    inputs = gather(week.stored(), replace(week.estate(), exclusions=tuple(moved)), week.catalog(), week.WEEK)
    assert [e["end"] for e in exclusions(inputs)] == ["2026-11-09T00:01:00Z"]


def test_a_late_minute_changes_the_hash_of_the_data() -> None:
    store = MemoryStore()
    week.fill(store)
    shard = store.shards()[0]
    at = week.DARK[0]
    before = next(store.frames(shard, at, at + 1))
    store.commit(Commit(shard, shard.tick or 0, patches=[(before, frame(at, (100, 0), (10, 0), None))]))
    report = week.report(store)
    assert report["cover"]["data_sha256"] != week.report()["cover"]["data_sha256"]
    assert row(report, "gaps", "api.availability", "indicator")["missing_minutes"] == 29


def test_the_watermark_is_that_of_the_source_that_is_furthest_behind() -> None:
    assert watermark(week.stored(), week.estate()) == week.AFTER
    assert watermark(MemoryStore(), week.estate()) is None


def test_an_estate_without_components_still_has_a_report() -> None:
    inputs = replace(gather(week.stored(), week.estate(), week.catalog(), week.WEEK), estate=Estate("empty"), lines=())
    report = build(inputs, read_frameworks(), spec_sha256="", tool_version="")
    assert {f["verdict"] for f in report["frameworks"]} <= {"not_evidenced", "exception"}


@settings(deadline=None)
@given(JSON)
def test_canonical_json_reads_back_and_has_one_spelling(value: Any) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(_shuffled(value)) == data


def _shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        random.Random(7).shuffle(keys)
        return {key: _shuffled(value[key]) for key in keys}
    return [_shuffled(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("value", [1.0, {"a": [0.1]}, {1: "a"}, {"é": 1}, {"a": {3}}, float("nan"), b"x"])
def test_what_has_several_spellings_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_the_hash_of_an_estate_does_not_depend_on_where_its_files_lie() -> None:
    assert spec_digest([b"a", b"b"]) == spec_digest([b"b", b"a"]) != spec_digest([b"a"])
    assert spec_digest([b"a"]) == digest(b"a")
