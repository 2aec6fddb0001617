from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.catalog.catalog import Catalog
from slo.estate.load import load
from slo.estate.references import circles
from slo.estate.spec import Account, Estate, Exclusion, RecoveryTarget, RuleSpec
from slo.units import parse_minute

if TYPE_CHECKING:
    from slo.errors import Problem

SLO = Path(__file__).parents[3] / "slo"
CATALOG = Catalog.of(
    [(f.name, f.read_bytes()) for f in sorted((SLO / "catalog").glob("*.yaml"))], (SLO / "policies/default.yaml").read_bytes()
)

FIRST = (SLO / "specs/first.yaml").read_text(encoding="utf-8")
HEAD = 'apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: prod}\naccounts: {main: {id: "111122223333", region: us-east-1}}\n'
FULL = (
    HEAD
    + """\
components:
  - name: database
    displayName: "The database, ä & more"
    kind: rds
    account: main
    resource: {instance: prod-pg, replicas: [prod-pg-r1, prod-pg-r2], backup_region: us-west-2}
    depends_on: []
    tier: 1
    owner: team-data
    runbook: https://example.com/db
    objectives:
      - {indicator: availability, target: 99.95%, window: 30d, target_source: proposed, lane: slow}
      - {indicator: freshness, name: backlog, target: 0.9990, window: 4w, policy: strict}
    recovery:
      - {scenario: az-loss, rpo: 0m, rto: 30m}
      - {scenario: region-loss, rto: 1d}
  - name: api
    kind: ecs
    resource: {load_balancer: app/a/1, target_group: targetgroup/a/1, latency_threshold: 0.5}
    depends_on: [database]
policies:
  strict: [{severity: page, budget: 2%, long: 1h, short: 5m}]
exclusions:
  - {component: api, from: 2026-03-01T00:00:00Z, to: 2026-03-01T02:00:00+01:00, kind: mute, reason: move}
  - {objective: database.backlog, from: 2026-03-01T00:00:00Z, to: 2026-03-02T00:00:00Z, kind: budget, reason: x, approved_by: e}
"""
)


def problems(*texts: str) -> tuple[Problem, ...]:
    return load([(f"{n}.yaml", text.encode()) for n, text in enumerate(texts)], CATALOG).problems


def estate(text: str) -> Estate:
    loaded = load([("estate.yaml", text.encode())], CATALOG)
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def with_component(fields: str) -> str:
    """An estate of one component `a`; `fields` are its further ones, in flow style."""
    return f"{HEAD}components:\n  - {{name: a, {fields}}}\n"


def with_objective(fields: str) -> str:
    return with_component(f"kind: rds, resource: {{instance: i}}, objectives: [{{{fields}}}]")


def found(text: str) -> list[tuple[str, str, str]]:
    return [(p.severity, p.code, p.path) for p in problems(text)]


@pytest.mark.parametrize("name", ["demo", "minimal", "first"])
def test_the_packaged_estates_have_no_problem(name: str) -> None:
    loaded = load([(name, (SLO / f"specs/{name}.yaml").read_bytes())], CATALOG)
    assert loaded.problems == ()
    assert loaded.estate is not None
    assert loaded.estate.objectives


def test_everything_that_is_declared_is_read() -> None:
    loaded = load([("estate.yaml", FULL.encode())], CATALOG)
    assert [(p.code, p.path) for p in loaded.problems] == [("unknown_indicator", "components[0].objectives[1].indicator")]
    read = loaded.estate
    assert read is not None
    assert read.accounts == (Account("main", "111122223333", "us-east-1"),)
    database = read.component("database")
    assert database.resource == {"instance": "prod-pg", "replicas": ("prod-pg-r1", "prod-pg-r2"), "backup_region": "us-west-2"}
    assert (database.title, database.tier, database.owner) == ("The database, ä & more", 1, "team-data")
    assert database.recovery == (RecoveryTarget("az-loss", 0, 30), RecoveryTarget("region-loss", None, 1440))
    first, second = database.objectives
    assert (first.id, first.target, first.window, first.lane) == ("database.availability", Decimal("0.9995"), 43200, "slow")
    assert (second.id, second.indicator_id, second.target) == ("database.backlog", "database.freshness", Decimal("0.999"))
    assert (second.policy_name, second.policy) == ("strict", (RuleSpec("page", Decimal("0.02"), 60, 5),))
    start, day = parse_minute("2026-03-01T00:00:00Z"), 1440
    assert read.exclusions == (
        Exclusion(start, start + 60, "mute", "move", None, component="api"),
        Exclusion(start, start + day, "budget", "x", "e", objective="database.backlog"),
    )


