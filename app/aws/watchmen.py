"""The composite alarms that page while Sloop is dead: which of them stood down, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from app.aws.session import AwsSession
    from slo.resource import Place

AT_ONCE = 100


class AwsWatchmen:
    """Implements `app.keeper.Watchmen` by name, in every place with alarms."""

    def __init__(self, session: AwsSession, places: Callable[[], Iterable[Place]]) -> None:
        """`places` is asked once, when it is needed first: working them out takes as long as a plan."""
        self._session, self._ask = session, places
        self._places: tuple[Place, ...] | None = None

    def stood_down(self, keys: Collection[str]) -> dict[str, int]:
        self._places = tuple(self._ask()) if self._places is None else self._places
        names, found = sorted(keys), dict[str, int]()
        for place in self._places:
            client = self._session.client("cloudwatch", place.account, place.region)
            for n in range(0, len(names), AT_ONCE):
                wanted = {"AlarmNames": names[n : n + AT_ONCE], "AlarmTypes": ["CompositeAlarm"], "MaxRecords": AT_ONCE}
                answer = call("cloudwatch:DescribeAlarms", client.describe_alarms, **wanted)
                for row in answer["CompositeAlarms"]:
                    if row["StateValue"] == "OK":
                        since = row.get("StateTransitionedTimestamp") or row["StateUpdatedTimestamp"]
                        found[row["AlarmName"]] = int(since.timestamp())
        return found
