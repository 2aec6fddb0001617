"""CloudWatch's metric calls: PutMetricData, GetMetricData with metric math and pages, ListMetrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from alerts import metric_math
from alerts.expression import names, parse
from app.simulator import paging, statistics
from app.simulator.datastore import DAY, oldest
from app.simulator.samples import Identity
from app.simulator.wire import bad_value, invalid, missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.simulator.datastore import Datastore, PutSamples
    from slo.judge.series import Floats
    from slo.units import Minute

MAX_METRICS = 1000
MAX_QUERIES = 500
MAX_VALUES = 150
MAX_DATAPOINTS = 100_800
LIST_PAGE = 500
RECENT, LISTED = 3 * 60, 14 * 1440
"""Minutes since its last sample in which a metric is listed: with RecentlyActive, and without."""
_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")


def identity(metric: Mapping[str, Any]) -> Identity:
    """Of anything with Namespace, MetricName and Dimensions."""
    dimensions = frozenset((d["Name"], d["Value"]) for d in metric.get("Dimensions") or ())
    return Identity(metric["Namespace"], metric["MetricName"], dimensions)


def statistic(text: str) -> statistics.Statistic:
    try:
        return statistics.parse(text)
    except ValueError as error:
        raise invalid(str(error)) from None


def period(seconds: int | None) -> int:
    """In minutes. High-resolution periods do not exist here."""
    if not seconds or seconds % 60:
        raise invalid(f"Period {seconds} is not supported here; use a multiple of 60.")
    return seconds // 60


def put(store: Datastore, request: Mapping[str, Any], now: float, *, allow_aws: bool) -> None:
    namespace, data = request.get("Namespace"), request.get("MetricData") or []
    if not namespace:
        raise missing("Namespace")
    if namespace.startswith("AWS/") and not allow_aws:
        raise bad_value(f"The value {namespace} for parameter Namespace is invalid: AWS/ is reserved.")
    if len(data) > MAX_METRICS:
        raise bad_value(f"The collection MetricData must not have a size greater than {MAX_METRICS}.")
    for at, datum in enumerate(data, 1):
        _check(datum, f"MetricData.member.{at}", now)
    for datum in data:
        _store(store.samples(identity({"Namespace": namespace, **datum})), datum, now)


def _check(datum: Mapping[str, Any], where: str, now: float) -> None:
    values, counts = datum.get("Values"), datum.get("Counts")
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if len(given) != 1:
        raise bad_value(f"Exactly one of Value, Values and StatisticValues must be given for {where}.")
    if values is not None and (len(values) > MAX_VALUES or len(counts or values) != len(values)):
        raise bad_value(f"{where}.Values takes at most {MAX_VALUES} entries and as many Counts.")
    numbers = [datum.get("Value"), *(values or ()), *(counts or ()), *(datum.get("StatisticValues") or {}).values()]
    if not all(n is None or (not isinstance(n, str) and abs(n) <= 2.0**360) for n in numbers):
        raise bad_value(f"The values of {where} must be finite numbers within 2^360.")
    age = now - datum.get("Timestamp", now)
    if not -2 * 3600 <= age <= 14 * DAY * 60:
        raise bad_value(f"The parameter {where}.Timestamp must be within the last two weeks or the next two hours.")


def _store(samples: PutSamples, datum: Mapping[str, Any], now: float) -> None:
    cell = samples.cell(int(datum.get("Timestamp", now) // 60))
    summary = datum.get("StatisticValues")
    if summary is None:
        values = datum.get("Values") or [datum["Value"]]
        cell.add_values(zip(values, datum.get("Counts") or [1.0] * len(values), strict=True))
    elif summary["Minimum"] == summary["Maximum"]:
        cell.add_values([(summary["Minimum"], summary["SampleCount"])])
    else:
        cell.add_set(summary["Sum"], summary["SampleCount"], summary["Minimum"], summary["Maximum"])


class Batch:
    """The queries of one request, computed on demand and at most once."""

    def __init__(self, store: Datastore, request: Mapping[str, Any], now: float) -> None:
        queries = request.get("MetricDataQueries") or []
        if len(queries) > MAX_QUERIES:
            raise invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
        self._store, self._now = store, now
        self._start, self._end = _interval(request, now)
        self._queries: dict[str, Mapping[str, Any]] = {}
        self._values: dict[str, tuple[int, Floats]] = {}
        for query in queries:
            self._add(query)

    @property
    def returned(self) -> list[tuple[str, str]]:
        """(id, label) of every query whose data goes back."""
        return [(name, _label(query)) for name, query in self._queries.items() if query.get("ReturnData", True)]

    def points(self, name: str) -> tuple[Any, Floats]:
        """Timestamps in epoch seconds and values, ascending, of the periods that have a datapoint."""
        length, values = self._computed(name, ())
        present = np.flatnonzero(~np.isnan(values))
        return (self._first(length) + present * length) * 60, values[present]

    def _add(self, query: Mapping[str, Any]) -> None:
        name = query.get("Id", "")
        if not _ID.fullmatch(name):
            raise invalid(f"The Id {name!r} must start with a lowercase letter and hold letters, digits and _ only.")
        if name in self._queries:
            raise invalid(f"The Id {name!r} is not unique.")
        if ("MetricStat" in query) == ("Expression" in query):
            raise invalid(f"The query {name!r} must have either MetricStat or Expression.")
        self._queries[name] = query

    def _first(self, length: int) -> Minute:
        """The first whole period that starts in the interval, and not so long ago that nothing is kept of it."""
        return -(-max(self._start, oldest(length, self._now)) // length) * length

    def _periods(self, length: int) -> int:
        end = min(self._end, int(self._now // 60) + 1)
        return max(0, -(-(end - self._first(length)) // length))

    def _computed(self, name: str, above: tuple[str, ...]) -> tuple[int, Floats]:
        """Period in minutes and one value per period."""
        if name not in self._values:
            query = self._queries[name]
            stat = query.get("MetricStat")
            if stat is None:
                self._values[name] = self._expression(query, (*above, name))
            else:
                self._values[name] = self._metric(stat, _owned(self._store, query.get("AccountId")))
        return self._values[name]

    def _metric(self, stat: Mapping[str, Any], store: Datastore) -> tuple[int, Floats]:
        length, kind = period(stat.get("Period")), statistic(stat.get("Stat", ""))
        first, periods = self._first(length), self._periods(length)
        return length, store.read(identity(stat["Metric"]), kind, first, periods, length, now=self._now)

    def _expression(self, query: Mapping[str, Any], above: tuple[str, ...]) -> tuple[int, Floats]:
        try:
            node = parse(query["Expression"])
            needed = sorted(names(node))
            if unknown := [n for n in needed if n not in self._queries or n in above]:
                raise invalid(f"Error in expression {query['Id']!r}: {unknown[0]!r} is not another query.")
            inputs = {n: self._computed(n, above) for n in needed}
            lengths = {length for length, _ in inputs.values()} or {period(query.get("Period"))}
            if len(lengths) > 1:
                raise invalid(f"Error in expression {query['Id']!r}: its metrics must have one period here.")
            length = lengths.pop()
            return length, metric_math.evaluate(node, {n: v for n, (_, v) in inputs.items()}, self._periods(length))
        except ValueError as error:
            raise invalid(f"Error in expression {query['Id']!r}: {error}") from None


def get(store: Datastore, request: Mapping[str, Any], now: float) -> dict[str, Any]:
    limit = request.get("MaxDatapoints") or MAX_DATAPOINTS
    if not 0 < limit <= MAX_DATAPOINTS:
        raise invalid(f"MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    cursor = paging.Cursor.read(request, now)
    batch = Batch(store, request, cursor.now)
    newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results: list[dict[str, Any]] = []
    for place, (name, label) in list(enumerate(batch.returned))[cursor.query :]:
        times, values = batch.points(name)
        if newest_first:
            times, values = times[::-1], values[::-1]
        skip = cursor.point if place == cursor.query else 0
        if limit == 0 and len(values) > skip:
            return {"MetricDataResults": results, "NextToken": cursor.next(place, skip), "Messages": []}
        cut = slice(skip, skip + limit)
        done = skip + limit >= len(values)
        results.append(_result(name, label, times[cut], values[cut], complete=done))
        if not done:
            return {"MetricDataResults": results, "NextToken": cursor.next(place, skip + limit), "Messages": []}
        limit -= len(values) - skip
    return {"MetricDataResults": results, "Messages": []}


def _result(name: str, label: str, times: Any, values: Floats, *, complete: bool) -> dict[str, Any]:
    return {
        "Id": name,
        "Label": label,
        "Timestamps": np.ascontiguousarray(times),
        "Values": np.ascontiguousarray(values),
        "StatusCode": "Complete" if complete else "PartialData",
    }


def _interval(request: Mapping[str, Any], now: float) -> tuple[Minute, Minute]:
    """Start rounded down as its age asks, end up: both in minutes."""
    start, end = request["StartTime"], request["EndTime"]
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    age = (now - start) / 86400
    grain = 1 if age < 15 else 5 if age < 63 else 60
    return int(start // (60 * grain)) * grain, int(-(-end // 60))


def _label(query: Mapping[str, Any]) -> str:
    stat = query.get("MetricStat")
    return str(query.get("Label") or (stat["Metric"]["MetricName"] if stat else query["Id"]))


def _owned(store: Datastore, account: str | None) -> Datastore:
    """How AWS refuses an account that is not linked is not written anywhere; here the query is to blame."""
    found = store.of(account)
    if found is None:
        raise invalid(f"The account {account} is not linked to this monitoring account.")
    return found


def listed(store: Datastore, request: Mapping[str, Any], now: float) -> dict[str, Any]:
    since = int(now // 60) - (RECENT if "RecentlyActive" in request else LISTED)
    filters = [(d["Name"], d.get("Value")) for d in request.get("Dimensions") or ()]
    owner, linked = request.get("OwningAccount"), bool(request.get("IncludeLinkedAccounts"))
    if owner is not None and not linked:
        raise invalid("OwningAccount needs IncludeLinkedAccounts.")
    found = [
        (one.account, i)
        for one in (store, *(store.linked.values() if linked else ()))
        if owner in (None, one.account)
        for i in one.identities()
        if request.get("Namespace") in (None, i.namespace)
        and request.get("MetricName") in (None, i.metric)
        and all(any(name == n and value in (None, v) for n, v in i.dimensions) for name, value in filters)
        and one.is_active(i, since)
    ]
    page, token = paging.rows(found, request, LIST_PAGE)
    owners = {"OwningAccounts": [account for account, _ in page]} if linked else {}
    return {"Metrics": list(_metrics(i for _, i in page)), **owners, **token}


def _metrics(found: Iterable[Identity]) -> Iterator[dict[str, Any]]:
    for i in found:
        dimensions = [{"Name": name, "Value": value} for name, value in sorted(i.dimensions)]
        yield {"Namespace": i.namespace, "MetricName": i.metric, "Dimensions": dimensions}
