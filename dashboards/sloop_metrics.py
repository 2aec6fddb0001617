"""PromQL over what Sloop itself exposes on `/metrics`: budgets, burns, states, open breaches, its own health.

One Prometheus may scrape several Sloops whose objectives have the same names: every selector holds `$job`, the variable of
the dashboard that chooses one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import Promql

if TYPE_CHECKING:
    from dashboards.panels import Colour

ALL = "$slo"
"""The dashboard's variable with every chosen objective, a regular expression."""

STATES: tuple[tuple[int, str, Colour, str], ...] = (
    (0, "ok", "green", "ok"),
    (1, "unknown", "grey", "no_data|stale|source_error|insufficient_history|config_error"),
    (2, "warning", "yellow", "warning"),
    (3, "burning slowly", "orange", "burning_slow"),
    (4, "exhausted", "red", "exhausted"),
    (5, "burning fast", "red", "burning_fast"),
)
"""(number on the graph, word, colour, states of `sloop_objective_state` as a regular expression), best first."""


def series(name: str, slo: str = "", **labels: str) -> str:
    """`slo` is one objective's id, `ALL`, or empty where the metric is not about an objective."""
    matchers = ['job=~"$job"', *_matchers(slo), *(f'{label}="{value}"' for label, value in labels.items())]
    return f"{name}{{{','.join(matchers)}}}"


def _matchers(slo: str) -> list[str]:
    if not slo:
        return []
    return [f'slo=~"{slo}"' if slo == ALL else f'slo="{slo}"']


def budget_left(slo: str) -> Promql:
    return Promql(f"max by (slo) ({series('sloop_error_budget_remaining_ratio', slo)})", "{{slo}}")


def burn(slo: str, window: str, legend: str = "{{slo}}") -> Promql:
    return Promql(f"max by (slo) ({series('sloop_burn_rate', slo, window=window)})", legend)


def worst_burns(window: str, count: int) -> Promql:
    return Promql(f"topk({count}, max by (slo) ({series('sloop_burn_rate', ALL, window=window)}))", "{{slo}}")


def state(slo: str) -> Promql:
    """The number of the state in `STATES`, one series per objective."""
    chosen = ",".join(['job=~"$job"', *_matchers(slo)])
    numbered = (f'{number} * sloop_objective_state{{{chosen},state=~"{states}"}}' for number, _, _, states in STATES)
    return Promql(f"max by (slo) ({' or '.join(numbered)})", "{{slo}}")


def open_breaches(severity: str) -> Promql:
    """0 when there is none; nothing when Sloop is not scraped, which is not the same."""
    known = f"0 * max({series('sloop_snapshot_age_seconds')})"
    return Promql(f"sum({series('sloop_breach_open', severity=severity)}) or {known}", severity)


def open_breaches_by_slo(severity: str) -> Promql:
    return Promql(f"max by (slo) ({series('sloop_breach_open', ALL, severity=severity)})", "{{slo}}")


def gauge(name: str, by: str = "") -> Promql:
    """The largest value, of each `by` if that is given."""
    return Promql(f"max{f' by ({by})' if by else ''} ({series(name)})", f"{{{{{by}}}}}" if by else name)


def rate(name: str, by: str) -> Promql:
    """Events per second over five minutes."""
    return Promql(f"sum by ({by}) (rate({series(name)}[5m]))", " ".join(f"{{{{{label.strip()}}}}}" for label in by.split(",")))
