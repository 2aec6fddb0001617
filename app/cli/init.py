from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

SCHEMA = "estate.schema.json"


def init(
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Of the estate: a-z, 0-9 and -.")] = "prod",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; never over a file that exists.")] = None,
    from_aws: Annotated[bool, typer.Option("--from-aws", help="Read the account, describing and listing only.")] = False,
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="With --from-aws: the account's name.")] = "main",
    region: Annotated[
        str,
        typer.Option("--region", metavar="REGION", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="With --from-aws."),
    ] = "us-east-1",
    json: Annotated[bool, typer.Option("--json", help="The estate and the files written, as JSON.")] = False,
) -> int:
    """A first estate, with comments that say what to change, or why it is as it is. With --out its JSON Schema is beside it.

    Example: sloop init --name prod --out estate.yaml

    Example: sloop init --from-aws --region eu-central-1 --out estate.yaml
    """
    from app.cli.output import print_json
    from app.files import create_files, read_catalog
    from slo.estate.schema import render

    _check("--name", name)
    _check("--account", account)
    text = f"# yaml-language-server: $schema={SCHEMA}\n" + (_discovered(name, account, region) if from_aws else _first(name))
    files = () if out is None else (out, out.parent / SCHEMA)
    if out is not None:
        create_files(dict(zip(files, (text.encode(), render(read_catalog()).encode()), strict=True)))
    if json:
        print_json({"document": text, "files": [str(file) for file in files]})
    elif out is None:
        sys.stdout.write(text)
    else:
        print(f"{out} and {out.parent / SCHEMA} are written; next: sloop check {out} --strict")
    return 0


def _check(option: str, name: str) -> None:
    from slo.errors import UsageError
    from slo.estate.places import LABEL

    if not LABEL.fullmatch(name):
        raise UsageError(f"{option}: {name[:80]!r} is not 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")


def _first(name: str) -> str:
    from app.files import packaged_spec

    return packaged_spec("first").replace(b"{name: first}", f"{{name: {name}}}".encode()).decode()


def _discovered(name: str, account: str, region: str) -> str:
    """What could not be read goes to stderr, and into the estate too."""
    from app.bootstrap_aws import discoverer
    from app.cli.output import warn
    from app.clock import WallClock
    from app.files import read_catalog
    from slo.errors import UsageError
    from slo.estate.accounts import REGION
    from slo.units import to_minute

    if not REGION.fullmatch(region):
        raise UsageError(f"--region: {region[:80]!r} is not a region like us-east-1")
    catalog = read_catalog()
    found, gaps = discoverer(catalog, account, region).discover(name, to_minute(WallClock().now()))
    for gap in gaps:
        warn(f"not read: {gap}")
    return found.text(catalog)
