"""The golden files of `sloop cost`: what it prints for two small estates."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

from app.cli.main import run

GOLDEN = Path(__file__).parents[1] / "golden" / "cost"
AFTER, BEFORE = str(GOLDEN / "estate.yaml"), str(GOLDEN / "before.yaml")
FILES = {
    "cost.txt": [AFTER],
    "cost.json": [AFTER, "--json"],
    "compare.txt": [AFTER, "--compare", BEFORE],
    "compare.json": [AFTER, "--compare", BEFORE, "--json"],
}


def printed(name: str) -> str:
    with redirect_stdout(io.StringIO()) as out:
        assert run(["cost", *FILES[name]]) == 0
    return out.getvalue()


if __name__ == "__main__":
    for name in FILES:
        (GOLDEN / name).write_text(printed(name), encoding="utf-8")