def test_a_component_without_objectives_gets_those_of_its_kind() -> None:
    api = estate(FULL).component("api")
    assert [(o.id, o.target, o.window, o.target_source) for o in api.objectives] == [
        ("api.availability", Decimal("0.999"), 43200, "catalogue"),
        ("api.latency", Decimal("0.99"), 43200, "catalogue"),
    ]
    assert api.objectives[0].policy == CATALOG.default_policy


def test_an_empty_list_of_objectives_is_none() -> None:
    assert estate(with_component("kind: rds, resource: {instance: i}, no_objective: a test")).objectives == ()


def test_json_means_the_same() -> None:
    text = '{"apiVersion": "sloop/v1", "kind": "Estate", "metadata": {"name": "prod"},\n"components": ['
    text += '{"name": "a", "kind": "rds",\n"objectives": [{"indicator": "availability", "target": 99.9, "window": "30d"}]}]}'
    loaded = load([("estate.json", text.encode())], CATALOG)
    assert [(p.line, p.path) for p in loaded.problems if p.code == "bad_target"] == [(3, "components[0].objectives[0].target")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("99.9%", "0.999"), ("0.999", "0.999"), ("99.9 %", "0.999"), ('"99.95%"', "0.9995"), ("0.000001", "0.000001")],
)
def test_a_target_is_exact(text: str, value: str) -> None:
    assert estate(with_objective(f"indicator: availability, target: {text}, window: 30d")).objectives[0].target == Decimal(
        value
    )


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("99.9", "write 99.9% or the ratio 0.999"),
        ('"99,9%"', "with a point and no comma: 99.9%"),
        ("100%", "outside 0 to 100 %"),
        ("0%", "outside 0 to 100 %"),
        ("1", "outside 0 to 100 %"),
        ("0", "outside 0 to 100 %"),
        ("-1%", "like 99.9%"),
        ("1e-3", "like 99.9%"),
        ("high", "like 99.9%"),
        ("[99%]", "a share like 99.9% or 0.999 is wanted here, not a list"),
    ],
)
def test_a_bad_target_says_what_to_write(text: str, fix: str) -> None:
    [problem] = problems(with_objective(f"indicator: availability, target: {text}, window: 30d"))
    assert (problem.file, problem.line, problem.path) == ("0.yaml", 6, "components[0].objectives[0].target")
    assert fix in problem.message


@pytest.mark.parametrize(("window", "minutes"), [("1h", 60), ("60m", 60), ("4w", 40320), ("400d", 576000)])
def test_windows_from_an_hour_to_400_days_are_read(window: str, minutes: int) -> None:
    assert estate(with_objective(f"indicator: availability, target: 99%, window: {window}")).objectives[0].window == minutes


