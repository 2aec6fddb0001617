"""From the simulated account to an estate that `sloop check` accepts and the service can measure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.bootstrap_aws import discoverer
from app.cli.main import run
from app.discover import SETTLED
from app.simulator.disturbance import Disturbance
from slo.estate.indicator import Unbound
from slo.estate.load import load
from slo.estate.suggest import LADDER, MINUTES
from slo.estate.write import write
from slo.units import format_minute, format_percent, parse_minute
from tests.support.discoverable import CATALOG, NOW, discoverable, reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slo.estate.spec import Estate
    from tests.support.discoverable import World

END = NOW - SETTLED


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with discoverable() as world:
        # An outage that one component paid for: 84 s of every request.
        world.model.inject("api-5xx", (END - 3000) * 60.0)
        yield world


@pytest.fixture(autouse=True)
def _environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def text(world: World) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment.items():
            patch.setenv(name, value)
        return discovered()


def discovered() -> str:
    found, _ = discoverer(CATALOG, "main", "us-east-1").discover("prod", NOW)
    return found.text(CATALOG)


def estate_of(text: str) -> Estate:
    loaded = load((("estate.yaml", text.encode()),), CATALOG)
    assert loaded.problems == ()
    assert loaded.estate is not None
    return loaded.estate


def above(text: str, line: str) -> list[str]:
    """The comment right above the first line that begins so."""
    lines = [one.strip() for one in text.splitlines()]
    end = next(n for n, one in enumerate(lines) if one.startswith(line))
    start = end
    while lines[start - 1].startswith("#"):
        start -= 1
    return [one.removeprefix("# ") for one in lines[start:end]]


def test_every_objective_binds_and_check_has_nothing_to_say(text: str) -> None:
    estate = estate_of(text)
    unbound = [
        o.id
        for o in estate.objectives
        if isinstance(CATALOG.measure(estate.component(o.component), o, estate.account(None)), Unbound)
    ]
    assert len(estate.objectives) > 25
    assert unbound == []


def test_without_its_comments_it_is_what_the_canonical_writer_writes(text: str) -> None:
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    assert bare == write(estate_of(text), CATALOG.default_policy).text


def test_a_target_stands_with_what_was_counted_in_the_last_14_days(world: World, text: str) -> None:
    assert f"{format_minute(END - MINUTES)} to {format_minute(END)}" in text
    truth = world.model.truth("api.availability", END - MINUTES, END)
    total, bad = int(truth.total.sum()), int(truth.bad.sum())
    component = text[text.index("- name: api\n") :]
    first, second = above(component, "- {indicator: availability")
    assert first == f"14 days: 20,160 minutes measured, {bad:,} of {total:,} bad ({100 * (1 - bad / total):.3f} %)."
    chosen = next(t for t in LADDER if 2 * bad <= total * (1 - t))
    assert second.startswith(f"{format_percent(chosen)} % was met with half of its budget to spare")
    assert estate_of(text).component("api").objectives[0].target == chosen


def test_every_objective_and_every_dependency_has_its_reason(text: str) -> None:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r" +(- \{indicator|depends_on|- name)", line):
            assert lines[number - 1].lstrip().startswith("#"), line


def test_every_target_is_of_the_ladder_and_says_where_it_comes_from(text: str) -> None:
    objectives = estate_of(text).objectives
    assert {o.target for o in objectives} <= set(LADDER)
    assert {o.target_source for o in objectives} == {"discovered"}


def test_without_metrics_the_targets_are_those_of_the_catalogue_and_say_why(world: World) -> None:
    world.disturb = lambda operation, _: Disturbance("forbidden") if operation == "GetMetricData" else None
    try:
        text = discovered()
    finally:
        world.disturb = lambda *_: None
    estate = estate_of(text)
    assert {o.target_source for o in estate.objectives} == {"catalogue"}
    reason = " ".join(above(text, "- {indicator: availability"))
    assert reason.startswith("Nothing measured: cloudwatch:GetMetricData: AccessDenied")
    assert reason.endswith("99.5 % is what its kind proposes: our own proposal.")
    assert [c.name for c in estate.components if c.name in {x.name for x in reference().components}]


def test_the_command_writes_the_estate_and_its_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "estate.yaml"
    assert run(["init", "--from-aws", "--name", "found", "--account", "live", "--out", str(file)]) == 0
    out, err = capsys.readouterr()
    assert (out.endswith(f"next: sloop check {file} --strict\n"), err) == (True, "")
    assert run(["check", str(tmp_path), "--strict"]) == 0
    text = file.read_text()
    assert text.startswith("# yaml-language-server: $schema=estate.schema.json\n# Discovered in account 111122223333")
    estate = estate_of(text)
    assert (estate.name, [a.name for a in estate.accounts]) == ("found", ["live"])


def test_what_could_not_be_read_is_told_on_stderr_and_in_the_estate(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.deny("sqs:ListQueues")
    try:
        assert run(["init", "--from-aws"]) == 0
    finally:
        world.deny_nothing()
    out, err = capsys.readouterr()
    gap = "sqs:ListQueues was denied; allow the IAM action sqs:ListQueues to have it"
    assert err == f"sloop: warning: not read: {gap}\n"
    assert f"# Not read: {gap}\n" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--region", "nowhere"], "--region: 'nowhere'"), (["--account", "Main"], "--account: 'Main'")],
)
def test_what_is_wrong_is_said_before_anything_is_read(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--from-aws", *arguments]) == 64
    assert words in capsys.readouterr().err


def test_the_minutes_are_settled() -> None:
    assert parse_minute(format_minute(END)) == NOW - 15
