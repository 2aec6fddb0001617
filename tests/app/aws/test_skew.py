from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from app.aws.session import AwsSession
from app.aws.skew import ANSWERS, Skew
from tests.support.simulated import environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.simulated import Account

NOW = datetime(2026, 11, 22, 12, 3, 10, tzinfo=UTC)


def header(ahead: float) -> str:
    """Of an answer that came just now, where this machine is so many seconds ahead."""
    return format_datetime(NOW - timedelta(seconds=ahead), usegmt=True)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with simulated() as made:
        made.begin(NOW.timestamp())
        yield made


def test_f27_the_least_of_the_newest_answers_counts_because_slow_ones_look_like_a_clock_ahead() -> None:
    skew = Skew(lambda: NOW)
    assert skew.seconds() is None

    for ahead in (0, 9, 14, 9, 9):
        skew.hear(header(ahead))
    assert skew.seconds() == -0.5

    for _ in range(ANSWERS):
        skew.hear(header(9))
    assert skew.seconds() == 8.5


def test_f27_it_is_logged_once_and_again_when_the_clock_was_set() -> None:
    skew = Skew(lambda: NOW)

    with capture_logs() as logs:
        for ahead in (3600, 3600, 3600, 0, 0):
            skew.hear(header(ahead))

    assert [(line["log_level"], line.get("seconds_ahead")) for line in logs] == [("warning", 3599.5), ("info", None)]


@pytest.mark.parametrize("date", [None, "", "yesterday", "Sun, 22 Nov 2026 12:03:10 -0000"])
def test_an_answer_without_a_date_tells_nothing(date: str | None) -> None:
    skew = Skew(lambda: NOW)

    skew.hear(date)

    assert skew.seconds() is None


def test_f27_every_call_of_every_service_is_heard(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(account.url).items():
        monkeypatch.setenv(name, value)
    session = AwsSession({}, wall=lambda: datetime.now(UTC) - timedelta(days=1))

    session.client("cloudwatch").list_metrics()

    assert session.skew.seconds() == pytest.approx(-86_400, abs=3)
