"""What dashboards are called: stable, and never like those of another estate."""

from __future__ import annotations

import hashlib


def grafana_uid(estate: str, view: str) -> str:
    """26 characters; Grafana takes at most 40."""
    return f"sloop-{hashlib.sha256(f'{estate}/{view}'.encode()).hexdigest()[:20]}"


def grafana_folder(estate: str) -> tuple[str, str]:
    """(uid, title)."""
    return grafana_uid(estate, "folder"), f"sloop-{estate}"


def cloudwatch_name(estate: str, view: str) -> str:
    """Letters, digits, - and _ only, at most 255 characters, because both parts are labels.

    Views' names hold one `_` and labels none, so no dashboard of estate `prod-eu` looks like one of estate `prod`.
    """
    return f"sloop-{estate}-{view}"


def is_named_by(estate: str, dashboard: str) -> bool:
    """Whether a CloudWatch dashboard of this name is one of this estate's, by its name alone."""
    rest = dashboard.removeprefix(f"sloop-{estate}-")
    return rest != dashboard and rest.partition("_")[0] in ("view", "component")
