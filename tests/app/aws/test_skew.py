from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from app.aws.session import AwsSession
from app.aws.skew import ANSWERS, MINUTES, Skew
from tests.support.clocks import FakeClock
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


def test_f27_the_least_of_the_last_minutes_counts_because_slow_answers_look_like_a_clock_ahead() -> None:
    clock = FakeClock(NOW.timestamp())
    skew = Skew(clock.wall)
    assert skew.seconds() is None

    for ahead in (0, 9, 14, *[9] * ANSWERS):
        skew.hear(header(ahead))
    assert skew.seconds() == -0.5

    clock.move(60 * MINUTES)
    skew.hear(header(9 - 60 * MINUTES))
    assert skew.seconds() == 8.5


def test_a_busy_machine_is_not_taken_for_a_wrong_clock() -> None:
    clock = FakeClock(NOW.timestamp())
    skew = Skew(clock.wall)

    with capture_logs() as logs:
        skew.hear(header(0))
        clock.move(60)
        for _ in range(10 * ANSWERS):
            skew.hear(header(2.9 - 60))

    assert logs == []


def test_f27_it_is_logged_once_and_again_when_the_clock_was_set() -> None:
    clock = FakeClock(NOW.timestamp() + 3600)
    skew = Skew(clock.wall)

    with capture_logs() as logs:
        for _ in range(2 * ANSWERS):
            skew.hear(header(0))
        clock.move(-3600)
        skew.hear(header(0))

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
