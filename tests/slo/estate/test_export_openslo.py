from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from slo.estate import import_openslo
from slo.estate.export_openslo import export
from slo.estate.load import load
from slo.estate.write import write
from slo.judge.document import document
from slo.judge.evaluate import evaluate
from slo.judge.series import Slices
from tests.support.estates import CATALOG, WHOLE, codes, estates, loaded

if TYPE_CHECKING:
    from slo.estate.loss import Written
    from slo.estate.spec import Estate

SPECS = Path(__file__).parents[3] / "slo" / "specs"
DEFAULT = CATALOG.default_policy
REFERENCE = loaded((SPECS / "reference.yaml").read_bytes())
AT = 30_000_000


def again(written: Written) -> Estate:
    return import_openslo.read([("slos.yaml", written.text.encode())], CATALOG).estate


def documents(written: Written, kind: str) -> dict[str, dict[str, Any]]:
    found = [one for one in yaml.safe_load_all(written.text) if one["kind"] == kind]
    return {one["metadata"]["name"]: one for one in found}


@pytest.mark.parametrize("file", ["reference.yaml", "demo.yaml", "minimal.yaml"])
def test_the_estates_of_the_program_come_back_the_same(file: str) -> None:
    estate = loaded((SPECS / file).read_bytes())
    assert again(export(estate, CATALOG)) == estate


def test_an_estate_with_every_field_comes_back_the_same() -> None:
    estate = loaded(WHOLE)
    assert again(export(estate, CATALOG)) == estate
    assert write(again(export(estate, CATALOG)), DEFAULT).text == write(estate, DEFAULT).text


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(estates())
def test_what_does_not_come_back_is_listed(estate: Estate) -> None:
    written = export(estate, CATALOG)
    used = {"default", *(objective.policy_name for objective in estate.objectives)}
    kept = {name: rules for name, rules in estate.policies.items() if name in used}
    names = {loss.path for loss in written.losses if loss.code == "unused_policy"}
    assert names == {f"policies.{name}" for name in estate.policies.keys() - used}
    assert ("exclusion" in codes(written.losses)) == bool(estate.exclusions)
    assert again(written) == replace(estate, policies=kept, exclusions=())


def test_the_documents_of_the_reference_estate_have_no_problem_that_it_has_not_itself() -> None:
    found = load((("slos.yaml", export(REFERENCE, CATALOG).text.encode()),), CATALOG)
    assert {problem.code for problem in found.problems} <= {"factor_raised"}
    assert found.estate is not None


def test_both_are_judged_the_same_from_the_same_slices() -> None:
    exported = load((("slos.yaml", export(REFERENCE, CATALOG).text.encode()),), CATALOG).estate
    assert exported is not None
    rows = [(AT - n, 1000, 7 if n < 50 else 0) for n in range(1, 5000, 3)]
    ours = evaluate(REFERENCE, {o.indicator_id: Slices.of(rows[n:]) for n, o in enumerate(REFERENCE.objectives)}, AT)
    keys = {o.indicator_id: o.indicator_id.replace(".", "-") for o in REFERENCE.objectives}
    renamed = {keys[o.indicator_id]: Slices.of(rows[n:]) for n, o in enumerate(REFERENCE.objectives)}
    theirs = {verdict.objective.id: document(verdict) for verdict in evaluate(exported, renamed, AT)}
    assert len(theirs) == len(REFERENCE.objectives) > 20
    for verdict in ours:
        name = verdict.objective.id.replace(".", "-")
        assert theirs[name] == {**document(verdict), "name": name}


def test_thresholds_are_exact_decimals_and_the_share_stands_beside_them() -> None:
    condition = documents(export(REFERENCE, CATALOG), "AlertCondition")["default-30d-page-1h-5m"]
    assert condition["metadata"]["annotations"] == {"sloop.dev/short-window": "5m", "sloop.dev/budget": "2%"}
    assert "threshold: 14.4," in export(REFERENCE, CATALOG).text


def test_a_factor_that_is_no_decimal_is_cut_off_and_listed() -> None:
    written = export(loaded(WHOLE), CATALOG)
    assert "threshold" not in codes(written.losses)
    text = WHOLE.replace("window: 7d, policy: low", "window: 30d, policy: low")
    written = export(loaded(text), CATALOG)
    assert "threshold" in codes(written.losses)
    assert "threshold: 2.057142857142" in written.text
    assert again(written) == loaded(text)


def test_what_other_tools_would_misread_is_listed() -> None:
    assert codes(export(loaded(WHOLE), CATALOG).losses) == {"composite", "percent", "proof", "recovery", "short_window"}


def test_who_monitors_an_account_is_listed_as_lost() -> None:
    text = WHOLE.replace("  other:", '  seen: {id: "777788889999", region: us-east-1, monitored_by: main}\n  other:')
    paths = {loss.path for loss in export(loaded(text), CATALOG).losses if loss.code == "monitored_by"}
    assert paths == {"accounts.seen.monitored_by"}


def test_what_nothing_measures_is_exported_all_the_same_and_listed() -> None:
    text = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: e}\ncomponents:\n  - name: web\n    kind: alb\n"
    estate = loaded(f"{text}    objectives: [{{indicator: availability, target: 99%, window: 30d}}]\n")
    written = export(estate, CATALOG)
    assert "missing_resource" in codes(written.losses)
    assert again(written) == estate


def test_names_that_would_meet_stay_apart() -> None:
    head = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: e}\ncomponents:\n"
    component = "  - {{name: {}, kind: prometheus, resource: {{total: t, bad: b}}, objectives: {}}}\n"
    one = component.format("a-b", "[{indicator: availability, name: c, target: 99%, window: 30d}]")
    two = component.format("a", "[{indicator: availability, name: b-c, target: 98%, window: 30d}]")
    estate = loaded(head + one + two)
    written = export(estate, CATALOG)
    assert set(documents(written, "SLO")) == {"a-b-c", "a-b-c-2"}
    assert again(written) == estate
