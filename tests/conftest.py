from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests import programs

if TYPE_CHECKING:
    from collections.abc import Iterator

# The same examples every time, and nothing kept between runs; `make chaos` takes the other one, with a seed.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("chaos", parent=settings.get_profile("ci"), derandomize=False, max_examples=5000, print_blob=True)
settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture starts a program, say that it is missing."""
    for name in (name for marker in item.iter_markers("needs") for name in marker.args):
        if programs.find(name) is None:
            missing = pytest.fail if programs.must_run() else pytest.skip
            missing(programs.how_to_get(name))


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that runs in this process configures the logs of all tests behind it."""
    yield
    structlog.reset_defaults()
