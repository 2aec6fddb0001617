"""What pages and API may read of recovery beside the snapshot: exposure by the hour, and breaches with what told them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Delivery
    from slo.judge.recovery_point import ReadingHour
    from slo.units import Minute


class RecoveryHistory(Protocol):
    """The part of `app.ports.Store` that it takes; the store itself fits."""

    def recovery_hours(self, start: Minute, components: Collection[str] | None = None) -> Sequence[ReadingHour]: ...

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None: ...

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> Sequence[RecoveryBreach]: ...

    def sent_as(self, key: str, *, limit: int) -> Sequence[Delivery]: ...


class NothingRecovered:
    """A history in which nothing is written."""

    def recovery_hours(
        self,
        start: Minute,  # noqa: ARG002  # there is nothing, whatever is asked
        components: Collection[str] | None = None,  # noqa: ARG002
    ) -> Sequence[ReadingHour]:
        return ()

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None:  # noqa: ARG002
        return None

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> Sequence[RecoveryBreach]:  # noqa: ARG002
        return ()

    def sent_as(self, key: str, *, limit: int) -> Sequence[Delivery]:  # noqa: ARG002
        return ()
