from __future__ import annotations

from typing import Annotated, Any

import typer

from app.cli.output import print_json


def status(
    recovery: Annotated[bool, typer.Option("--recovery", help="Also the recovery targets: exposure, verdicts, proof.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The documents of the API, whole.")] = False,
) -> int:
    """How everything stands, from the running service: worst objectives first, open breaches, sources that lag.

    It is asked at SLOOP_BASE_URL, or at SLOOP_HOST and SLOOP_PORT. Exit code 0 whatever it says, 1 when it does not answer.
    Example: sloop status --recovery
    """
    from app.cli.status_text import lines
    from app.settings import read_settings
    from app.status import ServiceApi

    service = ServiceApi(read_settings().address)
    try:
        found: dict[str, Any] = {"slos": service.items("/api/v1/slos"), "lag_seconds": service.lags()}
        if recovery:
            found["recovery"] = service.items("/api/v1/recovery")
    finally:
        service.close()
    if json:
        print_json(found)
    else:
        print("\n".join(lines(found)))
    return 0
