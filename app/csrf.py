"""Tokens of forms: proof that a form that comes back was rendered by this process for this very action."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest, new
from secrets import token_bytes
from typing import Annotated

from fastapi import Form, HTTPException

FIELD = "csrf"
Token = Annotated[str, Form(alias=FIELD, max_length=100)]


class Csrf:
    """One per process, beside the guard's Origin check: a page of another site can neither read nor guess a token."""

    def __init__(self, secret: bytes | None = None) -> None:
        self._secret = secret or token_bytes(32)

    def token(self, action: str) -> str:
        """Of the form that posts to this path."""
        return new(self._secret, action.encode(), sha256).hexdigest()

    def check(self, action: str, token: str) -> None:
        """HTTPException 403 unless the form was rendered for this path since the process began."""
        if not compare_digest(self.token(action).encode(), token.encode()):
            raise HTTPException(403, "this form is of another page or from before a restart; go back, reload and send it again")
