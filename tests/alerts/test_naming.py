from __future__ import annotations

from fractions import Fraction
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import naming
from alerts.breach import Breach
from slo.judge.burn import Rule

LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
BREACH = Breach("api.availability", "page", Rule("page", 60, 5, Fraction(72, 5)), 29_927_520, Fraction(1, 30))


def test_names_are_those_of_the_contract() -> None:
    assert naming.key("prod", "api.availability", "page") == "sloop/prod/api.availability/page"
    assert naming.key("prod", "api.availability", "ticket") == "sloop/prod/api.availability/ticket"
    assert naming.recovery_key("prod", "database", "az-loss") == "sloop/prod/recovery/database/az-loss"
    assert naming.heartbeat_key("prod") == "sloop/prod/heartbeat"
    assert naming.test_key("prod", "api") == "sloop/prod/test/api"
    assert naming.group_key("prod", "api") == "sloop/prod/group/api/page"
    assert naming.resource_name("prod", "pages") == "sloop-prod-pages"


@settings(deadline=None)
@given(estate=LABEL, component=LABEL, indicator=LABEL)
def test_names_made_of_labels_are_never_cut(estate: str, component: str, indicator: str) -> None:
    assert naming.key(estate, f"{component}.{indicator}", "page") == f"sloop/{estate}/{component}.{indicator}/page"


@settings(deadline=None)
@given(name=st.text(min_size=0, max_size=600), other=st.text(min_size=0, max_size=600))
def test_fitted_names_keep_the_limit_and_stay_different(name: str, other: str) -> None:
    assert len(naming.fit(name)) <= naming.MAX_NAME
    assert (naming.fit(name) == naming.fit(other)) == (name == other)


def test_long_names_that_differ_at_the_end_only_stay_different() -> None:
    page, ticket = naming.key("prod", "x" * 300, "page"), naming.key("prod", "x" * 300, "ticket")
    assert page != ticket
    assert len(page) == len(ticket) == naming.MAX_NAME


def test_a_breach_id_is_safe_in_urls_and_stays_when_it_resolves() -> None:
    identity = naming.breach_id(BREACH)
    assert identity == "api.availability.page.29927520"
    assert quote(identity, safe="") == identity


@pytest.mark.parametrize("kind", ["opened", "notified", "resolved"])
def test_a_transition_is_named_after_its_breach(kind: naming.Kind) -> None:
    assert naming.transition_id(BREACH, kind) == f"api.availability.page.29927520/{kind}"
