"""Places where a test can end the process as a power cut would. Inert unless `SLOOP_FAILPOINT` names one.

`name:3` ends it when the place is reached for the third time.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Literal

Name = Literal[
    "before_commit",
    "after_commit",
    "after_commit_before_publish",
    "after_publish_before_mark",
    "after_mark",
    "before_enqueue",
    "after_enqueue",
]

_reached: Counter[str] = Counter()


def reach(name: Name) -> None:
    """End this process as kill -9 does when this is the named one, and it is the time."""
    wanted, _, nth = os.environ.get("SLOOP_FAILPOINT", "").partition(":")
    if wanted == name:
        _reached[name] += 1
        if _reached[name] >= int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
