"""`sloop plan --backtest`: the slices to replay, from a file or from the service's own database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.offline import measured

if TYPE_CHECKING:
    from alerts.weekly import Weekly
    from app.settings import Settings
    from slo.estate.spec import Estate
    from slo.units import Minute

MOST_DAYS = 3660


def expected(given: str, estate: Estate, settings: Settings, now: Minute) -> tuple[Weekly, ...]:
    """`given` is a file of slices, or a number of days up to `now`; UsageError where it is neither."""
    from alerts.weekly import weekly
    from app.bootstrap_offline import stored_slices
    from slo.errors import UsageError

    if not given.isdecimal() or Path(given).exists():
        return weekly(estate, measured(estate, Path(given)))
    days = int(given)
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"--backtest {given}: give 1 to {MOST_DAYS} days, or a slices file")
    return weekly(estate, stored_slices(settings, now - days * 1440, now))
