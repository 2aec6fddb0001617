from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.estate import EstatePath
from app.cli.output import print_json

if TYPE_CHECKING:
    from app.estimate import Estimate


def cost(
    path: EstatePath = None,
    poll_minutes: Annotated[
        int | None, typer.Option("--poll-minutes", metavar="N", min=1, max=60, help="Instead of SLOOP_POLL_MINUTES.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="BEFORE", help="The estate as it was: shows what the change costs.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, unrounded.")] = False,
) -> int:
    """What watching an estate costs a month, by dated list prices: per component and source. Asks nobody, works offline.

    Requests are metrics requested; a request brings all its minutes at one price, so fewer polls cost less and page later.
    Example: sloop cost estate/ --compare estate-before/
    """
    from app.cli.cost_text import comparison_document, comparison_lines, cost_document, cost_lines

    after = _estimate(path, poll_minutes)
    if compare is None:
        document, lines = cost_document(after), cost_lines(after)
    else:
        before = _estimate(compare, poll_minutes)
        document, lines = comparison_document(before, after), comparison_lines(before, after)
    if json:
        print_json(document)
    else:
        print("\n".join(lines))
    return 0


def _estimate(path: Path | None, poll_minutes: int | None) -> Estimate:
    from app.cli.estate import read_own
    from app.estimate import estimate
    from app.files import read_catalog, read_prices
    from app.settings import read_settings

    settings, catalog = read_settings(), read_catalog()
    estate = read_own(path, settings, catalog)
    if poll_minutes is not None:
        settings = settings.model_copy(update={"poll_minutes": poll_minutes})
    return estimate(estate, catalog, settings, read_prices())
