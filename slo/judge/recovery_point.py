"""How far back one would fall: the newest usable recovery point of each mechanism, minute by minute, summed up by the hour.

exposure(now) = now - newest usable recovery point: what would be lost if everything broke at `now`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MechanismName = Literal[
    "multi-az",
    "replica",
    "point-in-time-restore",
    "cross-region-backup",
    "snapshot",
    "snapshot-copy",
    "backup",
    "backup-copy",
    "replication",
    "versioning",
    "dead-letter-queue",
    "event-history",
]
"""The last one is none: its readings say whether the history of failovers could be read."""
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why there is no number: a stable code and a sentence. Never read as zero."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one poll found, times in epoch seconds. `source` is the call and field it was read from; `note` qualifies it."""

    component: str
    mechanism: MechanismName
    at: int
    newest: int | Unknown
    source: str
    note: str | None = None

    @property
    def exposure(self) -> int | Unknown:
        """Seconds. A point ahead of our clock (another region's clock is fast) is no negative exposure."""
        return self.newest if isinstance(self.newest, Unknown) else max(0, self.at - self.newest)


@dataclass(frozen=True, slots=True)
class ReadingHour:
    """The readings of one mechanism in one hour. `spread` counts them by exposure in whole minutes, rounded up.

    Targets are whole minutes and exposure <= target exactly when its rounded-up minutes are, so the share of readings
    within any target, also a later one, is exact. `unknown` counts readings without a number; `last` is the newest one.
    """

    component: str
    mechanism: MechanismName
    hour: int
    last: Reading
    worst: int | None = None
    unknown: int = 0
    spread: Mapping[int, int] = field(default_factory=dict)

    @property
    def known(self) -> int:
        return sum(self.spread.values())

    @property
    def key(self) -> tuple[str, MechanismName, int]:
        return self.component, self.mechanism, self.hour


def hour_of(at: int) -> int:
    """Epoch seconds of the hour that holds this moment."""
    return at - at % HOUR


def added(hour: ReadingHour | None, reading: Reading) -> ReadingHour:
    """With one more reading; one that is not newer than the last is a repeat and changes nothing."""
    if hour is None:
        hour = ReadingHour(reading.component, reading.mechanism, hour_of(reading.at), reading)
    elif reading.at <= hour.last.at:
        return hour
    exposure = reading.exposure
    if isinstance(exposure, Unknown):
        return replace(hour, last=reading, unknown=hour.unknown + 1)
    minutes = -(-exposure // 60)
    spread = {**hour.spread, minutes: hour.spread.get(minutes, 0) + 1}
    return replace(hour, last=reading, worst=max(exposure, hour.worst or 0), spread=spread)


@dataclass(frozen=True, slots=True)
class Exposures:
    """What many hours say together: `worst` in seconds, `spread` as in `ReadingHour`, None and empty without a reading."""

    worst: int | None
    spread: Mapping[int, int]

    @property
    def readings(self) -> int:
        return sum(self.spread.values())

    def within(self, minutes: int) -> Fraction | None:
        """The share of readings with at most this exposure."""
        if not self.readings:
            return None
        return Fraction(sum(n for exposure, n in self.spread.items() if exposure <= minutes), self.readings)


def exposures(hours: Iterable[ReadingHour]) -> Exposures:
    spread: Counter[int] = Counter()
    worst: int | None = None
    for hour in hours:
        spread.update(hour.spread)
        if hour.worst is not None:
            worst = max(hour.worst, worst or 0)
    return Exposures(worst, dict(spread))
