"""Whose credentials these are: asked before anything else, once per account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.aws.calls import call
from slo.errors import WrongAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.aws.session import AwsSession
    from slo.resource import Place


class AwsIdentity:
    """GetCallerIdentity needs no permission, so whatever it says is about the credentials and not about what they may do."""

    def __init__(self, session: AwsSession, places: Sequence[Place]) -> None:
        self._session = session
        self._unsure = {p.account: p for p in sorted(places, reverse=True)}
        self._places = tuple(sorted(places))

    def check(self) -> None:
        """WrongAccount at the first that is not the declared one. What was found right is not asked again."""
        for name, place in sorted(self._unsure.items()):
            client = self._session.client("sts", place.account, place.region)
            found = str(call("sts:GetCallerIdentity", client.get_caller_identity)["Account"])
            if found != place.id:
                raise WrongAccount(name, place.id, found)
            del self._unsure[name]

    def who(self) -> str:
        """The ARN of the user or role session."""
        first = self._places[0]
        client = self._session.client("sts", first.account, first.region)
        return str(call("sts:GetCallerIdentity", client.get_caller_identity)["Arn"])
