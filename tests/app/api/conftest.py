from __future__ import annotations

import pytest

from tests.app import picture


@pytest.fixture
def site() -> picture.Site:
    return picture.site(*picture.shared())
