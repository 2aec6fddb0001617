"""Where the workers hang what they know, and from which each tick's snapshot is taken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from app.snapshot import Snapshot, SnapshotBox, newest_first
from slo.judge.burn import windows_of
from slo.judge.verdict import Circumstances, Verdict, judge
from slo.judge.windows import NOTHING
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.alarm_inventory import AlarmInventory
    from app.clock import Clock
    from app.heartbeat_worker import Beat
    from app.history import Place
    from app.items import Item
    from app.ports import Store
    from app.snapshot import SourceStatus
    from app.trace_map import TraceMap
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Estate, Objective
    from slo.judge.recovery import RecoveryVerdict
    from slo.units import Minute

RECENT_BREACHES = 50


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """What one worker tells after a turn, by objective id."""

    status: SourceStatus
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    newest: Mapping[str, Minute] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)


class Board:
    """Thread-safe. `unbound` are objectives that cannot be measured, with the reason: they are judged as config_error."""

    def __init__(
        self,
        estate: Estate,
        store: Store,
        clock: Clock,
        *,
        indicators: Mapping[str, Indicator],
        unbound: Sequence[tuple[Objective, str]] = (),
        remarks: Sequence[str] = (),
        skew: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._estate, self._store, self._clock = estate, store, clock
        self._indicators, self._unbound, self._remarks = indicators, unbound, tuple(remarks)
        self._skew = skew
        self._notices: dict[str, Notice] = {}
        self._recovery: tuple[RecoveryVerdict, ...] = ()
        self._alarms: AlarmInventory | None = None
        self._heartbeat: Beat | None = None
        self._traces: TraceMap | None = None
        self._lock = Lock()
        self.box = SnapshotBox(self._snapshot())

    def hang(self, notice: Notice) -> None:
        """Replace what this source told before, and publish a new snapshot."""
        with self._lock:
            self._notices[notice.status.name] = notice
            self.box.put(self._snapshot())

    def post_recovery(self, verdicts: Sequence[RecoveryVerdict]) -> None:
        """Shown at once, but in the old snapshot: they make no objective's verdict any fresher."""
        with self._lock:
            self._recovery = tuple(verdicts)
            self.box.put(replace(self.box.get(), recovery=self._recovery, recovery_breaches=self._troubles()))

    def post_alarms(self, inventory: AlarmInventory) -> None:
        """As `post_recovery`."""
        with self._lock:
            self._alarms = inventory
            self.box.put(replace(self.box.get(), alarms=inventory))

    def post_traces(self, traces: TraceMap) -> None:
        """As `post_recovery`."""
        with self._lock:
            self._traces = traces
            self.box.put(replace(self.box.get(), traces=traces))

    def post_heartbeat(self, beat: Beat) -> None:
        """As `post_recovery`."""
        with self._lock:
            self._heartbeat = beat
            self.box.put(replace(self.box.get(), heartbeat=beat))

    def verdict(self, objective_id: str) -> Verdict | None:
        """The newest one that is shown."""
        return self.box.get().verdicts.get(objective_id)

    def place(self, objective_id: str) -> Place | None:
        return next((n.places[objective_id] for n in self._notices.values() if objective_id in n.places), None)

    def is_read(self, source: str) -> bool:
        """Whether this process has read the history of the source's shard."""
        notice = self._notices.get(source)
        return notice is not None and notice.status.tick is not None

    def _troubles(self) -> tuple[RecoveryBreach, ...]:
        """Pages before tickets, then the newest first."""
        found = self._store.open_recovery_breaches()
        return tuple(sorted(found, key=lambda b: (b.severity != "page", -b.opened_at, b.id)))

    def _snapshot(self) -> Snapshot:
        now = self._clock.now()
        verdicts = {o.id: _misconfigured(o, why, to_minute(now)) for o, why in self._unbound}
        newest: dict[str, Minute] = {}
        items: dict[str, Item] = {}
        for notice in self._notices.values():
            verdicts.update(notice.verdicts)
            newest.update(notice.newest)
            items.update(notice.items)
        return Snapshot(
            estate=self._estate,
            made_at=now,
            verdicts=verdicts,
            breaches=newest_first(self._store.open_breaches(), self._store.breaches(limit=RECENT_BREACHES)),
            sources=tuple(n.status for _, n in sorted(self._notices.items())),
            notices=self._remarks,
            speed=self._clock.speed,
            outbox_oldest=self._store.outbox_oldest(),
            wall_at=self._clock.wall(),
            indicators=self._indicators,
            newest=newest,
            items=items,
            recovery=self._recovery,
            recovery_breaches=self._troubles(),
            alarms=self._alarms,
            heartbeat=self._heartbeat,
            traces=self._traces,
            skew=self._skew(),
        )


def _misconfigured(objective: Objective, why: str, at: Minute) -> Verdict:
    nothing = dict.fromkeys(windows_of(objective), NOTHING)
    return judge(objective, at, nothing, None, circumstances=Circumstances(config_error=why))
