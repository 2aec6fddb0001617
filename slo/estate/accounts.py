"""Accounts as declared: where CloudWatch is read and as whom. The first is the default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slo.estate import references
from slo.estate.problems import shown
from slo.estate.spec import Account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.places import Place

ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)


def read(place: Place) -> tuple[Account, ...]:
    found: dict[str, Account] = {}
    monitors: dict[str, Place] = {}
    for name, account in place.fields().items():
        fields = account.fields(("id", "region", "role_arn", "monitored_by"), required=("id", "region"))
        id_ = _matching(fields, "id", ID, '12 digits in quotes, like "111122223333"')
        region = _matching(fields, "region", REGION, "a region like us-east-1")
        role_arn = _matching(fields, "role_arn", ROLE, "a role like arn:aws:iam::111122223333:role/sloop")
        monitor = fields["monitored_by"].text() if "monitored_by" in fields else None
        found[name] = Account(name, id_ or "?", region or "?", role_arn, monitor)
        if monitor is not None:
            monitors[name] = fields["monitored_by"]
    for name, named in monitors.items():
        _check_monitor(named, found[name], found)
    return tuple(found.values())


def _check_monitor(place: Place, account: Account, known: Mapping[str, Account]) -> None:
    """One that shows it: CloudWatch links accounts within a region, and what is shown there is not shown on."""
    monitor = known.get(references.named(place, "account", known, "unknown_account") or "")
    if monitor is None:
        return
    if monitor.id == account.id:
        place.error("bad_account", "an account needs nobody to show its own metrics; name another one, or drop monitored_by")
    elif monitor.monitored_by is not None:
        text = f"{monitor.name!r} is itself monitored by {shown(monitor.monitored_by)}, which is not passed on"
        place.error("bad_account", f"{text}; name the account that it is linked to")
    elif monitor.region != account.region:
        text = f"{monitor.name!r} is of {monitor.region} and {account.name!r} of {account.region}"
        place.error("bad_account", f"{text}, and accounts are linked within a region; name a monitoring account there")


def _matching(fields: dict[str, Place], name: str, pattern: re.Pattern[str], wanted: str) -> str | None:
    text = fields[name].text() if name in fields else None
    if text is None or pattern.fullmatch(text):
        return text
    fields[name].error("bad_account", f"{shown(text)} is not {wanted}")
    return None