@pytest.mark.parametrize(
    ("objective", "code", "field"),
    [
        ("target: 99%, window: 30d", "missing_field", "indicator"),
        ("indicator: availability, window: 30d", "missing_field", "target"),
        ("indicator: availability, target: 99%", "missing_field", "window"),
        ("indicator: availability, target: 99%, window: 59m", "bad_window", "window"),
        ("indicator: availability, target: 99%, window: 401d", "bad_window", "window"),
        ("indicator: availability, target: 99%, window: 30 days", "bad_duration", "window"),
        ("indicator: availability, target: 99%, window: 30", "bad_duration", "window"),
        ("indicator: availability, target: 99%, window: 1M", "bad_duration", "window"),
        ("indicator: availability, target: 99%, window: 30d, policy: strict", "unknown_policy", "policy"),
        ("indicator: availability, target: 99%, window: 30d, lane: middle", "unknown_value", "lane"),
        ("indicator: availability, target: 99%, window: 30d, name: a b", "bad_name", "name"),
        ("indicator: Availability, target: 99%, window: 30d", "bad_name", "indicator"),
        ("indicator: availability, target: 99%, windwo: 30d, window: 30d", "unknown_field", "windwo"),
    ],
)
def test_a_bad_objective_names_the_field(objective: str, code: str, field: str) -> None:
    assert found(with_objective(objective)) == [("error", code, f"components[0].objectives[0].{field}")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("kind: rds, no_objective: a test, tier: high", ("error", "wrong_type", "components[0].tier")),
        ("kind: rds, objectives: {}", ("error", "wrong_type", "components[0].objectives")),
        ("kind: rds, no_objective: a test, account: other", ("error", "unknown_account", "components[0].account")),
        ("kind: rds, no_objective: a test, depends_on: [b]", ("error", "dangling_reference", "components[0].depends_on[0]")),
        ("kind: rds, no_objective: a test, depends_on: [a]", ("error", "dependency_cycle", "components[0].depends_on[0]")),
        (
            "kind: rds, no_objective: a test, resource: {instance: true}",
            ("error", "wrong_type", "components[0].resource.instance"),
        ),
        (
            "kind: rds, no_objective: a test, resource: {instanz: i}",
            ("warning", "unknown_resource", "components[0].resource.instanz"),
        ),
        ("kind: rds, resource: {}", ("warning", "missing_resource", "components[0].resource")),
        ("kind: rds", ("warning", "missing_resource", "components[0]")),
        ("kind: DocDB", ("warning", "unknown_kind", "components[0].kind")),
        ("kind: sqs, resource: {queue: q, max_age: 5m}", ("warning", "bad_resource", "components[0].resource")),
        ("no_objective: a test", ("error", "missing_field", "components[0].kind")),
        (
            "kind: rds, no_objective: a test, recovery: [{scenario: fire, rpo: 1m}]",
            ("error", "unknown_value", "components[0].recovery[0].scenario"),
        ),
        (
            "kind: rds, no_objective: a test, recovery: [{scenario: az-loss}]",
            ("error", "missing_field", "components[0].recovery[0]"),
        ),
        (
            "kind: rds, no_objective: a test, recovery: [{scenario: az-loss, rpo: soon}]",
            ("error", "bad_duration", "components[0].recovery[0].rpo"),
        ),
        (
            "kind: rds, no_objective: a test, recovery: [{scenario: az-loss, rpo: 5m, proof_max_age: 401d}]",
            ("error", "bad_proof_age", "components[0].recovery[0].proof_max_age"),
        ),
        (
            "kind: rds, no_objective: a test, recovery: [{scenario: az-loss, rpo: 5m, within: 0%}]",
            ("error", "bad_share", "components[0].recovery[0].within"),
        ),
        (f"kind: rds, no_objective: a test, displayName: {'x' * 301}", ("error", "too_long", "components[0].displayName")),
    ],
)
def test_a_bad_component_names_the_field(fields: str, expected: tuple[str, str, str]) -> None:
    assert found(with_component(fields)) == [expected]


def test_every_missing_resource_key_is_named_at_once() -> None:
    [problem] = problems(with_component("kind: alb, resource: {}"))
    assert problem.code == "missing_resource"
    assert "load_balancer" in problem.message
    assert "target_group" in problem.message


def test_warnings_do_not_keep_an_estate_from_being_judged() -> None:
    text = with_component("kind: whatever, objectives: [{indicator: any, target: 99%, window: 1d}]")
    assert [o.id for o in estate(text).objectives] == ["a.any"]


