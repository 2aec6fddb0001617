"""JSON Schema of objectives, their windows and composites, and of the rules of a policy."""

from __future__ import annotations

from slo.estate import budgeting, composites, policies, window
from slo.estate.schema_values import Schema, choice, described, exactly_one, mapping, only_with, ref


def definitions() -> dict[str, Schema]:
    return {"objective": _objective(), "window": _window(), "composite": _composite(), "part": _part(), "rule": _rule()}


def _objective() -> Schema:
    properties = {
        "indicator": described(
            "What is measured: an indicator of the kind, or of `indicators`.", "availability", **ref("name")
        ),
        "composite": described(
            "A journey over several indicators, instead of one.", "{mode: serial, parts: [...]}", **ref("composite")
        ),
        "name": described("Its id is component.name instead of component.indicator.", "checkout", **ref("name")),
        "target": described("The share of events that must be good.", "99.9%", **ref("share")),
        "window": described("What the budget is for.", "30d", **ref("window")),
        "target_source": described("Who says that this is the target.", "proposed", **ref("text")),
        "policy": described("The burn policy; `default` where none is named.", "default", **ref("text")),
        "lane": described("How often it is judged.", "slow", enum=["fast", "slow"]),
        "survives_sloop": described(
            "Whether CloudWatch pages for it while Sloop is dead; by default where the tier is 1.", "true", type="boolean"
        ),
        "burn_metric": described("Whether Sloop publishes its burn as a metric.", "true", type="boolean"),
        "method": described(
            "What the budget counts; Occurrences by default.", "Timeslices", oneOf=choice(budgeting.METHODS.items())
        ),
        "time_slice_window": described("How long a slice is; 1m by default.", "5m", **ref("duration")),
        "time_slice_target": described(
            "The share that makes a slice good; by default the target.", "95%", **ref("share-or-all")
        ),
        "no_data": described("What a slice that was not measured counts as.", "bad", oneOf=choice(budgeting.NO_DATA.items())),
    }
    conditions = [
        only_with("time_slice_window", "method", ["Timeslices", "RatioTimeslices"]),
        only_with("time_slice_target", "method", ["Timeslices"]),
        {"if": {"required": ["composite"]}, "then": {"required": ["name"]}},
    ]
    return mapping(properties, ("target", "window"), oneOf=exactly_one("indicator", "composite"), allOf=conditions)


def _window() -> Schema:
    periods = list(window.PERIODS)
    calendar = {
        "calendar": described("The period.", "month", enum=periods),
        "time_zone": described("An IANA name; UTC by default.", "Europe/Berlin", **ref("text")),
        "start": described("When one of the periods begins, local time without a zone.", "2026-01-21T12:30", **ref("text")),
    }
    return {"anyOf": [ref("duration"), {"enum": periods}, mapping(calendar, ("calendar",))]}


def _composite() -> Schema:
    properties = {
        "mode": described("When a minute of the whole is good.", "serial", oneOf=choice(composites.MODES.items())),
        "k": described("How many parts must be good.", 2, type="integer", minimum=1),
        "parts": described(
            "The indicators.", "[{indicator: api.availability, target: 99%}]", type="array", minItems=1, items=ref("part")
        ),
    }
    unweighted = {"properties": {"parts": {"items": {"properties": {"weight": False}}}}}
    conditions = [
        only_with("k", "mode", ["k-of-n"]),
        {"if": {"properties": {"mode": {"const": "k-of-n"}}}, "then": {"required": ["k"]}},
        {"if": {"properties": {"mode": {"const": "weighted"}}}, "else": unweighted},
    ]
    return mapping(properties, ("mode", "parts"), allOf=conditions)


def _part() -> Schema:
    properties = {
        "indicator": described("component.indicator.", "api.availability", **ref("text")),
        "target": described("Its minute is good when this share of it is.", "99%", **ref("share")),
        "weight": described("What it counts, in weighted composites.", 2, **ref("number")),
    }
    return mapping(properties, ("indicator", "target"))


def _rule() -> Schema:
    events = {"type": "integer", "minimum": 1, "maximum": policies.MOST_EVENTS}
    properties = {
        "severity": described("Whom it tells.", "page", enum=["page", "ticket"]),
        "budget": described("Fires when this share of the budget is spent in `long`.", "2%", **ref("share-or-all")),
        "factor": described("Fires at this burn rate, instead of a share.", 14.4, **ref("number")),
        "long": described("The window that it looks at.", "1h", **ref("duration")),
        "short": described("And still burning in this one, about a twelfth of `long`.", "5m", **ref("duration")),
        "min_bad": described("At least so many bad events in `long`.", 5, **events),
        "min_total": described("At least so many events in `long`.", 100, **events),
        "confidence": described("How sure it is that the errors are no chance.", "95%", **ref("share")),
    }
    return mapping(properties, ("severity", "long", "short"), oneOf=exactly_one("budget", "factor"))
