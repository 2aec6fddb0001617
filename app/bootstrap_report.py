"""What `sloop report` is wired of, apart from the other commands on the database: they must not wait for its imports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.bootstrap_offline import open_existing
from app.clock import WallClock
from app.files import read_catalog, read_estate, read_specs
from app.report_worker import report_of, run_of
from app.reports import manifest
from app.reports.canonical import spec_digest
from app.reports.gather import gather
from slo.errors import SettingsError

if TYPE_CHECKING:
    from app.settings import Settings
    from slo.judge.compliance import Period


def write_report(
    settings: Settings, period: Period, out: Path, estate: Path | None = None, *, partial: bool = False
) -> tuple[dict[str, Any], bool]:
    """The manifest of the week's report in `out`, and whether it is new; `estate` in place of SLOOP_ESTATE."""
    place = estate or (Path(settings.estate) if settings.estate else None)
    if place is None:
        raise SettingsError("no estate: set SLOOP_ESTATE or give --estate, the file or folder with the estate")
    catalog = read_catalog()
    declared, _ = read_estate([place], catalog)
    store = open_existing(settings)
    try:
        inputs = gather(store, declared, catalog, period, partial=partial)
    finally:
        store.close()
    specs = [data for _, data in read_specs([place])]
    new = manifest.write(out, report_of(inputs, spec_digest(specs)), run_of(inputs, WallClock()))
    return manifest.read(out), new
