from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slo.catalog.catalog import Catalog
from slo.estate.indicator import TimeSlice, Unbound
from slo.estate.load import load
from slo.estate.spec import Estate, RuleSpec

if TYPE_CHECKING:
    from slo.errors import Problem
    from slo.estate.spec import Objective

SLO = Path(__file__).parents[3] / "slo"
CATALOG = Catalog.of(
    [(f.name, f.read_bytes()) for f in sorted((SLO / "catalog").glob("*.yaml"))], (SLO / "policies/default.yaml").read_bytes()
)

# The shapes of the specification, with every kind and both ways to refer.
SOURCE = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: cw-prod, displayName: CloudWatch prod}
spec: {description: metrics, type: CloudWatch, connectionDetails: {anything: valid}}
---
"""
SERVICE = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: checkout, displayName: Checkout}
spec: {description: Checkout API}
---
"""
RATIO = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: checkout-availability}
spec:
  ratioMetric:
    counter: false
    good:  {metricSource: {metricSourceRef: cw-prod, type: CloudWatch, spec: {query: "..."}}}
    total: {metricSource: {metricSourceRef: cw-prod, spec: {query: "..."}}}
---
"""
THRESHOLD = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: checkout-p99}
spec: {thresholdMetric: {metricSource: {metricSourceRef: cw-prod, spec: {query: "..."}}}}
---
"""
OBJECTIVE = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout-slo, labels: {team: [identity, rbac], tier: one}, annotations: {example.com/x: z}}
spec:
  description: all of it
  service: checkout
  indicatorRef: checkout-availability
  timeWindow:
    - {duration: 4w, isRolling: true}
  budgetingMethod: Occurrences
  objectives:
    - displayName: Good
      target: 0.999
  alertPolicies:
    - alertPolicyRef: checkout-page
---
"""
ALERTS = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: checkout-page}
spec:
  alertWhenNoData: false
  alertWhenResolved: true
  alertWhenBreaching: true
  conditions: [{conditionRef: fast-burn}]
  notificationTargets: [{targetRef: pd-checkout}]
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast-burn}
spec:
  severity: page
  condition: {kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 0m}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: pd-checkout}
spec: {target: pagerduty, description: on-call}
---
"""
BASE = SOURCE + SERVICE + RATIO + THRESHOLD + ALERTS
WHOLE = BASE + OBJECTIVE
INLINE = """\
- kind: AlertPolicy
      metadata: {name: own}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: own}
            spec: {severity: minor, condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 90m, alertAfter: 5m}}
        notificationTargets: [{kind: AlertNotificationTarget, metadata: {name: own}, spec: {target: chat}}]"""
ESTATE = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: prod}\n"
METRIC = "{metricSource: {metricSourceRef: cw-prod, spec: {query: q}}}"


def problems(*texts: str) -> tuple[Problem, ...]:
    return load([(f"{n}.yaml", text.encode()) for n, text in enumerate(texts)], CATALOG).problems


def found(text: str) -> list[tuple[str, str, str]]:
    return [(p.severity, p.code, p.path) for p in problems(text)]


def estate(*texts: str) -> Estate:
    loaded = load([(f"{n}.yaml", text.encode()) for n, text in enumerate(texts)], CATALOG)
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def only(*texts: str) -> Objective:
    [objective] = estate(*texts).objectives
    return objective


def with_slo(old: str, new: str) -> str:
    """The whole, with something else in the SLO."""
    assert OBJECTIVE.count(old) == 1
    return BASE + OBJECTIVE.replace(old, new)


def with_alerts(old: str, new: str) -> str:
    assert ALERTS.count(old) == 1
    return SOURCE + SERVICE + RATIO + THRESHOLD + ALERTS.replace(old, new) + OBJECTIVE


def with_sli(spec: str) -> str:
    """The whole, with another spec of the ratio that the SLO refers to."""
    head = RATIO[: RATIO.index("spec:")]
    return SOURCE + SERVICE + f"{head}spec: {spec}\n---\n" + THRESHOLD + ALERTS + OBJECTIVE