def test_an_estate_without_accounts_is_warned_once() -> None:
    text = "apiVersion: sloop/v1\nkind: Estate\nmetadata: {name: p}\ncomponents:\n"
    text += "".join(f"  - {{name: {n}, kind: rds, resource: {{instance: i}}}}\n" for n in "abc")
    assert found(text) == [("warning", "missing_account", "")]


@pytest.mark.parametrize(
    ("name", "fix"),
    [("My API", "like my-api"), ("api_v2", "like api-v2"), ("-a", "like a"), ("x" * 64, "1 to 63"), ("a.b", "like a-b")],
)
def test_a_name_that_is_no_label_is_told_how_to_become_one(name: str, fix: str) -> None:
    [problem] = problems(f"{HEAD}components:\n  - {{name: {name}, kind: rds, no_objective: a test}}\n")
    assert (problem.line, problem.path, problem.code) == (6, "components[0].name", "bad_name")
    assert fix in problem.message


def test_names_and_ids_are_given_once() -> None:
    twice = "{name: a, kind: rds, no_objective: a test}"
    [problem] = problems(f"{HEAD}components:\n  - {twice}\n  - {twice}\n")
    assert (problem.line, problem.code, problem.path) == (7, "duplicate_name", "components[1]")
    same = (
        "{indicator: availability, target: 99%, window: 30d}, {indicator: availability, name: other, target: 99%, window: 30d}"
    )
    only_one_named = with_component(f"kind: rds, resource: {{instance: i}}, objectives: [{same}]")
    assert found(only_one_named) == [("error", "missing_field", "components[0].objectives[0]")]
    clash = "{indicator: latency, target: 99%, window: 30d}, {indicator: availability, name: latency, target: 99%, window: 30d}"
    clashing = with_component(f"kind: alb, resource: {{load_balancer: l, target_group: t}}, objectives: [{clash}]")
    assert found(clashing) == [("error", "duplicate_id", "components[0].objectives[1]")]


def test_a_cycle_is_drawn() -> None:
    links = {"a": "b", "b": "c", "c": "a", "d": "a"}
    rows = "".join(f"  - {{name: {n}, kind: rds, no_objective: a test, depends_on: [{to}]}}\n" for n, to in links.items())
    [problem] = problems(f"{HEAD}components:\n{rows}")
    assert (problem.line, problem.path) == (8, "components[2].depends_on[0]")
    assert "a -> b -> c -> a" in problem.message


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4), max_size=8))
def test_circles_are_found_exactly_where_there_are_some(links: dict[int, list[int]]) -> None:
    graph = {str(n): [str(m) for m in to] for n, to in links.items()}
    drawn = circles(graph)
    for circle in drawn:
        assert all(after in graph[name] for name, after in zip(circle, [*circle[1:], circle[0]], strict=True))
    left = {n: {m for m in to if m in graph} for n, to in graph.items()}
    while free := [n for n, to in left.items() if not to & left.keys()]:
        for name in free:
            del left[name]
    assert bool(drawn) == bool(left)


@pytest.mark.parametrize(
    ("exclusion", "code", "field"),
    [
        (
            "component: x, from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r",
            "dangling_reference",
            ".component",
        ),
        (
            "objective: a.x, from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r",
            "dangling_reference",
            ".objective",
        ),
        ("from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r", "missing_field", ""),
        ("component: a, from: 2026-03-02T00:00Z, to: 2026-03-02T00:00Z, kind: mute, reason: r", "bad_time", ".to"),
        ("component: a, from: 2026-03-01T00:00, to: 2026-03-02T00:00Z, kind: mute, reason: r", "bad_time", ".from"),
        ("component: a, from: 2026-03-01T00:00Z, to: 2026-03-02T00:00:30Z, kind: mute, reason: r", "bad_time", ".to"),
        ("component: a, from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: silence, reason: r", "unknown_value", ".kind"),
        ("component: a, from: 2026-03-01T00:00Z, to: 2026-03-02T00:00Z, kind: mute", "missing_field", ".reason"),
    ],
)
def test_a_bad_exclusion_names_the_field(exclusion: str, code: str, field: str) -> None:
    text = with_component("kind: rds, resource: {instance: i}") + f"exclusions:\n  - {{{exclusion}}}\n"
    assert found(text) == [("error", code, f"exclusions[0]{field}")]


