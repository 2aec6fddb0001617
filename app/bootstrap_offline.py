"""Commands that work on the database and start no service: concrete adapters for `sloop slices`, `report` and `db`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.binding import COMPOSITES
from app.clock import WallClock
from app.files import read_catalog, read_estate, read_specs
from app.report_worker import report_of, run_of
from app.reports import manifest
from app.reports.canonical import spec_digest
from app.reports.gather import gather
from app.store.sql import SqlStore
from app.watch import measured_slots
from slo.errors import SettingsError, UnreadableFile, UsageError
from slo.judge.windows import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from app.books import Proof
    from app.settings import Settings
    from slo.judge.compliance import Period
    from slo.judge.series import Slices
    from slo.units import Minute


def stored_slices(settings: Settings, start: Minute, end: Minute, objective: str | None = None) -> dict[str, Slices]:
    """The stored slices of every live indicator, by indicator id; with `objective`, of what that is measured by.

    The series of a composite is left out: it is made of its parts'.
    """
    if end <= start:
        raise UsageError("--from must be before --to")
    store = _existing(settings)
    try:
        shards = [shard for shard in store.shards() if shard.name != COMPOSITES]
        slots = {name: (shard, slot) for shard in shards for name, slot in measured_slots(shard.slots).items()}
        wanted = list(slots) if objective is None else _indicators_of_objective(store, objective, slots)
        return {name: slices_of(tuple(store.frames(slots[name][0], start, end)), slots[name][1]) for name in sorted(wanted)}
    finally:
        store.close()


def _indicators_of_objective(store: SqlStore, objective: str, known: Collection[str]) -> list[str]:
    """As declared last: an objective with a name of its own reads an indicator of another name, a composite several."""
    declared = store.definitions(objective)
    names = _declared_indicators(declared[-1][1]) if declared else [objective]
    if not set(names) <= set(known):
        raise UsageError(f"--objective {objective}: not in the database; it measures {', '.join(sorted(known)) or 'nothing'}")
    return names


def _declared_indicators(declared: Mapping[str, Any]) -> list[str]:
    composite = declared.get("composite")
    if composite:
        return [part["indicator"] for part in composite["parts"]]
    return [declared.get("slices_key") or f"{declared['component']}.{declared['indicator']}"]


def _existing(settings: Settings) -> SqlStore:
    _refuse_missing(settings)
    return SqlStore.open(settings.database)


def _refuse_missing(settings: Settings) -> None:
    """Reading a database that is not there would make an empty one."""
    path = settings.database.removeprefix("sqlite:///")
    if path != settings.database and not Path(path).exists():
        raise UnreadableFile(f"{path}: there is no such database; set SLOOP_DATABASE_URL to the service's")


def write_report(
    settings: Settings, period: Period, out: Path, estate: Path | None = None, *, partial: bool = False
) -> tuple[dict[str, Any], bool]:
    """The manifest of the week's report in `out`, and whether it is new; `estate` in place of SLOOP_ESTATE."""
    place = estate or (Path(settings.estate) if settings.estate else None)
    if place is None:
        raise SettingsError("no estate: set SLOOP_ESTATE or give --estate, the file or folder with the estate")
    catalog = read_catalog()
    declared, _ = read_estate([place], catalog)
    store = _existing(settings)
    try:
        inputs = gather(store, declared, catalog, period, partial=partial)
    finally:
        store.close()
    specs = [data for _, data in read_specs([place])]
    new = manifest.write(out, report_of(inputs, spec_digest(specs)), run_of(inputs, WallClock()))
    return manifest.read(out), new


def migrate_database(settings: Settings) -> tuple[str, str]:
    """What the database is, and how its schema stands."""
    from app.store.migrate import migrate  # noqa: PLC0415  # Alembic takes long to import

    migrate(settings.database)
    return settings.database.split("://")[0], "is up to date"


def check_database(settings: Settings, tell: Callable[[str], None]) -> tuple[str, Proof]:
    """What the database is, and whether what is stored agrees with itself; nothing is changed or made.

    SchemaMismatch says what to run. `tell` gets the progress.
    """
    from app.store.proof import prove  # noqa: PLC0415  # no other command needs it

    _refuse_missing(settings)
    return settings.database.split("://")[0], prove(settings.database, tell)
