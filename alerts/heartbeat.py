"""Sloop's heartbeat: when it may beat, and the alarm that tells, past Sloop and its pages topic, that it does not.

A beat vouches for the whole way from the sources to the topic: whoever relies on Sloop's silence relies on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.alarms import described_alarm, resource, watched
from alerts.naming import heartbeat_key
from alerts.topics import topic_arn
from slo.estate.indicator import MetricQuery
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slo.estate.spec import Estate
    from slo.resource import Place, Resource
    from slo.units import Minute

NAMESPACE, METRIC = "Sloop", "Heartbeat"
MISSED = 3
"""Minutes without a beat after which Sloop counts as dead."""
WARM_UP_MINUTES = 15
"""A new alarm waits so long for the first beats: the service may be started after `sloop apply`."""
SPARE_SECONDS = 300.0
"""That a shard may be late before it counts as hung: a poll that is tried again, a tick that takes long."""
LONGEST_UNSENT = 300
"""Seconds that a message may wait. One that was refused is tried again within five minutes at the latest."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Of one shard: `tick` is its watermark (None before the first); `settle` in seconds and `poll` in minutes."""

    name: str
    tick: Minute | None
    settle: int = 0
    poll: int = 1

    def why_late(self, now: float, spare: float = SPARE_SECONDS) -> str | None:
        """`now` in epoch seconds of the estate's time, `spare` in its seconds."""
        if self.tick is None:
            return f"{self.name} has judged no minute yet"
        if now - self.tick * 60 <= self.settle + self.poll * 60 + spare:
            return None
        return f"{self.name} has judged nothing since {format_minute(self.tick)}"


@dataclass(frozen=True, slots=True)
class Signs:
    """What the service knows of itself. `unsent_seconds` of the wall is the age of the oldest unsent message, or None.

    `now`, `pulses` and `spare` are in the estate's time.
    """

    now: float
    pulses: Sequence[Pulse]
    unsent_seconds: float | None
    publishes: bool
    spare: float = SPARE_SECONDS


def why_silent(signs: Signs) -> str | None:
    """Why no beat may go out, in a few words; None when the whole way works."""
    if not signs.publishes:
        return "no topic is set, so no page would go out; set SLOOP_TOPIC_ARN"
    if not signs.pulses:
        return "nothing is measured"
    late = next((why for pulse in signs.pulses if (why := pulse.why_late(signs.now, signs.spare)) is not None), None)
    if late is None and signs.unsent_seconds is not None and signs.unsent_seconds > LONGEST_UNSENT:
        return f"a message has waited for {format_duration(int(signs.unsent_seconds // 60))} and was not sent"
    return late


def heartbeat_alarm(estate: Estate, place: Place) -> Resource:
    """Of the whole estate, in one place. ALARM and OK both go to the second topic.

    CloudWatch reads two periods more than it judges, and old beats there would count as the newest: missing ones are filled
    with 0, so that three silent minutes are three. `missing` is for a metric that was never there at all.
    """
    query = MetricQuery(place.account, place.region, NAMESPACE, METRIC, (("Estate", estate.name),), "Maximum")
    spec = described_alarm(
        watched({"beat": query}, "FILL(beat, 0)", 60),
        "<",
        1.0,
        datapoints=MISSED,
        periods=MISSED,
        missing="breaching",
        actions=[topic_arn(estate.name, "second", place)],
        description=(
            f"page: Sloop has not vouched for itself for {MISSED} minutes: it judges nothing, or its pages do not go out. "
            "While this lasts, the burn alarms of CloudWatch page in its place."
        ),
    )
    warm_up = {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": WARM_UP_MINUTES}}
    return resource("alarm", estate, None, place, heartbeat_key(estate.name), {**spec, **warm_up})


def places_of(estate: Estate, resources: Iterable[Resource], places: Iterable[Place]) -> tuple[Place, ...]:
    """Where it beats: in every place that has its alarm."""
    name = heartbeat_key(estate.name)
    there = {(r.account, r.region) for r in resources if r.name == name}
    return tuple(p for p in places if (p.account, p.region) in there)
