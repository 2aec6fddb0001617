"""Estate -> recording and alerting rules for a plain Prometheus (2.42 or later), one group per indicator.

The rules count as `app/prometheus/` does: a counter at one whole minute minus the counter at the minute before, never
`increase()`, which extrapolates. Numerator and denominator are recorded apart, minute by minute, and every window is a sum
of those, so that a burn is weighted by traffic. A group is evaluated once a minute, its rules in order and for the same
moment, whatever the second at which Prometheus does it:

- `x[59s999ms:1m]` holds one point: x at the last whole minute. Points of a subquery stand at whole minutes, and less than a
  minute holds one of them, on the minute too, where a closed range of `1m` would hold two (Prometheus 2) and an open one
  one (Prometheus 3).
- `[59m30s]` holds the 60 samples of an hour that this group has recorded, the newest of them just now. Half a minute is left
  out for the same reason: on the minute `[1h]` holds 61 of them in Prometheus 2.

What the rules cannot do as we do is listed as losses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, Unbound
from slo.estate.loss import Loss, Written
from slo.estate.yaml_write import Number, dump
from slo.judge.burn import budget_of, rules_of
from slo.units import format_duration, format_percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Component, Estate, Objective, Severity
    from slo.judge.burn import Rule

EVENTS = "sloop:sli_events:increase1m"
"""Per query: its events in the minute before the last whole one."""
ALERT = "SloopBudgetBurn"
QUIET_MINUTES = 15

_BY = "sum by (component, indicator)"
_SEVERITIES: tuple[Severity, ...] = ("page", "ticket")


def export(estate: Estate, catalog: Catalog, *, quiet_minutes: int = QUIET_MINUTES) -> Written:
    """Groups of rules as YAML. What is not a ratio of Prometheus counters has no rules and is a loss, with the reason."""
    losses: list[Loss] = list(_losses_of(estate))
    groups: dict[str, tuple[EventRatio, list[Objective]]] = {}
    for objective in estate.objectives:
        component = estate.component(objective.component)
        indicator = catalog.measure(component, objective, estate.account(component.account))
        reason = _why_not(objective, indicator)
        if reason is not None:
            losses.append(Loss(f"objectives.{objective.id}", *reason))
            continue
        assert isinstance(indicator, EventRatio), "all else has a reason"
        groups.setdefault(objective.indicator_id, (indicator, []))[1].append(objective)
        losses += _losses_of_rules(objective)
    return Written(dump([{"groups": [_group(estate, *found, quiet_minutes) for found in groups.values()]}]), tuple(losses))


def _why_not(objective: Objective, indicator: Indicator | Unbound) -> tuple[str, str] | None:
    if objective.composite is not None:
        return "composite", "a composite is judged minute by minute from its parts; no rules are written for it"
    if objective.method != "Occurrences":
        return "method", f"{objective.method} counts slices; only Occurrences becomes rules"
    if isinstance(indicator, Unbound):
        return indicator.code, indicator.text
    if not isinstance(indicator, EventRatio) or not all(isinstance(q, CounterQuery) for q in _counted(indicator)):
        return "not_counters", "is not a ratio of Prometheus counters, so Prometheus has no rules for it"
    names = [q.selector for q in _counted(indicator) if isinstance(q, CounterQuery) and "__name__=~" in q.selector]
    if names:
        return "several_metrics", f"{names[0]} matches several metrics, which PromQL cannot subtract; name them one by one"
    return None


def _counted(indicator: EventRatio) -> tuple[object, ...]:
    return (*indicator.total, *indicator.good, *indicator.bad)


def _losses_of(estate: Estate) -> Iterator[Loss]:
    if not estate.objectives:
        return
    again = "an outage of the measurement begins the quiet minutes anew, Sloop counts on"
    yield Loss("", "blind", f"{again}: an alert may resolve later by those before it")
    inhibit = "source_matchers [severity=page], target_matchers [severity=ticket], equal [objective]"
    yield Loss("", "ticket_during_page", f"a ticket is sent during a page too; inhibit it in Alertmanager: {inhibit}")
    for n, exclusion in enumerate(estate.exclusions):
        yield Loss(f"exclusions[{n}]", "exclusion", f"{exclusion.kind}: {exclusion.reason}: rules know none; use a silence")
    for component in estate.components:
        if component.recovery:
            yield Loss(f"components.{component.name}.recovery", "recovery", "recovery targets are no rules of Prometheus")


def _losses_of_rules(objective: Objective) -> Iterator[Loss]:
    path = f"objectives.{objective.id}"
    if any(rule.confidence is not None for rule in objective.policy):
        yield Loss(path, "confidence", "PromQL has no binomial test; the rule fires without it, that is more often")
    if objective.calendar is not None:
        yield Loss(path, "calendar", f"the budget of {objective.window_text} is not recorded; its burn rules are exported")
    if any(rule.hold for rule in objective.policy):
        turns = "rules that take turns are held as one, and what fires already is not held again"
        yield Loss(path, "hold", f"Prometheus holds an alert, not each rule: {turns}")


def _group(estate: Estate, indicator: EventRatio, objectives: Sequence[Objective], quiet_minutes: int) -> dict[str, Any]:
    first = objectives[0]
    labels = {"component": first.component, "indicator": first.indicator_id}
    budgets = {o.window for o in objectives if o.calendar is None}
    windows = sorted(budgets | {w for o in objectives for r in rules_of(o) for w in r.windows} - {1})
    rules = [*_events(indicator, labels), *_minutes(indicator, labels)]
    for window in windows:
        sums = {part: f"sum_over_time({_series(part, 1, labels)}[{_range(window)}])" for part in ("total", "bad")}
        rules += [_record(_name(part, window), expression, labels) for part, expression in sums.items()]
    for objective in objectives:
        rules += _burns(objective, labels)
        rules += _alerts(estate, objective, labels, quiet_minutes)
    return {"name": f"sloop-{estate.name}-{first.indicator_id}", "interval": "1m", "rules": rules}


def _record(name: str, expression: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"record": name, "expr": expression, "labels": labels}


def _name(part: str, window: int) -> str:
    return f"sloop:sli_{part}:increase{format_duration(window)}"


def _series(part: str, window: int, labels: dict[str, str]) -> str:
    return f'{_name(part, window)}{{indicator="{labels["indicator"]}"}}'


def _range(minutes: int) -> str:
    """Half a minute less: the samples of so many minutes, the newest of them now."""
    hours, rest = divmod(minutes - 1, 60)
    return f"{f'{hours}h' if hours else ''}{f'{rest}m' if rest else ''}30s"


def _events(indicator: EventRatio, labels: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Each query by itself: what is absent falls out of the sums instead of emptying them."""
    for part in ("total", "good", "bad"):
        for n, query in enumerate(getattr(indicator, part), 1):
            assert isinstance(query, CounterQuery), "checked before"
            yield _record(EVENTS, f"sum(\n{_increase(query)}\n)\n", {**labels, "count": part, "query": str(n)})
    proof = indicator.proof
    if proof is not None and isinstance(proof.query, GaugeQuery):
        at_least = "" if proof.at_least is None else f" >= {Number.of(proof.at_least)}"
        lasting = " and ".join(f"{_mark(proof.query.selector, ago)}{at_least}" for ago in (0, 1))
        yield _record(EVENTS, f"0 * max({lasting})", {**labels, "count": "total", "query": "proof"})


