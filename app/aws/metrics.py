"""CloudWatch as a source: GetMetricData, at most 500 series a call, every page, every status."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from botocore.exceptions import ParamValidationError

from app.aws.calls import error_code, paged
from app.aws.metric_call import ACTION, MetricCall
from app.aws.metric_plan import Part, plan
from app.aws.metric_results import Results
from app.aws.retries import Retries
from app.aws.session import EXPIRED
from app.ports import Span
from slo.errors import AccessDenied, SourceError
from slo.judge.answer import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.aws.metric_plan import Group
    from app.aws.session import AwsSession
    from slo.estate.indicator import MetricQuery, Query
    from slo.judge.answer import Answer
    from slo.units import Minute

FINE_MINUTES = 15 * 1440
"""CloudWatch keeps 1-minute data for 15 days, 5-minute data for 63 days."""
COARSE_MINUTES = 63 * 1440
PLANS = 128
"""Sets of queries whose requests are kept."""
_IMPOSSIBLE = {"ValidationError", "InvalidParameterValue", "InvalidParameterCombination"}


@dataclass(slots=True, eq=False)
class _Heard:
    """`refused` are queries for whose sake AWS refused a whole call."""

    answers: dict[Query, Answer] = field(default_factory=dict)
    failures: list[SourceError] = field(default_factory=list)
    refused: list[MetricQuery] = field(default_factory=list)


class CloudWatchSource:
    """Answers MetricQuery; one denied or failing series never stops the others. Made for many threads."""

    def __init__(self, session: AwsSession, retries: Retries | None = None) -> None:
        self._session = session
        self._retries = retries or Retries()
        self._calls: dict[tuple[str | None, str], MetricCall] = {}
        self._plan = lru_cache(PLANS)(partial(plan, monitor=session.monitor))

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        # An hour of margin, because the edge moves while we read; buckets of 5 minutes start at multiples of 5.
        oldest = _up_to_5(now - COARSE_MINUTES + 60)
        fine_from = _up_to_5(now - FINE_MINUTES + 60)
        spans = (Span(max(start - start % 5, oldest), min(end, fine_from), 5), Span(max(start, fine_from), end, 1))
        return tuple(s for s in spans if s.start < s.end)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        heard = _Heard()
        for group in self._plan(tuple(queries)):
            heard.refused.clear()
            for part in group.parts:
                self._ask(group, part, span, heard)
            if heard.refused:
                group.set_apart(heard.refused)
        if heard.failures and all(isinstance(a, Failed) for a in heard.answers.values()):
            raise heard.failures[0]
        return heard.answers

    def _ask(self, group: Group, part: Part, span: Span, heard: _Heard) -> None:
        """A call is refused whole for one impossible query: halving it finds that query and keeps the others."""
        try:
            heard.answers.update(zip(part.queries, self._answers(group, part, span), strict=True))
        except SourceError as error:
            blamed = _blames_a_query(error.__cause__)
            if len(part.queries) > 1 and (blamed or _blames_an_account(error, part)):
                for half in part.halves():
                    self._ask(group, half, span, heard)
                return
            if blamed and part not in group.parts:
                heard.refused += part.queries
            heard.failures.append(error)
            heard.answers.update(dict.fromkeys(part.queries, Failed(str(error))))

    def _answers(self, group: Group, part: Part, span: Span) -> list[Answer]:
        """Credentials that have just expired are looked for once more."""
        call = self._call(group)
        try:
            return self._whole(call, group, part, span)
        except SourceError as error:
            if error_code(error.__cause__) not in EXPIRED:
                raise
        self._session.renew(call.client)
        return self._whole(self._call(group), group, part, span)

    def _whole(self, call: MetricCall, group: Group, part: Part, span: Span) -> list[Answer]:
        """What AWS told in part, or not at all for a fault of its own, is asked again as often as a call is tried."""
        results = self._results(call, group, part, span)
        answers, undone = results.answers(span), results.unfinished
        for attempt in range(1, call.attempts):
            if not undone:
                break
            self._retries.pause(attempt)
            try:
                results = self._results(call, group, Part(tuple(part.queries[n] for n in undone)), span)
            except SourceError:
                break  # the others are there; these stay what AWS said of them
            for number, answer in zip(undone, results.answers(span), strict=True):
                answers[number] = answer
            undone = [undone[n] for n in results.unfinished]
        return answers

    def _results(self, call: MetricCall, group: Group, part: Part, span: Span) -> Results:
        template = part.template(call, span.period)
        bucket = self._session.bucket(group.account, group.region)
        results = Results(part.queries)
        for page in paged(
            ACTION,
            lambda token: self._retries.run(lambda attempt: call.send(template, span, token, attempt), call.attempts, bucket),
        ):
            results.add(page)
        return results

    def _call(self, group: Group) -> MetricCall:
        key = (group.account, group.region)
        client = self._session.client("cloudwatch", *key)
        known = self._calls.get(key)
        if known is None or known.client is not client:
            known = self._calls[key] = MetricCall(client, self._session.skew.hear, self._session.owner)
        return known


def _up_to_5(minute: Minute) -> Minute:
    return -(-minute // 5) * 5


def _blames_an_account(error: SourceError, part: Part) -> bool:
    """One that is not linked to the account that is asked must not stop those that are."""
    return isinstance(error, AccessDenied) and len({query.account for query in part.queries}) > 1


def _blames_a_query(cause: BaseException | None) -> bool:
    return error_code(cause) in _IMPOSSIBLE or isinstance(cause, ParamValidationError)