def test_what_the_specification_shows_is_read_without_a_problem() -> None:
    assert problems(WHOLE) == ()
    read = estate(WHOLE)
    assert read.name == "openslo"
    [service] = read.components
    assert (service.name, service.kind, service.title, service.description) == (
        "checkout",
        "openslo",
        "Checkout",
        "Checkout API",
    )
    [objective] = service.objectives
    assert (objective.id, objective.component, objective.indicator_id) == ("checkout-slo", "checkout", "checkout-availability")
    assert (objective.target, objective.window, objective.method) == (Decimal("0.999"), 40320, "Occurrences")
    assert objective.policy == (RuleSpec("page", None, 60, None, factor=Decimal("14.4")),)


def test_the_order_of_documents_and_files_does_not_matter() -> None:
    parts = [part for part in WHOLE.split("---\n") if part]
    assert estate(*reversed(parts)).objectives == estate(WHOLE).objectives
    assert estate("---\n".join(reversed(parts))).objectives == estate(WHOLE).objectives


def test_json_documents_mean_the_same() -> None:
    parts = [json.dumps(part, default=str).encode() for part in yaml.safe_load_all(WHOLE) if part]
    loaded = load([(f"{n}.json", part) for n, part in enumerate(parts)], CATALOG)
    assert loaded.problems == ()
    assert loaded.estate is not None
    assert loaded.estate.objectives == estate(WHOLE).objectives


@pytest.mark.parametrize("name", ["all.json", "all.yaml"])
def test_a_list_holds_several_documents(name: str) -> None:
    parts = [part for part in yaml.safe_load_all(WHOLE) if part]
    loaded = load([(name, json.dumps(parts).encode())], CATALOG)
    assert loaded.problems == ()
    assert loaded.estate is not None
    assert loaded.estate.objectives == estate(WHOLE).objectives
    parts[-1]["spec"]["objectives"][0]["target"] = 2
    [problem] = load([(name, json.dumps(parts).encode())], CATALOG).problems
    assert (problem.code, problem.path) == ("bad_target", f"[{len(parts) - 1}].spec.objectives[0].target")


def test_an_inline_indicator_goes_by_the_name_of_the_slo() -> None:
    inline = f"indicator: {{metadata: {{name: mine}}, spec: {{ratioMetric: {{bad: {METRIC}, total: {METRIC}}}}}}}"
    assert only(with_slo("indicatorRef: checkout-availability", inline)).indicator_id == "checkout-slo"


def test_an_inline_indicator_whose_slices_another_could_claim_is_warned_of() -> None:
    inline = f"indicator: {{metadata: {{name: mine}}, spec: {{ratioMetric: {{bad: {METRIC}, total: {METRIC}}}}}}}"
    text = with_slo("indicatorRef: checkout-availability", inline) + RATIO.replace("checkout-availability", "checkout-slo")
    assert found(text) == [("warning", "ambiguous_name", "spec.indicator")]


def test_several_objectives_are_numbered_and_share_their_slices() -> None:
    read = estate(with_slo("target: 0.999", "target: 0.9990\n    - targetPercent: 99.95"))
    assert [(o.id, o.target, o.indicator_id) for o in read.objectives] == [
        ("checkout-slo.1", Decimal("0.999"), "checkout-availability"),
        ("checkout-slo.2", Decimal("0.9995"), "checkout-availability"),
    ]


@pytest.mark.parametrize(
    ("written", "target"),
    [("target: 0", "0"), ("target: 0.1", "0.1"), ("targetPercent: 99.999999", "0.99999999"), ("target: 9.99e-1", "0.999")],
)
def test_a_target_is_exact_and_may_be_0(written: str, target: str) -> None:
    text = (
        with_slo("target: 0.999", written).replace("14.4", "1.0000001").replace("  alertPolicies:\n    - alert", "  # - alert")
    )
    assert only(text).target == Decimal(target)


def test_policies_conditions_and_targets_may_stand_inline() -> None:
    own = only(with_slo("- alertPolicyRef: checkout-page", INLINE)).policy
    assert own == (RuleSpec("ticket", None, 90, None, factor=Decimal(2), strict=True, hold=5, label="minor"),)


