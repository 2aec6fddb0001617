"""Which queries go into which call of GetMetricData: made once for the queries of a shard, which are the same at every poll."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.estate.indicator import MetricQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from app.aws.metric_call import MetricCall, Template
    from slo.estate.indicator import Query

QUERIES_PER_CALL = 500


@dataclass(slots=True, eq=False)
class Part:
    """The queries of one call, and the request that asks for them, by the width of its buckets in minutes."""

    queries: tuple[MetricQuery, ...]
    _templates: dict[int, tuple[MetricCall, Template]] = field(default_factory=dict)

    def template(self, call: MetricCall, period: int) -> Template:
        made_by, template = self._templates.get(period, (None, None))
        if template is None or made_by is not call:
            template = call.template(self.queries, period)
            self._templates[period] = (call, template)
        return template

    def halves(self) -> tuple[Part, Part]:
        half = len(self.queries) // 2
        return Part(self.queries[:half]), Part(self.queries[half:])


@dataclass(slots=True, eq=False)
class Group:
    """The queries that one account is asked in one region, in calls; they may be of several accounts that it monitors."""

    account: str | None
    region: str
    parts: tuple[Part, ...]

    def set_apart(self, refused: Collection[MetricQuery]) -> None:
        """From now on each of these is asked alone: they do not stop the others, and are not searched for at every poll."""
        queries = [q for part in self.parts for q in part.queries]
        if 2 * len(refused) > len(queries):
            return  # whatever was wrong, it was not a few of the queries
        alone = {q for part in self.parts if len(part.queries) == 1 for q in part.queries}.union(refused)
        together = _parts([q for q in queries if q not in alone])
        self.parts = (*together, *(Part((q,)) for q in queries if q in alone))


def plan(
    queries: tuple[Query, ...], monitor: Callable[[str | None], str | None] = lambda account: account
) -> tuple[Group, ...]:
    """Every query once; `monitor` tells who is asked for the metrics of an account."""
    groups: dict[tuple[str | None, str], list[MetricQuery]] = defaultdict(list)
    for query in dict.fromkeys(queries):
        if not isinstance(query, MetricQuery):
            raise TypeError(f"{query} is not for CloudWatch")
        groups[monitor(query.account), query.region].append(query)
    return tuple(Group(account, region, _parts(members)) for (account, region), members in groups.items())


def _parts(queries: Sequence[MetricQuery]) -> tuple[Part, ...]:
    return tuple(Part(tuple(queries[n : n + QUERIES_PER_CALL])) for n in range(0, len(queries), QUERIES_PER_CALL))
