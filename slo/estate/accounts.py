"""Accounts as declared: where CloudWatch is read and as whom. The first is the default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slo.estate.problems import shown
from slo.estate.spec import Account

if TYPE_CHECKING:
    from slo.estate.places import Place

ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


def read(place: Place) -> tuple[Account, ...]:
    found = []
    for name, account in place.fields().items():
        fields = account.fields(("id", "region", "role_arn"), required=("id", "region"))
        id_ = _matching(fields, "id", ID, '12 digits in quotes, like "111122223333"')
        region = _matching(fields, "region", REGION, "a region like us-east-1")
        role_arn = _matching(fields, "role_arn", ROLE, "a role like arn:aws:iam::111122223333:role/sloop")
        found.append(Account(name, id_ or "?", region or "?", role_arn))
    return tuple(found)


def _matching(fields: dict[str, Place], name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
    text = fields[name].text() if name in fields else None
    if text is None or pattern.fullmatch(text):
        return text
    fields[name].error("bad_account", f"{shown(text)} is not {wanted}")
    return None