def test_rules_of_several_policies_count_each_once() -> None:
    both = f"{INLINE}\n    - alertPolicyRef: checkout-page\n    - alertPolicyRef: checkout-page"
    assert [r.severity for r in only(with_slo("- alertPolicyRef: checkout-page", both)).policy] == ["ticket", "page"]


def test_without_policies_the_default_one_holds() -> None:
    for nothing in ("", "  alertPolicies:\n", "  alertPolicies: []\n"):
        text = with_slo("  alertPolicies:\n    - alertPolicyRef: checkout-page\n", nothing)
        assert problems(text) == ()
        assert only(text).policy == CATALOG.default_policy


def test_openslo_stands_beside_an_estate_under_the_estates_name() -> None:
    own = "components: [{name: web, kind: rds, resource: {instance: i}}]\nexclusions:\n  - {objective: checkout-slo, "
    own += "from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r}\n"
    accounts = 'accounts: {main: {id: "111122223333", region: us-east-1}}\n'
    assert problems(ESTATE + accounts + own, WHOLE) == ()
    read = estate(ESTATE + accounts + own, WHOLE)
    assert (read.name, [c.name for c in read.components]) == ("prod", ["web", "checkout"])
    assert read.exclusions[0].covers(read.component("checkout").objectives[0])


def test_a_service_that_is_a_component_of_the_estate_brings_its_objectives_to_it() -> None:
    own = "components: [{name: checkout, kind: api-thing, tier: 2, objectives: [{indicator: a, target: 99%, window: 30d}]}]\n"
    [component] = estate(ESTATE + own, WHOLE).components
    assert (component.kind, component.tier) == ("api-thing", 2)
    assert [o.id for o in component.objectives] == ["checkout.a", "checkout-slo"]


def test_an_id_of_the_estate_may_not_be_taken_again() -> None:
    own = 'components: [{name: checkout-slo, kind: x, objectives: [{indicator: a, name: "1", target: 99%, window: 30d}]}]\n'
    text = with_slo("target: 0.999", "target: 0.999\n    - target: 0.99")
    assert [(p.file, p.code) for p in problems(ESTATE + own, text) if p.severity == "error"] == [("0.yaml", "duplicate_id")]


def test_what_the_service_cannot_measure_says_why() -> None:
    read = estate(WHOLE)
    reason = CATALOG.measure(read.components[0], read.objectives[0], None)
    assert isinstance(reason, Unbound)
    assert reason.text.startswith("good: query in the spec is not read; of CloudWatch, write namespace")


def test_the_catalogue_binds_no_objective_of_openslo() -> None:
    read = estate(WHOLE)
    reason = CATALOG.bind(read.components[0], read.objectives[0].indicator, None)
    assert isinstance(reason, Unbound)
    assert reason.code == "openslo"


