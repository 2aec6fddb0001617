from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli import estate as estates
from app.cli.estate import Paths
from app.cli.output import print_json


def dashboards(
    paths: Paths,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to; made when it is missing.")],
    grafana: Annotated[bool, typer.Option("--grafana", help="Only Grafana's.")] = False,
    cloudwatch: Annotated[bool, typer.Option("--cloudwatch", help="Only CloudWatch's.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What was written as JSON.")] = False,
) -> int:
    """Write the dashboards of an estate as files: one per component, one for the estate, one for who is on call.

    They link to the pages at SLOOP_BASE_URL. `sloop apply` keeps them in CloudWatch and Grafana instead.
    Example: sloop dashboards estate/ --out dashboards-of-prod --grafana
    """
    from app.files import read_catalog, write_file
    from app.settings import read_settings
    from dashboards.desired import FORMATS, dashboards_of

    catalog = read_catalog()
    estate = estates.read(paths, catalog)
    chosen = [f for f, wanted in zip(FORMATS, (grafana, cloudwatch), strict=True) if wanted] or FORMATS
    written = []
    for dashboard in dashboards_of(estate, catalog, read_settings().address, chosen):
        file = out / dashboard.format / f"{dashboard.name}.json"
        write_file(file, dashboard.text.encode())
        written.append({"format": dashboard.format, "key": dashboard.key, "file": str(file)})
    if json:
        print_json({"written": written})
    else:
        for row in written:
            print(row["file"])
    return 0