@pytest.mark.parametrize(
    ("account", "code", "field"),
    [
        ("id: 111122223333, region: us-east-1", "wrong_type", "id"),
        ('id: "1111", region: us-east-1', "bad_account", "id"),
        ('id: "111122223333", region: us-east-1a', "bad_account", "region"),
        ('id: "111122223333"', "missing_field", "region"),
        ('id: "111122223333", region: us-east-1, role_arn: sloop', "bad_account", "role_arn"),
    ],
)
def test_a_bad_account_names_the_field(account: str, code: str, field: str) -> None:
    text = f"apiVersion: sloop/v1\nkind: Estate\nmetadata: {{name: p}}\naccounts: {{main: {{{account}}}}}\ncomponents: []\n"
    assert found(text) == [("error", code, f"accounts.main.{field}")]


HUB = 'hub: {id: "999900001111", region: us-east-1}'


@pytest.mark.parametrize(
    ("hub", "monitor", "code", "words"),
    [
        (HUB, "hubb", "unknown_account", "did you mean 'hub'?"),
        (HUB, "shop", "bad_account", "needs nobody to show its own metrics"),
        ('hub: {id: "111122223333", region: us-east-1}', "hub", "bad_account", "needs nobody to show its own metrics"),
        ('hub: {id: "999900001111", region: eu-west-1}', "hub", "bad_account", "linked within a region"),
        (HUB.replace("}", ", monitored_by: top}") + '\n  top: {id: "2", region: us-east-1}', "hub", "bad_account", "passed on"),
        (HUB.replace("}", ", monitored_by: shop}"), "hub", "bad_account", "passed on"),
    ],
)
def test_an_account_is_monitored_by_another_one_that_it_can_be_linked_to(hub: str, monitor: str, code: str, words: str) -> None:
    shop = f'shop: {{id: "111122223333", region: us-east-1, monitored_by: {monitor}}}'
    text = f"apiVersion: sloop/v1\nkind: Estate\nmetadata: {{name: p}}\naccounts:\n  {shop}\n  {hub}\ncomponents: []\n"
    problems = [p for p in load((("a.yaml", text.encode()),), CATALOG).problems if p.path == "accounts.shop.monitored_by"]
    assert [p.code for p in problems] == [code]
    assert words in problems[0].message


def test_a_monitored_account_may_stand_before_the_one_that_monitors_it() -> None:
    shop = 'shop: {id: "111122223333", region: us-east-1, monitored_by: hub}'
    text = f"apiVersion: sloop/v1\nkind: Estate\nmetadata: {{name: p}}\naccounts:\n  {shop}\n  {HUB}\ncomponents: []\n"
    estate = load((("a.yaml", text.encode()),), CATALOG).estate
    assert estate is not None
    assert [(a.name, a.monitored_by) for a in estate.accounts] == [("shop", "hub"), ("hub", None)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ("", "no_estate", 1)),
        (["# nothing\n"], ("0.yaml", "no_estate", 1)),
        ([HEAD + "components: []\n", HEAD + "components: []\n"], ("1.yaml", "second_estate", 1)),
        (["a: 1\napiVersion: sloop/v2\nkind: Estate\n"], ("0.yaml", "wrong_version", 2)),
        (["apiVersion: sloop/v1\nkind: Service\n"], ("0.yaml", "wrong_kind", 2)),
        (["kind: Estate\n"], ("0.yaml", "missing_field", 1)),
        (["- a\n"], ("0.yaml", "wrong_type", 1)),
        (["apiVersion: openslo/v1\nkind: Estate\n"], ("0.yaml", "wrong_kind", 2)),
    ],
)
def test_exactly_one_estate_is_declared(texts: list[str], expected: tuple[str, str, int]) -> None:
    [problem] = problems(*texts)
    assert (problem.file, problem.code, problem.line) == expected