def test_a_problem_names_file_line_and_path() -> None:
    [problem] = problems(BASE, OBJECTIVE.replace("0.999", "1.5"))
    assert str(problem).startswith("1.yaml:13: error: spec.objectives[0].target: 1.5 is not in [0, 1)")


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("description: all", "descripton: all", "unknown_field", "spec.descripton"),
        ("name: checkout-slo", "name: Checkout SLO", "bad_name", "metadata.name"),
        ("team: [identity, rbac]", "-x: a", "bad_name", "metadata.labels['-x']"),
        ("example.com/x: z", "Example.com/x: y", "bad_name", "metadata.annotations['Example.com/x']"),
        ("tier: one", "tier: 1", "wrong_type", "metadata.labels.tier"),
        ("displayName: Good", f"displayName: {'x' * 301}", "too_long", "spec.objectives[0].displayName"),
        ("all of it", "x" * 1051, "too_long", "spec.description"),
        ("  service: checkout\n", "", "missing_field", "spec.service"),
        ("checkout-availability", "checkout-avialability", "dangling_reference", "spec.indicatorRef"),
        ("  indicatorRef: checkout-availability\n", "", "exactly_one", "spec"),
        ("target: 0.999", "targetPercent: 100", "bad_target", "spec.objectives[0].targetPercent"),
        ("target: 0.999", "target: 1", "bad_target", "spec.objectives[0].target"),
        ("target: 0.999", "target: -0.1", "bad_target", "spec.objectives[0].target"),
        ("target: 0.999", 'target: "0.999"', "wrong_type", "spec.objectives[0].target"),
        ("target: 0.999", "target: 0.999\n      targetPercent: 99.9", "exactly_one", "spec.objectives[0]"),
        ("\n      target: 0.999", "", "exactly_one", "spec.objectives[0]"),
        ("    - displayName: Good\n      target: 0.999\n", "    []\n", "missing_field", "spec.objectives"),
        ("target: 0.999", "target: 0.999\n      op: eq", "unknown_value", "spec.objectives[0].op"),
        (
            "{duration: 4w, isRolling: true}",
            "{duration: 4w, isRolling: true}\n    - {duration: 4w}",
            "exactly_one",
            "spec.timeWindow",
        ),
        ("    - {duration: 4w, isRolling: true}", "    []", "exactly_one", "spec.timeWindow"),
        ("4w, isRolling: true", "4W, isRolling: true", "bad_duration", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "30, isRolling: true", "wrong_type", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "401d, isRolling: true", "bad_window", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "59m, isRolling: true", "bad_window", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "2Y, isRolling: true", "bad_window", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "0M, isRolling: true", "bad_window", "spec.timeWindow[0].duration"),
        ("4w, isRolling: true", "4w, isRolling: yes", "surprising_value", "spec.timeWindow[0].isRolling"),
        ("4w, isRolling: true", "4w", "missing_field", "spec.timeWindow[0]"),
        (
            "isRolling: true",
            "isRolling: true, calendar: {startTime: 2026-03-01 12:30:00, timeZone: America/New_York}",
            "contradiction",
            "spec.timeWindow[0].calendar",
        ),
        ("Occurrences", "occurrences", "unknown_value", "spec.budgetingMethod"),
        ("alertPolicyRef: checkout-page", "{}", "exactly_one", "spec.alertPolicies[0]"),
    ],
)
def test_a_bad_slo_names_the_field(old: str, new: str, code: str, path: str) -> None:
    assert ("error", code, path) in found(with_slo(old, new))


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("timeSliceTarget: 0", "bad_target"),
        ("timeSliceTarget: 1.1", "bad_target"),
        ("timeSliceWindow: 0m", "bad_window"),
        ("timeSliceWindow: 5x", "bad_duration"),
        ("compositeWeight: 0", "bad_weight"),
    ],
)
def test_what_does_not_count_here_is_checked_all_the_same(field: str, code: str) -> None:
    assert ("error", code) in [(s, c) for s, c, _ in found(with_slo("target: 0.999", f"target: 0.999\n      {field}"))]


@pytest.mark.parametrize("field", ["timeSliceTarget: 0.9", "timeSliceWindow: 1m", "compositeWeight: 1"])
def test_what_does_not_count_here_is_said(field: str) -> None:
    told = found(with_slo("target: 0.999", f"target: 0.999\n      {field}"))
    assert told == [("warning", "not_followed", f"spec.objectives[0].{field.split(':', maxsplit=1)[0]}")]


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        ("{}", "exactly_one", "spec"),
        (f"{{ratioMetric: {{good: {METRIC}, total: {METRIC}}}, thresholdMetric: {METRIC}}}", "exactly_one", "spec"),
        (f"{{ratioMetric: {{good: {METRIC}, bad: {METRIC}, total: {METRIC}}}}}", "exactly_one", "spec.ratioMetric"),
        (f"{{ratioMetric: {{total: {METRIC}}}}}", "exactly_one", "spec.ratioMetric"),
        (f"{{ratioMetric: {{good: {METRIC}}}}}", "exactly_one", "spec.ratioMetric"),
        (f"{{ratioMetric: {{raw: {METRIC}}}}}", "missing_field", "spec.ratioMetric.rawType"),
        (f"{{ratioMetric: {{raw: {METRIC}, rawType: ok}}}}", "unknown_value", "spec.ratioMetric.rawType"),
        (f"{{ratioMetric: {{raw: {METRIC}, rawType: success, bad: {METRIC}}}}}", "exactly_one", "spec.ratioMetric.bad"),
        (
            f"{{ratioMetric: {{good: {METRIC}, total: {METRIC}, rawType: success}}}}",
            "exactly_one",
            "spec.ratioMetric.rawType",
        ),
        (f"{{ratioMetric: {{counter: 1, good: {METRIC}, total: {METRIC}}}}}", "wrong_type", "spec.ratioMetric.counter"),
        (f"{{ratioMetric: {{good: {{}}, total: {METRIC}}}}}", "missing_field", "spec.ratioMetric.good.metricSource"),
        ("{thresholdMetric: {metricSource: {type: x}}}", "missing_field", "spec.thresholdMetric.metricSource.spec"),
        ("{thresholdMetric: {metricSource: {spec: {}}}}", "missing_field", "spec.thresholdMetric.metricSource.spec"),
        ("{thresholdMetric: {metricSource: {spec: q}}}", "wrong_type", "spec.thresholdMetric.metricSource.spec"),
    ],
)
def test_a_bad_indicator_names_the_field(spec: str, code: str, path: str) -> None:
    assert ("error", code, path) in found(with_sli(spec))


