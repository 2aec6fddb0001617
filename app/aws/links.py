"""Links that SNS gives: its certificate, and the one that confirms a subscription. Neither is asked through boto3."""

from __future__ import annotations

import httpx

from app.clock import WallClock
from slo.errors import SourceError, one_line

SECONDS = 5.0
_monotonic = WallClock().monotonic


def fetch(url: str, most: int) -> bytes:
    """What stands there: at most `most` bytes, within 5 s, no redirects. SourceError; the address was checked before."""
    # Plain HTTP is a stand-in's on this machine, and proxies of the environment are not for it.
    begun, found = _monotonic(), bytearray()
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=url.startswith("https:")) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise SourceError(f"SNS answered {answer.status_code} at a link of its own", retryable=True)
            for part in answer.iter_bytes():
                found += part
                if len(found) > most or _monotonic() - begun > SECONDS:
                    raise SourceError("what SNS has at a link of its own is too much or comes too slowly", retryable=True)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceError(f"SNS' own link does not answer: {one_line(error)}", retryable=True) from error
    return bytes(found)
