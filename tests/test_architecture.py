"""Who may import whom, and who may touch the world: the table of rules, and a walk over every file that applies it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ROOMS = ("slo", "alerts", "dashboards", "app")
PURE = ("slo", "alerts", "dashboards")
WIRING = ("app.bootstrap", "app.bootstrap_aws", "app.bootstrap_offline", "app.bootstrap_report", "app.bootstrap_sources")
DEMO = ("app.simulator", "app.demo", "app.demo_processes", "app.cli.demo")
HTTP = ("boto3", "botocore", "httpx", "httpcore", "requests", "urllib3", "urllib.request", "http.client", "grafana_client")
DATETIME = ("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today")


@dataclass(frozen=True, slots=True)
class Rule:
    """No file of `rooms`, but those of `but`, names any of `names` or what is below them; `*.x` is any attribute x."""

    why: str
    rooms: tuple[str, ...]
    names: tuple[str, ...]
    but: tuple[str, ...] = ()


RULES = (
    Rule("imports are written out whole", ROOMS, (".",)),
    Rule("the core is imported, it imports nothing of ours", ("slo",), ("alerts", "dashboards", "app", "tests")),
    Rule("alerts know the core only", ("alerts",), ("dashboards", "app", "tests")),
    Rule("dashboards know the core only", ("dashboards",), ("alerts", "app", "tests")),
    Rule("the product does not know its tests", ROOMS, ("tests", "pytest", "hypothesis", "moto")),
    Rule(
        "pure rooms read bytes, not files", PURE, ("open", "os", "io.open", "shutil", "tempfile", "glob", "importlib.resources")
    ),
    Rule(
        "pure rooms read bytes, not files", PURE, ("*.read_text", "*.read_bytes", "*.write_text", "*.write_bytes", "*.iterdir")
    ),
    Rule("pure rooms have no network", PURE, ("socket", "ssl", "asyncio", "subprocess", "urllib.request", "http", *HTTP)),
    Rule("pure rooms know no service", PURE, ("sqlalchemy", "alembic", "psycopg", "sqlite3", "fastapi", "typer", "structlog")),
    Rule("pure rooms give the same answer twice", PURE, ("random", "secrets", "uuid.uuid1", "uuid.uuid4")),
    Rule(
        "only app/clock.py reads the clock",
        ROOMS,
        ("time.time", "time.monotonic", "time.time_ns", "time.monotonic_ns", *DATETIME),
        but=("app.clock", "app.simulator"),
    ),
    Rule("pure rooms have no clock at all", PURE, ("time",)),
    Rule("only app/store/ knows SQL", ("app",), ("sqlalchemy", "alembic", "psycopg", "sqlite3"), but=("app.store",)),
    Rule(
        "only adapters call out",
        ("app",),
        HTTP,
        but=("app.aws", "app.grafana", "app.opensearch", "app.prometheus", "app.status", *DEMO),
    ),
    Rule(
        "only app/bootstrap.py and its neighbours name concrete adapters",
        ("app",),
        ("app.aws", "app.store", "app.prometheus", "app.opensearch", "app.grafana", "app.memory"),
        but=(*WIRING, "app.aws", "app.store", "app.prometheus", "app.opensearch", "app.grafana", "app.memory", *DEMO),
    ),
)


@dataclass(frozen=True, slots=True)
class Use:
    line: int
    name: str


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def below(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def uses(tree: ast.Module) -> Iterator[Use]:
    """Everything a file names, by its full path: modules, what it imports from them, attributes, functions it calls."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
                yield Use(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield Use(node.lineno, "." if node.level else f"{node.module}.{alias.name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            head, dot, rest = ast.unparse(node.func if isinstance(node, ast.Call) else node).partition(".")
            yield Use(node.lineno, known.get(head, head) + dot + rest)


@cache
def uses_in(path: Path) -> tuple[Use, ...]:
    return tuple(uses(ast.parse(path.read_text(encoding="utf-8"))))


def names(use: Use, rule: Rule) -> bool:
    """Whether this use is of a name that the rule forbids."""
    any_attribute = tuple(name.removeprefix("*") for name in rule.names if name.startswith("*."))
    return below(use.name, rule.names) or use.name.endswith(any_attribute)


def broken(root: Path, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """`file:line: what it names: which rule`, for every use that breaks a rule."""
    found = []
    for path in sorted(path for room in ROOMS for path in root.glob(f"{room}/**/*.py")):
        where = path.relative_to(root)
        module = module_of(where)
        for rule in rules:
            if below(module, rule.rooms) and not below(module, rule.but):
                found += [f"{where}:{use.line}: {use.name}: {rule.why}" for use in uses_in(path) if names(use, rule)]
    return found


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.why}: {rule.names[0]}" for rule in RULES])
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    assert broken(ROOT, (rule,)) == []


BAD = {
    "app/bad_relative.py": "from . import store",
    "slo/judge/bad_room.py": "from alerts.breach import step",
    "alerts/bad_room.py": "import app.clock",
    "dashboards/bad_room.py": "from alerts import breach",
    "app/bad_test.py": "import pytest",
    "slo/bad_open.py": "with open('x') as file: pass",
    "slo/bad_read.py": "from pathlib import Path\nPath('x').read_text()",
    "alerts/bad_net.py": "import socket",
    "dashboards/bad_service.py": "import structlog",
    "slo/bad_luck.py": "import random",
    "app/bad_clock.py": "from datetime import UTC, datetime\ndatetime.now(UTC)",
    "app/bad_clock_alias.py": "import time as t\nt.time()",
    "app/bad_clock_given_away.py": "from datetime import datetime\nfield(default_factory=datetime.now)",
    "app/bad_clock_name.py": "from time import monotonic as tick",
    "slo/bad_time.py": "import time",
    "app/bad_sql.py": "from sqlalchemy.orm import Session",
    "app/bad_http.py": "import httpx",
    "app/bad_wiring.py": "from app.aws.metrics import CloudWatch",
    "app/bad_wiring_late.py": "def late() -> None:\n    from app import store",
}
GOOD = {
    "app/clock.py": "import time\ntime.time()",
    "app/bootstrap.py": "from app.aws.sns import Topic\nfrom app.store import Store",
    "app/store/engine.py": "import sqlalchemy",
    "app/aws/session.py": "import boto3",
    "app/pipeline.py": "def tick(clock: Clock) -> None:\n    clock.now()\n    breach.open",
}


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_breaks_a_rule_is_named(tmp_path: Path, name: str) -> None:
    plant(tmp_path, {name: BAD[name], **GOOD})
    line = BAD[name].count("\n") + 1
    assert broken(tmp_path)[0].startswith(f"{name}:{line}: ")


def test_every_rule_can_be_broken(tmp_path: Path) -> None:
    plant(tmp_path, {**BAD, **GOOD})
    assert [rule.why for rule in RULES if not broken(tmp_path, (rule,))] == []


def test_a_tree_in_order_breaks_nothing(tmp_path: Path) -> None:
    plant(tmp_path, GOOD)
    assert broken(tmp_path) == []