def test_every_metric_is_checked_not_only_the_first() -> None:
    """B12: a typo of a peer checks `good` twice and never `total`."""
    bad = "{metricSource: {metricSourceRef: Not A Name, spec: {query: q}}}"
    for good, total, path in ((bad, METRIC, "good"), (METRIC, bad, "total")):
        told = found(with_sli(f"{{ratioMetric: {{good: {good}, total: {total}}}}}"))
        assert told == [("error", "bad_name", f"spec.ratioMetric.{path}.metricSource.metricSourceRef")]


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("[{conditionRef: fast-burn}]", "[]", "exactly_one", "spec.conditions"),
        (
            "[{conditionRef: fast-burn}]",
            "[{conditionRef: fast-burn}, {conditionRef: fast-burn}]",
            "exactly_one",
            "spec.conditions",
        ),
        ("{conditionRef: fast-burn}", "{conditionRef: fast-burn, spec: {}}", "exactly_one", "spec.conditions[0]"),
        (
            "{conditionRef: fast-burn}",
            "{conditionRef: fast-burn, kind: AlertCondition}",
            "exactly_one",
            "spec.conditions[0].kind",
        ),
        ("[{targetRef: pd-checkout}]", "[]", "missing_field", "spec.notificationTargets"),
        ("alertWhenNoData: false", "alertWhenNoData: 0", "wrong_type", "spec.alertWhenNoData"),
        ("op: gte", "op: lte", "burn_operator", "spec.condition.op"),
        ("op: gte", "op: lt", "burn_operator", "spec.condition.op"),
        ("op: gte, ", "", "missing_field", "spec.condition.op"),
        ("kind: burnrate", "kind: budget", "unknown_value", "spec.condition.kind"),
        ("threshold: 14.4", "threshold: -1", "bad_factor", "spec.condition.threshold"),
        ("threshold: 14.4", "threshold: 14.4x", "wrong_type", "spec.condition.threshold"),
        ("lookbackWindow: 1h", "lookbackWindow: 0h", "bad_window", "spec.condition.lookbackWindow"),
        ("lookbackWindow: 1h", "lookbackWindow: 2Y", "bad_window", "spec.condition.lookbackWindow"),
        ("alertAfter: 0m", "alertAfter: 401d", "bad_window", "spec.condition.alertAfter"),
        ("  severity: page\n", "", "missing_field", "spec.severity"),
        ("{target: pagerduty, description: on-call}", "{description: on-call}", "missing_field", "spec.target"),
    ],
)
def test_a_bad_alert_names_the_field(old: str, new: str, code: str, path: str) -> None:
    assert ("error", code, path) in found(with_alerts(old, new))


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        (SOURCE.replace("type: CloudWatch, ", ""), "missing_field", "spec.type"),
        (SOURCE.replace(", connectionDetails: {anything: valid}", ""), "missing_field", "spec.connectionDetails"),
        (SERVICE.replace("description", "about"), "unknown_field", "spec.about"),
        (SERVICE.replace("spec:", "specs:"), "unknown_field", "specs"),
        (SERVICE + SERVICE, "duplicate_name", ""),
        (RATIO + THRESHOLD.replace("checkout-p99", "checkout-availability"), "duplicate_name", ""),
        (SERVICE.replace("kind: Service", "kind: Team"), "wrong_kind", "kind"),
        (SERVICE.replace("openslo/v1", "openslo/v1alpha"), "wrong_version", "apiVersion"),
    ],
)
def test_a_bad_document_names_the_field(text: str, code: str, path: str) -> None:
    assert ("error", code, path) in found(text)


