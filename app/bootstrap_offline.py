"""Commands that work on the database and start no service: concrete adapters for `sloop slices`, `report` and `db`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any

from app.binding import COMPOSITES
from app.clock import WallClock
from app.drills import DrillBook
from app.logs import configure_command_logs
from app.store.sql import SqlStore
from app.telling import Teller
from app.test_fire import Range
from app.watch import measured_slots
from slo.errors import UnreadableFile, UsageError
from slo.judge.windows import slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from alerts.test_fire import Evidence
    from app.books import Proof
    from app.settings import Settings
    from slo.estate.spec import Component, Estate
    from slo.judge.series import Slices
    from slo.units import Minute


def stored_slices(settings: Settings, start: Minute, end: Minute, objective: str | None = None) -> dict[str, Slices]:
    """The stored slices of every live indicator, by indicator id; with `objective`, of what that is measured by.

    The series of a composite is left out: it is made of its parts'.
    """
    if end <= start:
        raise UsageError("--from must be before --to")
    store = open_existing(settings)
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


def _refuse_missing(settings: Settings) -> None:
    """Reading a database that is not there would make an empty one."""
    path = settings.database.removeprefix("sqlite:///")
    if path != settings.database and not Path(path).exists():
        raise UnreadableFile(f"{path}: there is no such database; set SLOOP_DATABASE_URL to the service's")


def open_existing(settings: Settings) -> SqlStore:
    """Of SLOOP_DATABASE_URL, where it is there: UnreadableFile or StoreError otherwise, and nothing is made."""
    configure_command_logs()
    _refuse_missing(settings)
    return SqlStore.open(settings.database)


def fire_test(settings: Settings, estate: Estate, component: Component, actor: str, wait: float) -> Evidence:
    """Down the way of the service that works on this database; `wait` in seconds, for each of the two messages."""
    store, clock = open_existing(settings), WallClock()
    try:
        origin = Teller(estate, settings.address).origin(component)
        site = Range(store, clock, ThreadEvent().wait)
        return site.fire(origin, component, actor, at=int(clock.now().timestamp()), wait=wait)
    finally:
        store.close()


@contextmanager
def drill_book(settings: Settings) -> Iterator[DrillBook]:
    """The drills in the database, by the wall's time."""
    store = open_existing(settings)
    try:
        yield DrillBook(store, WallClock().now)
    finally:
        store.close()


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
