from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from alerts.breach import Breach
from alerts.grouping import GROUP_ABOVE, groups, worst_first
from slo.estate.spec import Component, Estate
from slo.judge.burn import Rule
from tests.support.objectives import objective

FAST, SLOW = Rule("page", 60, 5, Fraction(72, 5)), Rule("page", 360, 30, Fraction(6))


def component(name: str, *depends_on: str, tier: int | None = None, objectives: int = 6) -> Component:
    declared = tuple(objective(name, f"i{n}") for n in range(objectives))
    return Component(name, "ecs", depends_on=depends_on, tier=tier, objectives=declared)


ESTATE = Estate(
    "test",
    components=(
        component("web", "api", tier=2),
        component("api", "database", "queue", tier=1),
        component("database", tier=1),
        component("queue", tier=2),
        component("mail", tier=3),
    ),
)


def breaches(*names: str, rule: Rule = FAST) -> list[Breach]:
    return [Breach(o.id, "page", rule, 100, Fraction(1, 30)) for n in names for o in ESTATE.component(n).objectives]


def test_few_breaches_are_told_one_by_one() -> None:
    assert groups(ESTATE, breaches("web", "api", "database")) == ()
    assert len(breaches("web", "api", "database")) < GROUP_ABOVE


def test_many_breaches_are_one_group_under_what_they_depend_on() -> None:
    found = groups(ESTATE, breaches("web", "api", "database", "queue"))
    assert {g.root: len(g.members) for g in found} == {"database": 18, "queue": 6}
    (together,) = groups(ESTATE, breaches("web", "api", "database"), above=17)
    assert together.root == "database"


def test_a_dependency_that_is_well_is_no_root() -> None:
    found = groups(ESTATE, breaches("web", "api", "queue", "mail"), above=20)
    assert {g.root: len(g.members) for g in found} == {"mail": 6, "queue": 18}


def test_what_is_alone_under_its_root_is_told_by_itself() -> None:
    found = groups(ESTATE, [*breaches("web", "api", "queue"), breaches("mail")[0]], above=18)
    assert [g.root for g in found] == ["queue"]


def test_the_worst_is_listed_first() -> None:
    slow, fast = breaches("database", rule=SLOW), breaches("web")
    spent = replace(slow[3], spent=Fraction(9))
    listed = worst_first(ESTATE, [*fast, *slow[:3], spent])
    assert [b.objective for b in listed[:2]] == ["database.i3", "database.i0"]
    assert [b.objective for b in listed[4:6]] == ["web.i0", "web.i1"]


@given(st.lists(st.sampled_from(breaches("web", "api", "database", "queue", "mail")), unique=True), st.integers(0, 30))
def test_everything_is_told_once_in_a_group_or_alone(told: list[Breach], above: int) -> None:
    grouped = [b.objective for g in groups(ESTATE, told, above) for b in g.members]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= {b.objective for b in told}
    assert len(told) > above or not grouped
