from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import estate as estates
from app.cli.estate import Paths
from app.cli.output import print_json, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.catalog.catalog import Catalog
    from slo.estate.loss import Imported, Loss, Written
    from slo.estate.resilience_hub import Shape
    from slo.estate.spec import Estate

IMPORTS = ("sloth", "openslo", "resilience-hub")
EXPORTS = ("openslo", "prometheus", "resilience-hub")
SHAPES = ("v1", "v2")

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to this file instead of stdout.")]
Json = Annotated[bool, typer.Option("--json", help="The document and what is lost, as JSON.")]


def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="sloth, openslo or resilience-hub: what the files are.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files or folders.")],
    out: Out = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="metadata.name of the estate.")] = None,
    window: Annotated[str, typer.Option("--window", metavar="SPAN", help="Sloth only: the period it is run with.")] = "30d",
    json: Json = False,
) -> int:
    """Make an estate file of Sloth or OpenSLO documents or of resiliency policies. What it cannot say is listed on stderr.

    Sloth: prometheus/v1 and PrometheusServiceLevel. Example: sloop import sloth slos/ --name prod --out estate.yaml
    """
    from app.files import read_catalog, read_specs
    from slo.estate.write import write

    _check_format(format_, IMPORTS)
    catalog = read_catalog()
    found = _imported(format_, list(read_specs(files)), catalog, name, window)
    written = write(found.estate, catalog.default_policy)
    _check_result(written, catalog)
    _say(written.text, (*found.losses, *written.losses), out, json=json)
    return 0


def export(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="openslo, prometheus or resilience-hub: what to write.")],
    paths: Paths,
    out: Out = None,
    shape: Annotated[str, typer.Option("--shape", metavar="VERSION", help="Resilience Hub only: v1 or v2 of its API.")] = "v1",
    json: Json = False,
) -> int:
    """Write an estate as OpenSLO documents, Prometheus rules or resiliency policies. What these cannot say is on stderr.

    Example: sloop export prometheus estate/ --out rules.yaml && promtool check rules rules.yaml
    """
    from app.files import read_catalog

    _check_format(format_, EXPORTS)
    if shape not in SHAPES:
        from slo.errors import UsageError

        raise UsageError(f"--shape {shape!r} is not known here; there is {', '.join(SHAPES)}")
    catalog = read_catalog()
    written = _exported(format_, estates.read(paths, catalog), catalog, "v2" if shape == "v2" else "v1")
    _say(written.text, written.losses, out, json=json)
    return 0


def _exported(format_: str, estate: Estate, catalog: Catalog, shape: Shape) -> Written:
    from slo.estate import export_openslo, export_prometheus, export_resilience_hub

    if format_ == "resilience-hub":
        return export_resilience_hub.export(estate, shape)
    written: Written = (export_openslo if format_ == "openslo" else export_prometheus).export(estate, catalog)
    return written


def _check_format(given: str, known: Sequence[str]) -> None:
    from slo.errors import UsageError

    if given not in known:
        raise UsageError(f"format {given!r} is not known here; there is {', '.join(known)}")


def _imported(format_: str, files: Sequence[tuple[str, bytes]], catalog: Catalog, name: str | None, window: str) -> Imported:
    from slo.errors import UsageError
    from slo.estate import import_openslo, import_resilience_hub, sloth
    from slo.estate.places import LABEL
    from slo.units import parse_duration

    if name is not None and not LABEL.fullmatch(name):
        raise UsageError(f"--name {name!r} is not a name; write 1 to 63 of a-z, 0-9 and -, like prod")
    if format_ == "openslo":
        return import_openslo.read(files, catalog, name=name)
    if format_ == "resilience-hub":
        return import_resilience_hub.read(files, catalog.default_policy, name=name)
    try:
        minutes = parse_duration(window)
    except ValueError as error:
        raise UsageError(f"--window: {error}") from None
    return sloth.read(files, catalog.default_policy, name=name or sloth.NAME, window=minutes)


def _check_result(written: Written, catalog: Catalog) -> None:
    """What was read is in order, so what is written must be: SpecError where the estate format refuses it."""
    from slo.errors import SpecError
    from slo.estate.load import load

    loaded = load((("(the estate)", written.text.encode()),), catalog)
    if loaded.estate is None:
        raise SpecError(loaded.problems)


def _say(text: str, losses: Sequence[Loss], out: Path | None, *, json: bool) -> None:
    """The losses go to stderr all the same, so that nobody has to read JSON to see them."""
    from dataclasses import asdict

    from app.files import write_file

    for loss in losses:
        warn(loss)
    if out is not None:
        write_file(out, text.encode())
    if json:
        print_json({"document": text, "losses": [asdict(loss) for loss in losses]})
    elif out is None:
        print(text, end="")
