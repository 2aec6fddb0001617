from __future__ import annotations

from typing import Annotated

import typer


def demo(
    speed: Annotated[float, typer.Option("--speed", min=1, max=200, help="Estate seconds per second of the wall.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", metavar="NAME@SECONDS", help="Wall seconds after ready; may be repeated.")
    ] = None,
    port: Annotated[
        int, typer.Option("--port", envvar="SLOOP_PORT", min=0, max=65535, help="Port of the pages; 0 picks one.")
    ] = 8000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed models the same traffic.")] = 7,
) -> int:
    """The reference estate on this machine alone: watch a fault burn a budget, page, and resolve.

    Examples: sloop demo; sloop demo --speed 20; sloop demo --fault api-5xx@30 --fault orders-5xx@300
    """
    from contextlib import suppress

    from app.demo import run

    with suppress(KeyboardInterrupt):
        run(speed=speed, faults=tuple(fault or ("api-5xx@30",)), port=port, seed=seed)
    return 0
