from __future__ import annotations

import re

import pytest

from dashboards.naming import cloudwatch_name, grafana_uid, is_named_by


@pytest.mark.parametrize("estate", ["prod", "prod-eu", "prod-component", "prod-view"])
def test_no_dashboard_looks_like_one_of_another_estate(estate: str) -> None:
    names = [cloudwatch_name(estate, view) for view in ("view_estate", "view_on-call", "component_eu", "component_view-estate")]
    others = {"prod", "prod-eu", "prod-component", "prod-view"} - {estate}
    assert all(is_named_by(estate, own) for own in names)
    assert not any(is_named_by(other, own) for other in others for own in names)


@pytest.mark.parametrize("foreign", ["sloop-prod-", "sloop-prod-mine", "prod-view_estate", "view_estate"])
def test_what_others_named_is_not_ours(foreign: str) -> None:
    assert not is_named_by("prod", foreign)


def test_a_uid_of_grafana_never_changes_and_differs_by_estate() -> None:
    assert grafana_uid("small", "view_estate") == "sloop-f58d2178aaba94413b4e"
    assert grafana_uid("small", "view_estate") != grafana_uid("smaller", "view_estate")
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", grafana_uid("small", "view_estate"))
