from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.iam import Role
    from slo.resource import Place


def iam_policy(
    role: Annotated[
        str | None,
        typer.Argument(metavar="ROLE", help="service, recovery, plan, apply or discover; without: each, by its name."),
    ] = None,
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="Estate: its accounts and regions, in place of `*`.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As it is anyhow: a policy is JSON.")] = False,  # noqa: ARG001  # every command takes it
) -> int:
    """The least that a role must be allowed in AWS, as an IAM policy. It holds what the code calls and nothing else.

    Example: sloop iam-policy apply estate/ > apply.json

    Example: sloop iam-policy service
    """
    from slo.iam import ANYWHERE, ROLES, policy

    if role is not None and role not in ROLES and path is None and (only := Path(role)).exists():
        role, path = None, only
    wanted: list[Role] = [name for name in ROLES if role in (None, name)]
    if not wanted:
        from slo.errors import UsageError

        raise UsageError(f"no role {role!r}; there are {', '.join(ROLES)}")
    name, places = ("*", ANYWHERE) if path is None else _where(path)
    made: dict[str, Any] = {one: policy(one, name, places) for one in wanted}
    print_json(made if role is None else made[role])
    return 0


def _where(path: Path) -> tuple[str, Sequence[Place]]:
    """ProvisionError when the estate names no account."""
    from alerts.desired import wanted_alarms
    from app.cli.estate import read
    from app.files import read_catalog

    catalog = read_catalog()
    estate = read([path], catalog)
    return estate.name, wanted_alarms(estate, catalog).places
