from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slo.errors import SpecError
from slo.estate import import_openslo, sloth
from slo.estate.export_openslo import export
from slo.estate.indicator import CounterQuery, EventRatio
from slo.estate.write import write
from tests.support.estates import CATALOG, codes, loaded

if TYPE_CHECKING:
    from slo.estate.loss import Imported

DEFAULT = CATALOG.default_policy

SERVICE = """\
version: "prometheus/v1"
service: "myservice"
labels:
  owner: "myteam"
  repo: "myorg/myservice"
  tier: "2"
slos:
"""
AVAILABILITY = """\
  - name: "requests-availability"
    objective: 99.95
    description: "Share of requests that are answered."
    sli:
      events:
        error_query: sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      labels: {category: "availability"}
      annotations: {summary: "High error rate", runbook: "https://example.com/runbook"}
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {disable: true}
"""
LATENCY = """\
  - name: "requests-latency"
    objective: 99
    sli:
      events:
        error_query: |
          (
            sum(rate(apiserver_request_duration_seconds_count{verb!="WATCH"}[{{.window}}]))
            -
            sum(rate(apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))
          )
        total_query: sum(rate(apiserver_request_duration_seconds_count{verb!="WATCH"}[{{.window}}]))
"""
KUBERNETES = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: sloth-slo-my-service, namespace: monitoring}
spec:
  service: "myservice"
  slos:
    - name: "requests-availability"
      objective: 99.9
      sli:
        events:
          errorQuery: sum(rate(http_requests_total{code=~"5.."}[{{ .window }}]))
          totalQuery: sum(rate(http_requests_total[{{ .window }}]))
      alerting:
        name: High
        pageAlert: {disable: true}
