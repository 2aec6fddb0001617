"""When a call is tried again: as often and as far apart as boto3's standard mode, never faster than the account's bucket."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from app.asking import note_throttled
from slo.errors import SourceError, Throttled

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.aws.bucket import TokenBucket

_Found = TypeVar("_Found")
LONGEST_PAUSE = 20.0


@dataclass(frozen=True, slots=True)
class Retries:
    """`sleep` is in wall seconds, `luck` in [0, 1)."""

    sleep: Callable[[float], None] = time.sleep
    luck: Callable[[], float] = random.random

    def run(self, once: Callable[[int], _Found], attempts: int, bucket: TokenBucket) -> _Found:
        """`once` is told the number of its attempt. The last SourceError stands."""
        for attempt in count(1):
            if wait := bucket.take():
                self.sleep(wait)
            try:
                return once(attempt)
            except SourceError as error:
                if isinstance(error, Throttled):
                    bucket.throttled()
                    note_throttled()
                if attempt >= attempts or not _may_help(error):
                    raise
            self.pause(attempt)
        raise AssertionError  # count never ends

    def pause(self, attempt: int) -> None:
        """Between nothing and 1, 2, 4 ... seconds, so that those who failed together do not come back together."""
        self.sleep(self.luck() * min(2.0 ** (attempt - 1), LONGEST_PAUSE))


def _may_help(error: SourceError) -> bool:
    """The role is assumed by a client of its own, which has tried often enough."""
    cause = error.__cause__
    return error.retryable and not (isinstance(cause, ClientError) and cause.operation_name == "AssumeRole")
