"""`/reports`: the weekly reports that were written, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.guards import Requires
from app.reports.manifest import MANIFEST, PAGE, media_type

if TYPE_CHECKING:
    from app.ports import ReportEntry
    from app.snapshot import AppState
    from app.web.shell import Shell

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
)
"""A report brings its own style and nothing else: no script runs in it, whatever stands in its text."""
Week = Annotated[str, Path(pattern=r"^[0-9]{4}-W[0-9]{2}$")]
Revision = Annotated[int, Path(ge=1, le=999_999)]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One report as its manifest tells it; `files` are (name, address) beside the page itself."""

    entry: ReportEntry
    page: str
    files: tuple[tuple[str, str], ...]


def report_line(entry: ReportEntry) -> ReportLine:
    base = f"/reports/{entry.week}/r{entry.revision}"
    others = (*(name for name in entry.files if name != PAGE), MANIFEST)
    return ReportLine(entry, f"{base}/{PAGE}", tuple((name, f"{base}/{name}") for name in others))


class ReportPages:
    """Read from the shelf at every request: a report appears when its manifest does."""

    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell, self._shelf = state, shell, state.reports

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False, dependencies=[Depends(Requires("viewer"))])
        router.add_api_route("/reports", self.many, methods=["GET"], response_model=None)
        router.add_api_route("/reports/{week}/r{revision}/{name}", self.file, methods=["GET"], response_model=None)
        return router

    def many(self, request: Request) -> Response:
        lines = [report_line(entry) for entry in self._shelf.entries()]
        return self._shell.fresh(request, self._state.box.get(), "reports.html", {"reports": lines})

    def file(self, week: Week, revision: Revision, name: str) -> Response:
        """Only what the report's manifest lists; `name` never becomes a path."""
        data = self._shelf.file(week, revision, name)
        if data is None:
            return self._shell.error(
                404, f"There is no file “{name[:100]}” in a report {week} r{revision}; /reports lists all."
            )
        headers = {"Cache-Control": "no-cache"}
        if name == PAGE:
            headers["Content-Security-Policy"] = PAGE_POLICY
        else:
            headers["Content-Disposition"] = f'attachment; filename="{week}-r{revision}-{name}"'
        return Response(data, media_type=media_type(name), headers=headers)
