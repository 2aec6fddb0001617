"""What is written is so: examples are run, names are looked up, and what must be told is told."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest
from prometheus_client import CollectorRegistry

from app.cli.main import app as command_line
from app.exposition import SnapshotCollector, meters
from app.files import read_catalog
from app.settings import Settings
from app.snapshot import Snapshot, SnapshotBox
from slo import errors
from slo.estate.load import load
from slo.estate.spec import Estate

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
RUNBOOKS = sorted(ROOT.glob("docs/runbooks/*.md"))
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def quoted(text: str) -> list[str]:
    """What stands in single backticks, outside of blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def files() -> list[Path]:
    """Everything that git knows or would take."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    return [path for path in (ROOT / name for name in listed.stdout.decode().splitlines()) if path.is_file()]


@pytest.mark.parametrize("page", [page for page in PAGES if "```pycon" in read(page)], ids=name_of)
def test_every_example_prints_what_the_page_says(page: Path) -> None:
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0


def test_the_estate_in_the_readme_is_in_order() -> None:
    estates = re.findall(r"```yaml\n(.*?)```", read(ROOT / "README.md"), re.DOTALL)
    assert len(estates) == 1
    loaded = load((("README.md", dedent(estates[0]).encode()),), read_catalog())
    assert loaded.problems == ()
    assert loaded.estate is not None
    assert [objective.id for objective in loaded.estate.objectives] != []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(page))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_exists(page: Path) -> None:
    room = r"(?:app|slo|alerts|dashboards|tests|scripts|docs|deploy|bench)/[\w./-]*"
    named = [word for word in quoted(read(page)) if re.fullmatch(room, word)]
    assert [word for word in named if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_function_that_is_named_exists(page: Path) -> None:
    named = [word for word in quoted(read(page)) if re.fullmatch(r"(?:app|slo|alerts|dashboards)(?:\.\w+)+", word)]
    assert [word for word in named if not can_be_found(word)] == []


def can_be_found(dotted: str) -> bool:
    """The longest part that is a module, then attributes of it."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", read(page))) - targets == set()


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_is_short_and_says_context_decision_consequences(page: Path) -> None:
    assert re.findall(r"^## (.*)", read(page), re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)
    assert read(page).count("\n") < 60


@pytest.mark.parametrize("page", RUNBOOKS, ids=name_of)
def test_a_runbook_is_found_from_operations_and_says_what_to_do(page: Path) -> None:
    assert re.findall(r"^## (.*)", read(page), re.MULTILINE) == ["What you see", "Why", "What to do", "It is over when"]
    assert f"runbooks/{page.name}" in OPERATIONS


@pytest.mark.parametrize("name", [n for n, e in vars(errors).items() if isinstance(e, type) and issubclass(e, Exception)])
def test_every_error_is_explained(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


def commands() -> list[str]:
    """Every command as it is typed, groups in front: `check`, `db migrate`."""
    found = [(None, command_line), *((group.name, group.typer_instance) for group in command_line.registered_groups)]
    return [
        f"{group} {name}" if group else str(name)
        for group, typer in found
        if typer is not None
        for command in typer.registered_commands
        if (name := command.name or getattr(command.callback, "__name__", None))
    ]


@pytest.mark.parametrize("command", commands())
def test_every_command_is_explained(command: str) -> None:
    assert f"`sloop {command}" in read(ROOT / "README.md")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`(?:[A-Z_]+=\S+ )*sloop ([a-z][a-z-]*)", read(page))
    assert set(named) - {command.split()[0] for command in commands()} == set()


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_explained_with_its_default(setting: str) -> None:
    row = re.search(rf"^\| `SLOOP_{setting.upper()}` \| (.*?) \|", OPERATIONS, re.MULTILINE)
    assert row is not None
    default = Settings.model_fields[setting].default
    assert str(default) == "" or row[1] == f"`{default}`"


def test_every_setting_that_is_named_exists() -> None:
    known = {f"SLOOP_{name.upper()}" for name in Settings.model_fields}
    named = {word for page in PAGES for word in re.findall(r"`(SLOOP_[A-Z_]+)", read(page))}
    assert named - known == {"SLOOP_CHAOS_SEEDS", "SLOOP_FAILPOINT", "SLOOP_TESTS_MUST_RUN"}


def metrics() -> list[str]:
    registry = CollectorRegistry()
    meters(registry)
    registry.register(SnapshotCollector(SnapshotBox(Snapshot(Estate("empty"), NOON)), lambda: NOON))
    return [f"{family.name}_total" if family.type == "counter" else family.name for family in registry.collect()]


@pytest.mark.parametrize("metric", metrics())
def test_every_metric_is_explained(metric: str) -> None:
    assert f"| `{metric}` |" in OPERATIONS


def test_every_metric_that_is_named_exists() -> None:
    named = {word for page in PAGES for word in re.findall(r"`(sloop_[a-z_]+)", read(page))}
    assert named - set(metrics()) == set()


# In two parts each, or this file would be what it looks for.
MACHINE = re.compile(r"(?<![\w.])/(?:work|farm|root)" + r"/[\w.-]+")
REGISTRY = re.compile(
    "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "deb" + r"\.debian\.org"))
)


def test_no_file_holds_a_path_of_a_machine_or_the_address_of_a_registry() -> None:
    found = [
        f"{name_of(path)}: {hit[0]}"
        for path in files()
        for pattern in (MACHINE, REGISTRY)
        for hit in pattern.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []


def test_no_lock_of_another_tool_is_kept() -> None:
    """They hold the addresses of registries."""
    assert [name_of(path) for path in files() if path.name in {"uv.lock", "pylock.toml", "poetry.lock"}] == []
