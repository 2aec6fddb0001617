"""A form's token: of one path, of one process."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from app.csrf import Csrf


def test_a_token_is_of_one_action_and_one_process() -> None:
    csrf = Csrf()
    token = csrf.token("/recovery/drills")
    csrf.check("/recovery/drills", token)
    for action, sent in (("/recovery", token), ("/recovery/drills", ""), ("/recovery/drills", "ä" * 64)):
        with pytest.raises(HTTPException) as refused:
            csrf.check(action, sent)
        assert refused.value.status_code == 403
    assert Csrf().token("/recovery/drills") != token
