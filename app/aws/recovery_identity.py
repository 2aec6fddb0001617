"""Whether a resource is still the one that it was: names outlive what they name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, seconds
from slo.judge.recovery_part import PERIOD_DAYS
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86400


def note_identity(look: Look, found: Mapping[str, Any] | Unknown, id_key: str, made_key: str) -> None:
    """A note on every reading while the period reaches back to before this resource was made: that was another one's.

    AWS tells when it was made, so this needs no memory and outlives a restart of Sloop.
    """
    if isinstance(found, Unknown) or found.get(made_key) is None:
        return
    made = seconds(found[made_key])
    if look.at - made < PERIOD_DAYS * DAY:
        since = datetime.fromtimestamp(made, UTC)
        who = found.get(id_key, "it")
        look.notes.append(f"{who} exists since {since:%Y-%m-%d %H:%M} UTC: what was measured before is of another resource")
