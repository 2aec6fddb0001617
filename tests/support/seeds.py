"""How many seeds a randomised test runs: 20 in CI, 200 with `make chaos`, which sets SLOOP_CHAOS_SEEDS."""

from __future__ import annotations

import os


def seeds(share: int = 1) -> range:
    """One in `share` of them. The same number gives the same run, so `-k "[17]"` replays the one that failed."""
    return range(0, int(os.environ.get("SLOOP_CHAOS_SEEDS", "20")), share)
