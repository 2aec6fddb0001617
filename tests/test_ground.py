"""The files that build and run Sloop, read by a parser: no Docker engine is needed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")


def dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in lines]


def arguments(word: str) -> list[str]:
    return [rest for name, rest in dockerfile() if name == word]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: str) -> dict[str, str]:
    """Package -> the lines of its block, which hold its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {m[1]: m[0] for m in re.finditer(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==.*(?:\n[ ]+.*)*", text, re.MULTILINE)}


def declared(requirements: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=\[;!~ ]", line, maxsplit=1)[0]) for line in requirements}


def test_every_room_of_the_product_is_packaged() -> None:
    assert PROJECT["tool"]["setuptools"]["packages"]["find"]["include"] == ["app*", "slo*", "alerts*", "dashboards*"]
    folders = {path.parent for room in ("app", "slo", "alerts", "dashboards") for path in (ROOT / room).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_file_beside_the_code_is_package_data() -> None:
    known = {pattern.removeprefix("*") for pattern in PROJECT["tool"]["setuptools"]["package-data"]["*"]}
    listed = subprocess.run(
        ["git", "ls-files", "app", "slo", "alerts", "dashboards"], cwd=ROOT, capture_output=True, check=True
    )
    tracked = {Path(name) for name in listed.stdout.decode().splitlines()}
    assert [str(path) for path in tracked if (path.suffix or path.name) not in {".py", *known} and path.name not in known] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_addresses(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text(encoding="utf-8")
    assert len(pinned(lock)) > 30
    assert [name for name, block in pinned(lock).items() if "--hash=sha256:" not in block] == []


def test_the_locks_hold_what_the_project_declares() -> None:
    project = PROJECT["project"]
    run = declared(project["dependencies"]) | declared(project["optional-dependencies"]["build"])
    assert run - set(pinned("requirements.lock")) == set()
    assert declared(project["optional-dependencies"]["dev"]) - set(pinned("requirements-dev.lock")) == set()


def test_the_development_lock_pins_the_same_versions() -> None:
    run, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    first_lines = {name: (block.splitlines()[0], dev.get(name, "").partition("\n")[0]) for name, block in run.items()}
    assert [name for name, (ours, theirs) in first_lines.items() if ours != theirs] == []


def test_the_image_is_built_from_a_slim_python_that_the_project_supports() -> None:
    bases = {rest.split()[0] for rest in arguments("FROM")}
    assert len(bases) == 1
    version = re.fullmatch(r"python:3\.(\d+)-slim-\w+", bases.pop())
    assert version is not None
    assert int(version[1]) >= 11


def test_the_image_installs_from_the_lock_with_hashes() -> None:
    installs = [rest for rest in arguments("RUN") if "pip install" in rest]
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert [rest for rest in installs[1:] if "--no-deps" not in rest] == []
    assert any(rest.split()[0] == "requirements.lock" for rest in arguments("COPY"))


def test_the_image_copies_only_what_it_names_and_fetches_nothing() -> None:
    assert arguments("ADD") == []
    assert [rest for rest in arguments("COPY") if rest.split()[0] == "."] == []
    assert [rest for rest in arguments("RUN") if "curl" in rest or "wget" in rest] == []


def test_everything_the_image_copies_passes_the_dockerignore() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    copied = {word for rest in arguments("COPY") if "--from" not in rest for word in rest.split()[:-1]}
    assert {f"!{word}" for word in copied} == {line for line in ignored if line.startswith("!")}
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    last = [word for word, _ in dockerfile()]
    assert arguments("USER")[-1] not in {"root", "0"}
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert arguments("EXPOSE") == ["8000"]
    assert "/healthz" in arguments("HEALTHCHECK")[0]


def test_compose_runs_the_four_services_and_the_migration() -> None:
    assert set(SERVICES) == {"migrate", "sloop", "postgres", "prometheus", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_on_loopback_only(name: str) -> None:
    service = SERVICES[name]
    published = [str(port) for port in service.get("ports", [])]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    if service.get("network_mode") == "host":
        told = [*service.get("command", []), *map(str, service["environment"].values() if "environment" in service else [])]
        assert [word for word in told if "127.0.0.1" in word] != []
        assert [word for word in told if "0.0.0.0" in word] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_careful(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in {"0", "root", ""}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_a_service_says_how_it_is(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned_by_tag(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    assert image
    assert re.match(r"v?\d+\.\d+", tag)


def test_no_secret_stands_in_compose() -> None:
    """Every password is taken from the environment, and its absence is an error."""
    settings = [(key, str(value)) for service in SERVICES.values() for key, value in service.get("environment", {}).items()]
    secrets = [value for key, value in settings if re.search("PASSWORD|DATABASE_URL", key)]
    assert len(secrets) >= 3
    assert [value for value in secrets if not re.search(r"\$\{\w+:\?[^}]+\}", value)] == []
    assert [value for key, value in settings if key.startswith("AWS_") and value != "None"] == []


def test_every_file_that_compose_mounts_is_there() -> None:
    mounts = [str(volume).split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = set(COMPOSE["volumes"])
    files = [mount for mount in mounts if mount not in named and not mount.startswith("${")]
    assert files
    assert [mount for mount in files if not (ROOT / mount).is_file()] == []
