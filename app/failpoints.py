"""Places where a test can end the process as a power cut would. Inert unless `SLOOP_FAILPOINT` names one."""

from __future__ import annotations

import os
import signal
from typing import Literal

Name = Literal["after_commit_before_publish", "after_publish_before_mark"]


def reach(name: Name) -> None:
    """End this process as kill -9 does when this is the named one."""
    if os.environ.get("SLOOP_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
