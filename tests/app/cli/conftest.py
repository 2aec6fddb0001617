"""The small estate before an empty simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.account import Account, account
from tests.support.wishes import GOLDEN, PAGER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    """The small estate is SLOOP_ESTATE, and an empty account waits; the dashboards are somebody else's test."""
    estate = tmp_path / "small.yaml"
    estate.write_text((GOLDEN / "small.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert PAGER is not None
    with account() as found:
        ours = {"SLOOP_ESTATE": str(estate), "SLOOP_WRITES_PER_SECOND": "1000", "SLOOP_PAGER_ENDPOINT": PAGER.url}
        for name, value in {**found.environment, **ours}.items():
            monkeypatch.setenv(name, value)
        yield found
