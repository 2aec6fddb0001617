"""Who wrote what to AWS, item by item as it is written: the tables tell, and what is true stays in AWS."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from alerts.events import Event
from app.records import Entry
from slo.errors import StoreError
from slo.plan_file import document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from app.provision import Failure, Outcome
    from app.records import Records
    from slo.plan import Change, Plan

DONE = {"create": "created", "update": "changed", "tag": "tagged", "delete": "deleted"}
_LARGE = frozenset({"dashboard", "grafana"})
"""Of these only the paths of what changed are kept."""


class Journal(Protocol):
    def wrote(self, change: Change) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


class NoJournal:
    """Where no database is named."""

    def wrote(self, change: Change) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


class ApplyJournal:
    """Of one run. `warn` hears the first thing that the database refuses; from then on nothing is noted.

    A run must not stop because it cannot be told of.
    """

    def __init__(
        self,
        records: Records,
        plan: Plan,
        action: str,
        actor: str,
        now: Callable[[], datetime],
        warn: Callable[[str], None],
    ) -> None:
        self._records, self._plan, self._now, self._warn = records, plan, now, warn
        self._action, self._actor = action, actor
        self._sha = str(document(plan)["plan_sha256"])
        self._broken = False

    def wrote(self, change: Change) -> None:
        self._try(lambda: self._records.note(self._entry(change, "written")))

    def ended(self, outcome: Outcome) -> None:
        """What failed, and one event, so that a page can tell what changed before it."""
        self._try(lambda: self._note_failures(outcome.failed))
        if outcome.done:
            self._try(lambda: self._records.keep_events([self._event(outcome)]))

    def _note_failures(self, failed: Sequence[Failure]) -> None:
        for failure in failed:
            self._records.note(self._entry(failure.change, f"failed: {failure.error}"))

    def _try(self, write: Callable[[], object]) -> None:
        if self._broken:
            return
        try:
            write()
        except StoreError as error:
            self._broken = True
            self._warn(f"the journal is not kept: {error}")

    def _entry(self, change: Change, outcome: str) -> Entry:
        resource = change.resource
        told: dict[str, Any] = {
            "plan_sha256": self._sha,
            "op": change.op,
            "kind": resource.kind,
            "account": resource.account,
            "region": resource.region,
            "fields": [
                {"path": f.path} if resource.kind in _LARGE else {"path": f.path, "old": f.old, "new": f.new}
                for f in change.fields
            ],
        }
        return Entry(self._now(), self._actor, self._action, resource.name, outcome, told)

    def _event(self, outcome: Outcome) -> Event:
        at = int(self._now().timestamp())
        counts = Counter(DONE[c.op] for c in outcome.done)
        told = ", ".join(f"{counts[word]} {word}" for word in DONE.values() if counts[word])
        failed = f", {len(outcome.failed)} failed" if outcome.failed else ""
        sha = self._sha[:12]
        title = f"{self._action}: plan {sha} by {self._actor}: {told}{failed}"
        document_ = {"plan_sha256": self._sha, "action": self._action, "actor": self._actor, **counts}
        return Event(f"sloop/apply/{sha}/{at}", "sloop", "apply", at, at, title, None, document_)
