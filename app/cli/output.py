"""What commands print: JSON, or plain aligned columns."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


def print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns two blanks apart, as wide as their widest cell."""
    for line in table_lines(header, rows):
        print(line)


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[int] = ()) -> Iterator[str]:
    """As `print_table` prints them; the columns of `numbers` end where their headings end."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(header))]
    for row in table:
        cells = (c.rjust(w) if n in numbers else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        yield "  ".join(cells).rstrip()


def warn(message: object) -> None:
    print(f"sloop: warning: {message}", file=sys.stderr)