def test_a_near_miss_is_guessed() -> None:
    [problem] = problems(with_component("kind: rds, no_objective: a test, dependson: []"))
    assert "did you mean 'depends_on'?" in problem.message


def test_all_problems_are_told_at_once_by_file_and_line() -> None:
    bad = f"{HEAD}nmae: x\ncomponents:\n  - {{name: A, kind: rds, tier: 0, depends_on: [zz]}}\n"
    bad += "  - {kind: rds, kind: alb, account: NO}\n"
    told = [(p.file, p.line) for p in problems(bad, "- a\n", "apiVersion: 5\n") if p.severity == "error"]
    assert told == sorted(told)
    assert len(told) == 9
    assert {file for file, _ in told} == {"0.yaml", "1.yaml", "2.yaml"}


def test_a_quoted_or_refused_value_is_complained_about_once() -> None:
    assert found(with_component("kind: rds, no_objective: a test, owner: NO")) == [
        ("error", "surprising_value", "components[0].owner")
    ]


@given(st.lists(st.tuples(st.sampled_from(["a.yaml", "b.json", "c"]), st.binary(max_size=200)), max_size=3))
def test_no_bytes_make_load_raise(files: list[tuple[str, bytes]]) -> None:
    loaded = load(files, CATALOG)
    assert loaded.estate is None
    assert any(p.severity == "error" for p in loaded.problems)


@given(st.sampled_from([FULL, FIRST]), st.data(), st.integers(0, 12), st.text("[]{}:,-#&*!?'\"|>%@ \n\tan019.~", max_size=6))
def test_no_damage_to_an_estate_makes_load_raise(text: str, data: st.DataObject, gone: int, put: str) -> None:
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + put + text[at + gone :]
    loaded = load([("estate.yaml", damaged.encode())], CATALOG)
    assert (loaded.estate is None) == any(p.severity == "error" for p in loaded.problems)
    lines = damaged.count("\n") + 2
    assert all(p.file == "estate.yaml" and 1 <= p.line <= lines and p.code and "\n" not in p.message for p in loaded.problems)


@given(st.recursive(st.text(max_size=8) | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_no_value_of_any_field_makes_load_raise(value: object) -> None:
    for field in ("components", "accounts", "policies", "exclusions", "metadata"):
        text = f"{HEAD.replace('accounts', 'accounts_')}{field}_: 1\n? {field}\n: {value!r}\n"
        assert load([("estate.yaml", text.encode("utf-8", "replace"))], CATALOG).estate is None


def test_a_reason_why_there_is_no_objective_stands_instead_of_the_defaults() -> None:
    [component] = estate(with_component("kind: rds, resource: {instance: i}, no_objective: nobody uses it")).components
    assert (component.objectives, component.no_objective) == ((), "nobody uses it")


@pytest.mark.parametrize(("fields", "own"), [("", False), (", objectives: []", False), (", no_objective: ours", True)])
def test_the_reason_of_a_kind_holds_where_the_component_gives_none(fields: str, own: bool) -> None:
    text = with_component(f"kind: shield{fields}")
    assert problems(text) == ()
    [component] = estate(text).components
    assert component.no_objective == ("ours" if own else CATALOG.kinds["shield"].no_objective)


def test_neither_an_objective_nor_a_reason_is_a_warning() -> None:
    [problem] = problems(with_component("kind: rds, resource: {instance: i}, objectives: []"))
    assert (problem.severity, problem.code, problem.path) == ("warning", "no_objective_missing", "components[0]")


def test_objectives_and_a_reason_why_none_contradict_each_other() -> None:
    [problem] = problems(
        with_objective("indicator: availability, target: 99%, window: 30d").replace("}]}", "}], no_objective: x}")
    )
    assert (problem.severity, problem.code, problem.path) == ("error", "contradiction", "components[0].no_objective")


def test_what_is_only_watched_is_told_what_it_lacks_too() -> None:
    [problem] = problems(with_component("kind: waf"))
    assert (problem.severity, problem.code, problem.path) == ("warning", "missing_resource", "components[0]")
    assert "web_acl" in problem.message