def test_the_first_of_two_documents_of_one_name_is_named() -> None:
    [problem] = problems(SERVICE, SERVICE)
    assert (problem.file, "0.yaml:1" in problem.message) == ("1.yaml", True)


def test_a_service_may_have_no_spec_and_no_slo() -> None:
    text = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: a}\n"
    for end in ("", "spec:\n", "spec: {}\n"):
        assert problems(text + end) == ()
        assert estate(text + end).components[0].no_objective == "no SLO names this service"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (with_slo("service: checkout", "service: chekout"), "spec.service"),
        (with_slo("alertPolicyRef: checkout-page", "alertPolicyRef: nothing"), "spec.alertPolicies[0].alertPolicyRef"),
        (with_alerts("conditionRef: fast-burn", "conditionRef: nothing"), "spec.conditions[0].conditionRef"),
        (with_alerts("targetRef: pd-checkout", "targetRef: nothing"), "spec.notificationTargets[0].targetRef"),
        (
            with_sli(f"{{ratioMetric: {{good: {METRIC}, total: {METRIC.replace('cw-prod', 'nothing')}}}}}"),
            "spec.ratioMetric.total.metricSource.metricSourceRef",
        ),
    ],
)
def test_other_references_that_dangle_are_warnings(text: str, path: str) -> None:
    assert found(text) == [("warning", "dangling_reference", path)]
    assert only(text).policy


def test_a_comparison_on_a_ratio_is_a_warning() -> None:
    told = found(with_slo("target: 0.999", "target: 0.999\n      op: gt\n      value: 1"))
    assert told == [("warning", "not_a_threshold", f"spec.objectives[0].{name}") for name in ("op", "value")]


def test_a_threshold_wants_a_comparison() -> None:
    bare = with_slo("indicatorRef: checkout-availability", "indicatorRef: checkout-p99")
    assert found(bare) == [("warning", "missing_field", "spec.objectives[0]")] * 2
    assert found(bare.replace("target: 0.999", "target: 0.999\n      op: lte\n      value: 0.3")) == []


def test_a_minute_that_was_meant_as_a_month_is_pointed_out() -> None:
    told = found(with_slo("duration: 4w", "duration: 1m"))
    path = "spec.timeWindow[0].duration"
    assert told == [("error", "bad_window", path), ("warning", "minutes_not_months", path)]


def test_a_factor_below_1_is_inside_the_budget() -> None:
    assert found(with_alerts("threshold: 14.4", "threshold: 0.9")) == [
        ("warning", "factor_below_1", "spec.condition.threshold")
    ]


@pytest.mark.parametrize(("target", "reachable"), [("0.9", False), ("0.95", False), ("0.950001", True)])
def test_a_factor_that_a_full_outage_does_not_exceed_is_out_of_reach(target: str, *, reachable: bool) -> None:
    """1 - 1 / 20 is 0.95: there the burn is 20 when every event is bad, and never more."""
    text = with_alerts("threshold: 14.4", "threshold: 20").replace("target: 0.999", f"target: {target}")
    expected = [] if reachable else [("warning", "unreachable_factor", "spec.objectives[0].target")]
    assert found(text) == expected


def test_a_raw_ratio_is_judged_from_slices_and_said_to_carry_no_traffic() -> None:
    text = with_sli(f"{{ratioMetric: {{raw: {METRIC}, rawType: success}}}}")
    assert found(text) == [("warning", "raw_ratio", "spec.ratioMetric.raw")]
    measure = only(text).measure
    assert isinstance(measure, Unbound)
    assert measure.code == "raw_ratio"


def test_a_policy_that_is_silent_on_a_breach_leaves_no_rule_not_even_the_default_one() -> None:
    text = with_alerts("alertWhenBreaching: true", "alertWhenBreaching: false")
    assert found(text) == [("warning", "silent_policy", "spec.alertWhenBreaching")]
    assert (only(text).policy, only(text).policy_name) == ((), "openslo")