def _mark(selector: str, minutes_ago: int) -> str:
    """Its value at the last whole minute, or so many before that one."""
    return f"last_over_time({selector}[59s999ms:1m]{f' offset {minutes_ago}m' if minutes_ago else ''})"


def _increase(query: CounterQuery) -> str:
    """A counter that went down was reset, so what it shows now came since; one that is born counts if its process was up."""
    now, before = _mark(query.selector, 0), _mark(query.selector, 1)
    found = f"  ({now} - {before} >= 0)\n  or ({now} < {before})"
    if query.alive is None:
        return found
    up = f"{_mark(query.alive, 1)} >= 1"
    return f"{found}\n  or (({now} unless {before}) and on (job, instance) ({up}))"


def _minutes(indicator: EventRatio, labels: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Minutes with more bad (or good) events than events at all are impossible and left out."""
    part = "bad" if indicator.bad else "good"
    total, counted = (f'{_BY} ({EVENTS}{{indicator="{labels["indicator"]}",count="{count}"}})' for count in ("total", part))
    yield _record(_name("total", 1), f"{total}\nunless ({counted} > {total})\n", labels)
    ours = _series("total", 1, labels)
    known = f"({counted} or 0 * {ours})"
    bad = f"{known} and {ours}" if part == "bad" else f"{ours} - {known}"
    yield _record(_name("bad", 1), bad, labels)


def _burns(objective: Objective, labels: dict[str, str]) -> Iterator[dict[str, Any]]:
    for window in sorted({w for rule in rules_of(objective) for w in rule.windows}):
        name = f"sloop:burn:ratio{format_duration(window)}"
        yield _record(name, _burn(objective, window, labels), {"objective": objective.id})
    if objective.calendar is None:
        left = f"1 - {_burn(objective, objective.window, labels)}"
        yield _record("sloop:error_budget:remaining_ratio", left, {"objective": objective.id})


def _burn(objective: Objective, window: int, labels: dict[str, str]) -> str:
    """To be shown; what is decided is decided in whole numbers."""
    total, bad = (_series(part, window, labels) for part in ("total", "bad"))
    return f"{bad} / ({total} > 0) / {Number.of(1 - objective.target)}"


def _alerts(estate: Estate, objective: Objective, labels: dict[str, str], quiet_minutes: int) -> Iterator[dict[str, Any]]:
    """One per severity; a hold is one of the whole alert, so rules that hold for other times stand in one of their own."""
    component = estate.component(objective.component)
    for severity in _SEVERITIES:
        mine = [rule for rule in rules_of(objective) if rule.severity == severity]
        kinds = dict.fromkeys((rule.hold, rule.label) for rule in mine)
        for hold, label in kinds:
            rules = [rule for rule in mine if (rule.hold, rule.label) == (hold, label)]
            named = {"severity": severity, "objective": objective.id}
            if label or hold or len(kinds) > 1:
                named |= {"label": label or "", "hold": format_duration(hold) if hold else ""}
            conditions = [*(_condition(objective, rule, labels) for rule in rules), _blind(rules, labels, named)]
            alert: dict[str, Any] = {"alert": ALERT, "expr": "\nor\n".join(conditions) + "\n"}
            if hold:
                alert["for"] = format_duration(hold)
            # A breach resolves at the 15th quiet minute. Prometheus counts from the first one, which is a minute later.
            alert["keep_firing_for"] = format_duration(quiet_minutes - 1)
            said = {name: value for name, value in named.items() if value}
            yield alert | {"labels": said, "annotations": _annotations(estate, component, objective, severity, rules)}


def _condition(objective: Objective, rule: Rule, labels: dict[str, str]) -> str:
    """For burn >= factor in both windows: bad / total >= factor x budget = n / d, which is bad x d >= total x n."""
    limit = rule.factor * budget_of(objective)
    sign = ">" if rule.strict else ">="
    parts = [_burn(objective, rule.long, labels)]
    for window in rule.windows:
        total, bad = (_series(part, window, labels) for part in ("total", "bad"))
        parts.append(f"({bad} * {limit.denominator} {sign} {total} * {limit.numerator})")
    if rule.min_bad:
        parts.append(f"({_series('bad', rule.long, labels)} >= {rule.min_bad})")
    if rule.min_total:
        parts.append(f"({_series('total', rule.long, labels)} >= {rule.min_total})")
    if rule.short is not None:
        parts.append(f"({_series('total', rule.short, labels)} > 0)")
    return "(\n  " + "\n  and ".join(parts) + "\n)"


def _blind(rules: Sequence[Rule], labels: dict[str, str], named: dict[str, str]) -> str:
    """An outage of the measurement resolves no breach: what fired a minute ago fires on. Its value 0 is no burn."""
    own = {"alertname": ALERT, "alertstate": "firing", **named}
    matchers = ",".join(f'{name}="{value}"' for name, value in own.items())
    shortest = _series("total", min(rule.shortest for rule in rules), labels)
    return f"(\n  0 * max by (component, indicator) (ALERTS{{{matchers}}} offset 1m)\n  unless {shortest}\n)"


def _annotations(
    estate: Estate, component: Component, objective: Objective, severity: Severity, rules: Sequence[Rule]
) -> dict[str, str]:
    """The sentence of the verdict, and the key that Sloop's own messages of this breach carry."""
    ways = " or ".join(f"{_factor(rule.factor)}x in {' and '.join(format_duration(w) for w in rule.windows)}" for rule in rules)
    goal = f"{format_percent(objective.target)}% over {objective.window_text}"
    rate = "{{ with $value }}{{ . | humanize }}x{{ else }}an unknown rate: nothing is measured{{ end }}"
    text = f"{_plain(component.title)} ({objective.id}) burns its budget at {rate}; the limit is {ways} ({goal})."
    found = {"summary": text, "key": f"sloop/{estate.name}/{objective.id}/{severity}"}
    if component.owner:
        found["owner"] = _plain(component.owner)
    return found | ({"runbook_url": _plain(component.runbook)} if component.runbook else {})


def _plain(text: str) -> str:
    """So that no brace of a name is a template."""
    return " ".join(text.split()).replace("{{", '{{"{{"}}')


def _factor(factor: Fraction) -> str:
    """Exact where a decimal can be: 14.4, 6, else a fraction like 28/30."""
    scaled = factor * 10**6
    return f"{float(factor):.6f}".rstrip("0").rstrip(".") if scaled.denominator == 1 else str(factor)