"""


def imported(text: str, **options: object) -> Imported:
    return sloth.read([("sloth.yaml", text.encode())], DEFAULT, **options)  # type: ignore[arg-type]


def problem(text: str) -> tuple[int, str, str]:
    with pytest.raises(SpecError) as caught:
        imported(text)
    [first, *_] = caught.value.problems
    return first.line, first.path, first.code


def test_a_service_becomes_a_component_that_declares_its_indicators() -> None:
    found = imported(SERVICE + AVAILABILITY).estate
    [component] = found.components
    [objective] = component.objectives
    assert (component.name, component.kind, component.owner, component.tier) == ("myservice", "prometheus", "myteam", 2)
    assert component.runbook == "https://example.com/runbook"
    assert (objective.id, f"{objective.target}", objective.window) == ("myservice.requests-availability", "0.9995", 43200)
    assert component.indicators["requests-availability"] == EventRatio(
        (CounterQuery('http_request_duration_seconds_count{job="myservice"}'),),
        bad=(CounterQuery('http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}'),),
    )


def test_a_total_minus_a_bucket_is_a_ratio_of_good_events() -> None:
    [objective] = imported(SERVICE + LATENCY).estate.objectives
    assert objective.measure == EventRatio(
        (CounterQuery('apiserver_request_duration_seconds_count{verb!="WATCH"}'),),
        good=(CounterQuery('apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}'),),
    )


def test_the_kubernetes_form_means_the_same() -> None:
    [objective] = imported(KUBERNETES).estate.objectives
    assert objective.measure == EventRatio(
        (CounterQuery("http_requests_total"),), bad=(CounterQuery('http_requests_total{code=~"5.."}'),)
    )
    assert {rule.severity for rule in objective.policy} == {"ticket"}


def test_its_default_alerts_are_our_default_policy_and_a_disabled_one_leaves_the_others() -> None:
    both, pages = imported(SERVICE + LATENCY + AVAILABILITY).estate.objectives
    assert (both.policy_name, both.policy) == ("default", DEFAULT)
    assert (pages.policy_name, pages.policy) == ("pages", tuple(r for r in DEFAULT if r.severity == "page"))


def test_everything_that_is_not_in_the_estate_is_listed_with_its_line() -> None:
    found = imported(SERVICE + AVAILABILITY)
    assert codes(found.losses) == {"labels", "description", "alert_name", "annotations", "strict"}
    [repo] = [loss for loss in found.losses if "repo" in loss.text]
    assert str(repo) == "sloth.yaml:3: labels: labels have no place here: repo=myorg/myservice [labels]"


def test_several_documents_of_one_service_are_one_component() -> None:
    found = imported(f"{SERVICE}{AVAILABILITY}---\n{SERVICE}{LATENCY}").estate
    assert [o.id for o in found.objectives] == ["myservice.requests-availability", "myservice.requests-latency"]
    assert len(found.components) == 1


def test_names_that_are_no_labels_become_labels_and_are_listed() -> None:
    found = imported((SERVICE + LATENCY).replace('"myservice"', '"My_Service"').replace("requests-latency", "Requests.Latency"))
    assert [o.id for o in found.estate.objectives] == ["my-service.requests-latency"]
    assert found.estate.components[0].display_name == "My_Service"
    assert sum(loss.code == "renamed" for loss in found.losses) == 2


def test_the_period_that_sloth_is_run_with_is_the_window() -> None:
    found = imported(SERVICE + LATENCY, window=28 * 1440, name="prod").estate
    assert (found.name, found.objectives[0].window_text) == ("prod", "28d")


def test_alerts_that_are_all_off_keep_the_tickets_and_are_listed() -> None:
    found = imported(SERVICE + AVAILABILITY.replace("labels: {severity: pageteam}", "disable: true"))
    assert found.estate.objectives[0].policy_name == "tickets"
    assert "no_alerts" in codes(found.losses)


def test_plugins_of_rules_are_listed_by_name() -> None:
    plugin = "slo_plugins: {chain: [{id: sloth.dev/contrib/alert_for/v1}]}\n"
    found = imported(SERVICE.replace("slos:", f"{plugin}slos:") + LATENCY)
    assert [loss.text for loss in found.losses if loss.code == "slo_plugin"] == [
        "SLO plugins change Sloth's rules, not ours: sloth.dev/contrib/alert_for/v1"
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("events:", "raw: {error_ratio_query: 'a'}\n      events:", (12, "slos[0].sli.raw", "raw_ratio")),
        ("events:", "plugin: {id: x/availability}\n      events:", (12, "slos[0].sli.plugin", "sli_plugin")),
        ("objective: 99.95", "objective: 100", (9, "slos[0].objective", "bad_target")),
        ("objective: 99.95", "objectiv: 99.95", (9, "slos[0].objectiv", "unknown_field")),
        (
            "sum(rate(http_request_duration_seconds_count{job",
            "max(rate(x{job",
            (13, "slos[0].sli.events.error_query", "promql"),
        ),
        ("[{{.window}}]))\n        total", "[5m]))\n        total", (13, "slos[0].sli.events.error_query", "no_window")),
    ],
)
def test_what_cannot_be_imported_is_an_error_with_its_line(old: str, new: str, expected: tuple[int, str, str]) -> None:
    text = SERVICE + AVAILABILITY
    assert old in text
    assert problem(text.replace(old, new, 1)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: prometheus/v2\nservice: a\nslos: []\n",
        "apiVersion: v1\nkind: Pod\nspec: {}\n",
        "apiVersion: sloth.slok.dev/v1\n",
    ],
)
def test_what_is_no_document_of_sloth_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        imported(text)


def test_the_same_name_twice_is_an_error() -> None:
    assert problem(SERVICE + LATENCY + LATENCY)[2] == "duplicate_name"


@pytest.mark.parametrize("text", [SERVICE + AVAILABILITY + LATENCY, KUBERNETES])
def test_import_export_import_gives_the_same_estate(text: str) -> None:
    first = imported(text).estate
    written = write(first, DEFAULT)
    assert written.losses == ()
    assert loaded(written.text) == first
    documents = export(first, CATALOG).text
    second = import_openslo.read([("slos.yaml", documents.encode())], CATALOG).estate
    assert second == first
    assert write(second, DEFAULT).text == written.text
