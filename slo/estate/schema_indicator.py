"""JSON Schema of the indicators that a component declares itself, and of their queries."""

from __future__ import annotations

from slo.catalog.parse_indicator import COMPARISONS, TYPES
from slo.catalog.parse_logs import GROUP, INDEX, MOST_GROUPS
from slo.catalog.parse_query import STAT, STATISTICS
from slo.estate.schema_values import Schema, described, exactly_one, mapping, ref

_METRIC: dict[str, Schema] = {
    "namespace": described("CloudWatch's.", "AWS/ApplicationELB", **ref("text")),
    "metric": described("Its name in CloudWatch.", "RequestCount", **ref("text")),
    "dimensions": described(
        "By name; {key} is a key of `resource`.",
        "{LoadBalancer: '{load_balancer}'}",
        type="object",
        additionalProperties=ref("text"),
    ),
    "region": described("Where the metric is kept, if not in the account's region.", "us-east-1", **ref("text")),
    "stat": described("As GetMetricData spells it.", "Sum", type="string", pattern=f"^({STAT.pattern})$"),
}
_SHARED = {name: _METRIC[name] for name in ("namespace", "dimensions", "region")}
_GAUGE = {"gauge": described("A selector of gauges in Prometheus.", 'up{job="api"}', **ref("text"))}
_LOGS = {
    "groups": described(
        "Log groups, by name or ARN.",
        "[/aws/ecs/api]",
        type="array",
        minItems=1,
        maxItems=MOST_GROUPS,
        items={"type": "string", "pattern": f"^{GROUP.pattern}$"},
    ),
    "filter": described(
        "What stands behind `filter` of Logs Insights; without it every record counts.", "status >= 500", **ref("text")
    ),
}
_SEARCH = {
    "index": described("Indexes of OpenSearch.", "api-*", type="string", pattern=f"^{INDEX.pattern}$"),
    "query": described(
        "Query DSL, or text in Lucene's syntax.", "status:>=500", type=["string", "object"], minLength=1, minProperties=1
    ),
    "time_field": described("The field with the time of the event.", "@timestamp", **ref("text")),
}
_COUNTED = {
    "logs": described("Records of CloudWatch Logs.", "{groups: [/aws/ecs/api]}", **mapping(_LOGS, ("groups",))),
    "search": described(
        "Documents of OpenSearch.", "{index: api-*, query: 'status:>=500'}", **mapping(_SEARCH, ("index", "query"))
    ),
}
_COMPARED: dict[str, Schema] = {
    "op": described("A minute is good when value op threshold.", ">=", enum=list(COMPARISONS)),
    "threshold": described("A number, or one {key} of `resource`.", 0.3, type=["number", "string"]),
}


def definitions() -> dict[str, Schema]:
    at_least = {"at_least": described("Alive only from this value on.", 1, type=["number", "string"])}
    return {
        "query": {"oneOf": _shapes({})},
        "proof": {"oneOf": _shapes(at_least)},
        "indicator": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": described("How it is counted.", "event_ratio", enum=list(TYPES))},
            "oneOf": [_ratio(), _latency(), _rate(), _slice()],
        },
    }


def _shapes(more: dict[str, Schema]) -> list[Schema]:
    trace = {
        "service": described("As X-Ray calls it.", "api", **ref("text")),
        "statistic": described("Which answers are counted.", "total", enum=list(STATISTICS)),
    }
    counter = {
        "counter": described("A selector of counters in Prometheus.", 'requests_total{job="api"}', **ref("text")),
        "alive": described("A selector of gauges that prove the process was there.", 'up{job="api"}', **ref("text")),
    }
    traces = {
        "trace": described("A count of X-Ray.", "{service: api, statistic: total}", **mapping(trace, ("service", "statistic")))
    }
    return [
        mapping(_METRIC | more, ("metric",)),
        mapping(counter | more, ("counter",)),
        mapping(_GAUGE | more, ("gauge",)),
        mapping(traces | more, ("trace",)),
        *(mapping({name: counted} | more, (name,)) for name, counted in _COUNTED.items()),
    ]


def _kind(name: str, about: str, properties: dict[str, Schema], required: tuple[str, ...], **more: object) -> Schema:
    shared = {
        "type": {"const": name, "description": about},
        "source": described("Where this is from.", "our own", **ref("text")),
    }
    return mapping(shared | properties, ("type", *required), **more)


def _ratio() -> Schema:
    queries: Schema = {"type": "array", "items": ref("query"), "minItems": 1}
    properties = _SHARED | {
        "total": described("All events: the sum of these.", "[{metric: RequestCount, stat: Sum}]", **queries),
        "good": described("The good ones among them.", '[{counter: "ok_total"}]', **queries),
        "bad": described("The bad ones, instead of the good.", '[{counter: "failed_total"}]', **queries),
        "proof": described("Where this answers, no events is idle and not missing.", '{gauge: up{job="api"}}', **ref("proof")),
    }
    return _kind("event_ratio", "good or bad events of all", properties, ("total",), oneOf=exactly_one("good", "bad"))


def _latency() -> Schema:
    properties = _SHARED | {
        "metric": _METRIC["metric"],
        "threshold": described("A sample within it is good.", 0.3, type=["number", "string"]),
        "proof": described("Where this answers, no events is idle and not missing.", '{gauge: up{job="api"}}', **ref("proof")),
    }
    return _kind("latency", "samples within a threshold", properties, ("namespace", "dimensions", "metric", "threshold"))


def _rate() -> Schema:
    properties = _SHARED | {
        "total": described("All events.", "{metric: Requests, stat: Sum}", **ref("query")),
        "rate": described("The percentage of them that was bad.", "{metric: 5xxErrorRate, stat: Average}", **ref("query")),
    }
    return _kind("rate_ratio", "a total and the percentage that was bad", properties, ("total", "rate"))


def _slice() -> Schema:
    shapes = [{"required": [name]} for name in ("gauge", *_COUNTED)]
    shapes.append({"required": ["metric", "stat", "namespace", "dimensions"]})
    return _kind(
        "time_slice", "a minute is good or bad", _METRIC | _GAUGE | _COUNTED | _COMPARED, ("op", "threshold"), oneOf=shapes
    )
