"""The burn that Sloop publishes of an objective, where CloudWatch cannot count it or others want to draw it.

One number per severity: over its rules the largest of min over the windows of burn / factor. It is 1 or more exactly while a
rule's burn is reached, whatever its factor, so one threshold fits every rule; a hold or a minimum of events is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.alarms import described_alarm, resource, watched
from alerts.heartbeat import NAMESPACE
from alerts.naming import alarm_name
from slo.estate.indicator import MetricQuery
from slo.judge.burn import rules_of
from slo.units import nearest_double

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from fractions import Fraction

    from slo.estate.spec import Component, Estate, Objective, Severity
    from slo.judge.burn import Rule
    from slo.judge.period import Window
    from slo.judge.verdict import Verdict
    from slo.resource import Place, Resource

METRIC = "BurnRate"
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")


@dataclass(frozen=True, slots=True)
class Burning:
    """`value` is the burn in units of the rule's factor, of one objective and severity."""

    objective: str
    severity: Severity
    value: float

    def dimensions(self, estate: str) -> tuple[tuple[str, str], ...]:
        return dimensions(estate, self.objective, self.severity)


def dimensions(estate: str, objective: str, severity: Severity) -> tuple[tuple[str, str], ...]:
    return (("Estate", estate), ("Objective", objective), ("Severity", severity))


def published(objective: Objective) -> tuple[Severity, ...]:
    """The severities of which there is a metric: none unless the estate asks for it, for every metric costs money."""
    asked = {rule.severity for rule in rules_of(objective)} if objective.burn_metric else set()
    return tuple(severity for severity in SEVERITIES if severity in asked)


def burning(verdicts: Iterable[Verdict]) -> Iterator[Burning]:
    """What to publish now. An unknown burn is not published: no value is no zero."""
    for verdict in verdicts:
        for severity in published(verdict.objective):
            rules = [rule for rule in rules_of(verdict.objective) if rule.severity == severity]
            known = [value for rule in rules if (value := _reached(rule, verdict.burns)) is not None]
            if known:
                yield Burning(verdict.objective.id, severity, nearest_double(max(known)))


def burn_metric_alarms(estate: Estate, component: Component, objective: Objective, place: Place) -> Iterator[Resource]:
    """A second opinion without actions: Sloop pages itself, and what it publishes is silent when it is dead."""
    for severity in published(objective):
        query = MetricQuery(
            place.account, place.region, NAMESPACE, METRIC, dimensions(estate.name, objective.id, severity), "Maximum"
        )
        text = (
            f"{severity}: {objective.id} burns as fast as a {severity} rule allows, or faster, says the metric that Sloop "
            "publishes. It has no actions: Sloop itself tells of it."
        )
        spec = described_alarm(watched({"m1": query}, None, 60), ">=", 1.0, datapoints=1, periods=1, description=text)
        name = alarm_name(estate.name, objective.id, severity, "published")
        yield resource("alarm", estate, component, place, name, spec)


def _reached(rule: Rule, burns: Mapping[Window, Fraction | None]) -> Fraction | None:
    """None while one of its windows has no burn."""
    rates = [burns.get(window) for window in rule.windows]
    known = [rate / rule.factor for rate in rates if rate is not None]
    return min(known) if len(known) == len(rates) else None
