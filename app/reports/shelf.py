"""Where reports are kept: ESTATE/WEEK/rN, each complete by its manifest and never overwritten."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.ports import ReportEntry
from app.reports import manifest
from app.reports.canonical import canonical, digest
from slo.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from app.reports.manifest import Run

_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")
_REVISION = re.compile(r"r([1-9][0-9]{0,5})")


class FolderShelf:
    """Implements `app.ports.ReportShelf` for one estate in a folder."""

    def __init__(self, folder: Path, estate: str) -> None:
        self._folder = folder / estate

    def entries(self) -> list[ReportEntry]:
        """Newest week first, of one week the newest revision first. A folder without a good manifest is no report."""
        found = [entry for folder in self._folders() if (entry := _entry(folder)) is not None]
        return sorted(found, key=lambda e: (e.week, e.revision), reverse=True)

    def file(self, week: str, revision: int, name: str) -> bytes | None:
        """None when no manifest lists it: what was asked for is compared with names, and never becomes a path itself."""
        for folder in self._folders():
            entry = _entry(folder)
            if entry is not None and (entry.week, entry.revision) == (week, revision):
                known = next((n for n in (manifest.MANIFEST, *entry.files) if n == name), None)
                return None if known is None else _read(folder / known)
        return None

    def publish(self, week: str, build: Callable[[int, str | None], Mapping[str, Any]], run: Run) -> tuple[ReportEntry, bool]:
        """The week's newest report and whether it is new. `build` gets the revision and the hash of the body it supersedes."""
        newest = next((e for e in self.entries() if e.week == week), None)
        number, previous = 1, None
        if newest is not None:
            same = digest(canonical(build(newest.revision, newest.supersedes)))
            if same == newest.body_sha256:
                return newest, False
            number, previous = newest.revision + 1, newest.body_sha256
            run = replace(run, previous_manifest_sha256=digest(_read(self._at(week, newest.revision) / manifest.MANIFEST)))
        folder = self._at(week, number)
        manifest.write(folder, build(number, previous), run)
        entry = _entry(folder)
        assert entry is not None, "it was written just now"
        return entry, True

    def _at(self, week: str, revision: int) -> Path:
        return self._folder / week / f"r{revision}"

    def _folders(self) -> list[Path]:
        try:
            weeks = [w for w in self._folder.iterdir() if _WEEK.fullmatch(w.name)]
            return [r for week in weeks for r in week.iterdir() if _REVISION.fullmatch(r.name)]
        except OSError:
            return []


def _entry(folder: Path) -> ReportEntry | None:
    try:
        found = manifest.read(folder)
        entry = ReportEntry(
            week=folder.parent.name,
            revision=int(folder.name[1:]),
            start=str(found["period"]["from"]),
            end=str(found["period"]["to"]),
            partial=bool(found["period"]["partial"]),
            generated_at=str(found["generated_at"]),
            body_sha256=str(found["body_sha256"]),
            supersedes=found["supersedes"],
            files=tuple(str(f["name"]) for f in found["files"]),
        )
    except (ReportError, KeyError, TypeError):
        return None
    safe = all("/" not in name and not name.startswith(".") for name in entry.files)
    return entry if safe else None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ReportError(f"{file.name}: {error.strerror or error}") from None
