"""Which minutes CloudWatch still keeps, and how fine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.aws.metrics import COARSE_MINUTES, FINE_MINUTES, CloudWatchSource
from app.aws.session import AwsSession
from app.ports import Span

MINUTE = 29_900_000
SOURCE = CloudWatchSource(AwsSession({}))


@given(st.integers(0, 70 * 1440), st.integers(1, 70 * 1440), st.integers(0, 10), st.integers(0, 59))
def test_spans_cover_what_is_kept_without_overlap_or_gap_and_fine_as_far_as_it_goes(
    ago: int, length: int, ahead: int, offset: int
) -> None:
    now = MINUTE + offset
    start, end = now - ago, min(now - ago + length, now + ahead)
    spans = SOURCE.spans(start, end, now)
    covered = [m for s in spans for m in range(s.start, s.end)]
    assert covered == sorted(set(covered))
    wanted = range(max(start, now - COARSE_MINUTES + 64), end)
    assert set(wanted) <= set(covered)
    assert all(m >= start - start % 5 for m in covered)
    assert all(m < end for m in covered)
    for span in spans:
        assert span.start < span.end
        assert span.start >= now - (FINE_MINUTES if span.period == 1 else COARSE_MINUTES)
        if span.period == 5:
            assert span.start % 5 == 0
            assert span.end == end or span.end % 5 == 0
    assert covered == list(range(covered[0], end) if covered else [])


def test_the_newest_15_days_are_fine_and_older_minutes_up_to_63_days_are_coarse() -> None:
    now, day = MINUTE, 1440
    assert SOURCE.spans(now - 30 * day, now, now) == (
        Span(now - 30 * day, now - 15 * day + 60, 5),
        Span(now - 15 * day + 60, now, 1),
    )
    assert SOURCE.spans(now - day, now, now) == (Span(now - day, now, 1),)
    assert SOURCE.spans(now - 100 * day, now - 80 * day, now) == ()
    assert SOURCE.spans(now - 100 * day, now - 20 * day, now) == (Span(now - 63 * day + 60, now - 20 * day, 5),)
