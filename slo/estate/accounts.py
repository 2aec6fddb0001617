"""Accounts as declared: where CloudWatch is read and as whom. The first is the default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slo.estate.problems import shown
from slo.estate.spec import Account

if TYPE_CHECKING:
    from slo.estate.places import Place

_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


def read(place: Place) -> tuple[Account, ...]:
    found = []
    for name, account in place.fields().items():
        fields = account.fields(("id", "region", "role_arn"), required=("id", "region"))
        id_ = _matching(fields, "id", _ID, '12 digits in quotes, like "111122223333"')
        region = _matching(fields, "region", _REGION, "a region like us-east-1")
        role_arn = _matching(fields, "role_arn", _ROLE, "a role like arn:aws:iam::111122223333:role/sloop")
        found.append(Account(name, id_ or "?", region or "?", role_arn))
    return tuple(found)


def _matching(fields: dict[str, Place], name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
    text = fields[name].text() if name in fields else None
    if text is None or pattern.fullmatch(text):
        return text
    fields[name].error("bad_account", f"{shown(text)} is not {wanted}")
    return None
