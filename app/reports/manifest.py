"""A report on disk: the JSON, what it renders to, and last the manifest, whose presence says that all the rest is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from app.reports import html
from app.reports.body import SCHEMA
from app.reports.canonical import canonical, digest
from app.reports.tables import tables
from slo.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BODY, PAGE, MANIFEST = "report.json", "report.html", "manifest.json"
MANIFEST_SCHEMA = "sloop.report.manifest/1"
MEDIA_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8"}
LARGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """What differs from run to run and is in no hashed body. `versions` are the data versions of the shards."""

    generated_at: str
    versions: Mapping[str, int]
    previous_manifest_sha256: str | None = None


def media_type(name: str) -> str:
    return MEDIA_TYPES[name.rsplit(".", 1)[-1]]


def rendered(body: bytes) -> dict[str, bytes]:
    """Every file of a report but the manifest, from the canonical JSON alone."""
    value = json.loads(body)
    return {BODY: body, PAGE: html.render(value, digest(body)), **tables(value)}


def write(folder: Path, report: Mapping[str, Any], run: Run) -> bool:
    """False when this very report is there already. ReportError when another one is: nothing is ever overwritten."""
    body = canonical(report)
    standing = _standing(folder)
    if standing is not None:
        if standing == digest(body):
            return False
        raise ReportError(f"{folder}: another report is here already, and none is ever overwritten; name an empty folder")
    made = rendered(body)
    manifest = json.dumps(describe(report, made, run), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in (*made.items(), (MANIFEST, manifest)):
            # A file is whole or absent: a full disk must not leave half a report that looks like one.
            partial = folder / f".{name}.partial"
            partial.write_bytes(data)
            partial.replace(folder / name)
    except OSError as error:
        raise ReportError(f"{folder}: the report cannot be written: {error.strerror or error}") from None
    return True


def describe(report: Mapping[str, Any], made: Mapping[str, bytes], run: Run) -> dict[str, Any]:
    cover = report["cover"]
    return {
        "schema": MANIFEST_SCHEMA,
        "estate": cover["estate"],
        "period": {"week": cover["week"], "from": cover["from"], "to": cover["to"], "partial": cover["partial"]},
        "revision": cover["revision"],
        "supersedes": cover["supersedes"],
        "tool": {"name": cover["tool"], "version": cover["tool_version"]},
        "body_sha256": digest(made[BODY]),
        "files": [
            {"name": name, "bytes": len(data), "sha256": digest(data), "media_type": media_type(name)}
            for name, data in sorted(made.items())
        ],
        "inputs": {
            "spec_sha256": cover["spec_sha256"],
            "data_sha256": cover["data_sha256"],
            "data_versions": dict(run.versions),
        },
        "previous_manifest_sha256": run.previous_manifest_sha256,
        "generated_at": run.generated_at,
        "signatures": [],
    }


def read(folder: Path) -> dict[str, Any]:
    """ReportError when there is no manifest, or none of ours."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise ReportError(f"{folder / MANIFEST}: {error.strerror or error}; without it a report is not complete") from None
    except ValueError as error:
        raise ReportError(
            f"{folder / MANIFEST}: it is not JSON ({error}); write the report again into an empty folder"
        ) from None
    if not isinstance(found, dict) or found.get("schema") != MANIFEST_SCHEMA:
        raise ReportError(f"{folder / MANIFEST}: it is no manifest of this program; its schema must be {MANIFEST_SCHEMA}")
    return found


def verify(folder: Path) -> list[str]:
    """What is wrong, each with the file's name; nothing when the report is exactly what was written."""
    manifest = read(folder)
    body = _bytes(folder / BODY)
    if body is None:
        return [f"{BODY}: it is missing"]
    strange = _spelling(body)
    if strange is not None:
        return [f"{BODY}: {strange}"]
    try:
        expected = rendered(body)
        run = Run(manifest["generated_at"], manifest["inputs"]["data_versions"], manifest["previous_manifest_sha256"])
        described = describe(json.loads(body), expected, run)
    except (ValueError, KeyError, TypeError, AttributeError, TemplateError) as error:
        return [f"{BODY}: this version of Sloop cannot render it ({type(error).__name__}: {error})"]
    return _differences(folder, manifest, expected, described)


def _differences(
    folder: Path, manifest: Mapping[str, Any], expected: Mapping[str, bytes], described: Mapping[str, Any]
) -> list[str]:
    listed = {str(f.get("name")): f for f in manifest.get("files", []) if isinstance(f, dict)}
    wrong = [f"{MANIFEST}: it does not list {name}" for name in sorted(expected.keys() - listed.keys())]
    for name in sorted(listed.keys() | {p.name for p in folder.iterdir()} - {MANIFEST}):
        data = _bytes(folder / name) if name in expected else None
        if name not in expected:
            wrong.append(f"{name}: it is no file of this report")
        elif data is None:
            wrong.append(f"{name}: it is missing")
        elif name in listed and digest(data) != listed[name].get("sha256"):
            wrong.append(f"{name}: its SHA-256 is {digest(data)}, the manifest says {listed[name].get('sha256')}")
        elif data != expected[name]:
            wrong.append(f"{name}: it is not what {BODY} renders to in this version of Sloop")
    if not wrong and manifest != described:
        differing = sorted(k for k in manifest.keys() | described.keys() if manifest.get(k) != described.get(k))
        wrong.append(f"{MANIFEST}: {', '.join(differing)} is not what {BODY} says")
    return wrong


def _spelling(body: bytes) -> str | None:
    """Why these bytes are no report's, None when they are."""
    try:
        report = json.loads(body)
        same = canonical(report) == body
    except (ValueError, TypeError, RecursionError):
        return "it is not canonical JSON"
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        return f"it is no report of this program; its schema must be {SCHEMA}"
    return None if same else "it is not canonical JSON"


def _standing(folder: Path) -> str | None:
    """The body hash of the complete report in this folder."""
    return str(read(folder).get("body_sha256")) if (folder / MANIFEST).exists() else None


def _bytes(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST)
    except OSError:
        return None
