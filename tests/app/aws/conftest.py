from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from app.aws.metrics import CloudWatchSource
from app.aws.retries import Retries
from app.aws.session import AwsSession
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMPATIENT = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})


@pytest.fixture
def session_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AwsSession]]:
    """A session that finds AWS at this address; with one try unless `config` says otherwise."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    sessions: list[AwsSession] = []

    def make(url: str, config: Config = IMPATIENT) -> AwsSession:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        sessions.append(AwsSession({}, config=config))
        return sessions[-1]

    yield make
    for session in sessions:
        for client in session._clients.values():
            client.close()


@pytest.fixture
def pauses() -> list[float]:
    """What the sources of `source_at` slept, in seconds: they do not."""
    return []


@pytest.fixture
def source_at(session_at: Callable[..., AwsSession], pauses: list[float]) -> Callable[..., CloudWatchSource]:
    def make(url: str, config: Config = IMPATIENT) -> CloudWatchSource:
        return CloudWatchSource(session_at(url, config), Retries(pauses.append, lambda: 0.5))

    return make