def test_several_thresholds_on_one_slo_are_warned_of_and_measured_apart() -> None:
    gauge = "{thresholdMetric: {metricSource: {type: Prometheus, spec: {query: depth}}}}"
    objectives = "target: 0.999\n      op: lt\n      value: 5\n    - {target: 0.99, op: lt, value: 9}"
    text = with_sli(gauge).replace("target: 0.999", objectives)
    assert found(text) == [("warning", "several_thresholds", "spec.objectives")]
    measures = [o.measure for o in estate(text).objectives]
    assert [m.threshold for m in measures if isinstance(m, TimeSlice)] == [5, 9]


@pytest.mark.parametrize("old", ["alertWhenNoData: false", "alertWhenResolved: true"])
def test_occasions_that_are_not_followed_are_said(old: str) -> None:
    name, value = old.split(": ")
    told = found(with_alerts(old, f"{name}: {'false' if value == 'true' else 'true'}"))
    assert told == [("warning", "not_followed", f"spec.{name}")]


RICH = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: cw}
spec: {type: Cloud_Watch, connectionDetails: {region: us-east-1, accountId: "111122223333"}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: a}
spec:
  ratioMetric:
    counter: true
    bad:
      metricSource: {metricSourceRef: cw, spec: {namespace: AWS/SQS, metric: S, stat: Sum, dimensions: [{name: a, value: b}]}}
    total: {metricSource: {type: AMP, spec: {query: 'sum(rate(a{b="c"}[5m])) + sum(rate(d[5m]))'}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: whole, annotations: {sloop.dev/composite: k-of-n, sloop.dev/composite-need: "1", sloop.dev/no-data: bad}}
spec:
  service: s
  timeWindow: [{duration: 1M, calendar: {startTime: 2026-01-21 12:30:00, timeZone: Europe/Berlin}}]
  budgetingMethod: Timeslices
  objectives:
    - {indicatorRef: a, target: 0.9, timeSliceTarget: 0.9, timeSliceWindow: 5, compositeWeight: 2}
    - indicator: {metadata: {name: b}, spec: {thresholdMetric: {metricSource: {type: X-Ray, spec: {service: s}}}}}
      targetPercent: 99
      op: lt
      value: 5
      timeSliceTarget: 0.9
      timeSliceWindow: 5m
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: p}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: c, annotations: {sloop.dev/short-window: 5m, sloop.dev/budget: 2%, sloop.dev/min-bad: "5"}}
            spec: {severity: page, condition: {kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h}}
        notificationTargets: [{kind: AlertNotificationTarget, metadata: {name: t}, spec: {target: x}}]
"""


def test_the_rich_documents_have_no_error() -> None:
    objective = only(RICH)
    assert objective.composite is not None
    assert (objective.composite.need, objective.policy[0].short, objective.policy[0].min_bad) == (1, 5, 5)


@pytest.mark.parametrize("whole", [WHOLE, RICH], ids=["usual", "rich"])
@given(data=st.data())
def test_no_damage_to_openslo_documents_makes_load_raise(whole: str, data: st.DataObject) -> None:
    at, gone = data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, 12))
    put = data.draw(st.text("[]{}:,-#&*!?'\"|>%@ \n\tan019.~", max_size=6))
    damaged = whole[:at] + put + whole[at + gone :]
    loaded = load([("slo.yaml", damaged.encode())], CATALOG)
    assert (loaded.estate is None) == any(p.severity == "error" for p in loaded.problems)
    assert all(1 <= p.line <= damaged.count("\n") + 2 and "\n" not in p.message for p in loaded.problems)


def test_a_file_full_of_dangling_references_and_targets_costs_little() -> None:
    many = with_slo("- alertPolicyRef: checkout-page", "\n    ".join(["- {alertPolicyRef: x}"] * 5000))
    many = many.replace("- displayName: Good\n", "\n    ".join(["- {target: 0.9}"] * 5000) + "\n    -\n")
    started = time.process_time()
    assert len(problems(many)) == 1001
    assert time.process_time() - started < 5
