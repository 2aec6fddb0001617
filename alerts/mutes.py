"""The estate's maintenance windows as mute rules of CloudWatch, so that its own alarms keep as quiet as Sloop's pages.

Every window is declared, past ones too, so that what was applied can be told without knowing the time; `still_to_come` leaves
only those that can still mute anything.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from alerts.naming import alarm_name
from slo.errors import one_line
from slo.resource import COMPONENT, ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from slo.estate.spec import Estate, Exclusion
    from slo.units import Minute

MOST_ALARMS = 100
LONGEST = 15 * 1440
MAX_DESCRIPTION = 1024
PREFIX = "mute"
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def mute_rules(estate: Estate, made: Sequence[Resource]) -> Iterator[Resource]:
    """One per window, place, fifteen days and hundred alarms; nothing where a window covers no alarm."""
    known: set[str] = set()
    for exclusion in sorted((e for e in estate.exclusions if e.kind == "mute"), key=lambda e: (e.start, e.end, _target(e))):
        for (account, region), names in sorted(_covered(estate, exclusion, made).items()):
            for start, end, some in _pieces(exclusion, names):
                rule = _rule(estate, exclusion, (account, region), start, end, some)
                name = next(n for n in _numbered(rule.name) if f"{account} {region} {n}" not in known)
                known.add(f"{account} {region} {name}")
                yield replace(rule, name=name)


def mute_spec(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What PutAlarmMuteRule would have to be sent to make this rule, with names sorted and UTC filled in."""
    schedule = rule["Rule"]["Schedule"]
    return {
        "AlarmNames": sorted(rule.get("MuteTargets", {}).get("AlarmNames", ())),
        "Description": rule.get("Description", ""),
        "Duration": _spelled(schedule["Duration"]),
        "Expression": schedule["Expression"],
        "Timezone": schedule.get("Timezone", "UTC"),
    }


def still_to_come(resources: Iterable[Resource], now: Minute) -> tuple[Resource, ...]:
    """All but the mute rules whose window is over."""
    return tuple(r for r in resources if r.kind != "mute" or end_of(r) > now)


def end_of(rule: Resource) -> Minute:
    """Of one that this module declared."""
    start, minutes = window(rule.spec)
    return start + minutes


def window(spec: Mapping[str, Any]) -> tuple[Minute, int]:
    """(first minute, how many) of a window that comes once, in UTC. ValueError of any other."""
    start = datetime.strptime(spec["Expression"], "at(%Y-%m-%dT%H:%M)").replace(tzinfo=UTC)
    return int(start.timestamp()) // 60, _minutes(spec["Duration"])


def rule_names(estate: Estate, exclusion: Exclusion) -> tuple[str, ...]:
    """Names of the rules that mirror this window, one for each fifteen days of it; some have a number behind them."""
    return tuple(_name(estate, exclusion, start) for start in range(exclusion.start, exclusion.end, LONGEST))


def _rule(
    estate: Estate, exclusion: Exclusion, place: tuple[str, str], start: Minute, end: Minute, names: Sequence[str]
) -> Resource:
    spec = {
        "AlarmNames": list(names),
        "Description": f"Maintenance of {_target(exclusion)}: {one_line(exclusion.reason)}"[:MAX_DESCRIPTION],
        "Duration": _duration(end - start),
        "Expression": f"at({_moment(start):%Y-%m-%dT%H:%M})",
        "Timezone": "UTC",
    }
    bare = Resource("mute", *place, _name(estate, exclusion, start), spec)
    tags = {MANAGED_BY: MANAGER, ESTATE: estate.name, SPEC_SHA: bare.spec_sha}
    return replace(bare, tags=tags | ({COMPONENT: exclusion.component} if exclusion.component else {}))


def _name(estate: Estate, exclusion: Exclusion, start: Minute) -> str:
    return alarm_name(estate.name, PREFIX, _target(exclusion), f"{_moment(start):%Y%m%dT%H%M}")


def _covered(estate: Estate, exclusion: Exclusion, made: Sequence[Resource]) -> dict[tuple[str, str], list[str]]:
    """Names of alarms and composites by account and region."""
    found: dict[tuple[str, str], list[str]] = {}
    under = None if exclusion.objective is None else alarm_name(estate.name, exclusion.objective, "")
    for r in made:
        of_component = exclusion.component is not None and r.tags.get(COMPONENT) == exclusion.component
        if r.kind in ("alarm", "composite") and (of_component or (under is not None and r.name.startswith(under))):
            found.setdefault((r.account, r.region), []).append(r.name)
    return {place: sorted(names) for place, names in found.items()}


def _pieces(exclusion: Exclusion, names: Sequence[str]) -> Iterator[tuple[Minute, Minute, Sequence[str]]]:
    for start in range(exclusion.start, exclusion.end, LONGEST):
        for at in range(0, len(names), MOST_ALARMS):
            yield start, min(start + LONGEST, exclusion.end), names[at : at + MOST_ALARMS]


def _duration(minutes: int) -> str:
    """One spelling of ISO 8601's many: 3030 -> `P2DT2H30M`."""
    days, hours = f"{minutes // 1440}D", f"{minutes // 60 % 24}H"
    date = days if minutes >= 1440 else ""
    time = (hours if minutes // 60 % 24 else "") + (f"{minutes % 60}M" if minutes % 60 else "")
    return f"P{date}{'T' if time else ''}{time}"


def _spelled(text: str) -> str:
    """A duration that we would not write stands as it is, and differs."""
    return _duration(_minutes(text)) if _ISO.fullmatch(text) else text


def _minutes(text: str) -> int:
    """ValueError when it is none, or not of whole minutes."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration like P2DT12H")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes


def _numbered(name: str) -> Iterator[str]:
    """Windows and hundreds that begin together are told apart by number."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def _target(exclusion: Exclusion) -> str:
    target = exclusion.objective or exclusion.component
    assert target is not None, "an exclusion is of an objective or of a component"
    return target


def _moment(minute: Minute) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
