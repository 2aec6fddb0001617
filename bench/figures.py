"""Figures of the benchmarks: printed as a table with their spread, kept in results.json by name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str
    goal: str
    spread: str = ""


def of_samples(name: str, samples: list[float], unit: str, goal: str) -> Figure:
    """The median, with least and most beside it."""
    low, high = min(samples), max(samples)
    return Figure(name, round(median(samples), 3), unit, goal, f"{low:.3g} to {high:.3g}, n = {len(samples)}")


def report(figures: list[Figure]) -> None:
    """Print, and replace these names in results.json."""
    width = max(len(f.name) for f in figures)
    for f in figures:
        print(f"{f.name:<{width}}  {f.value:>10.3f} {f.unit:<4}  goal {f.goal:<12}  {f.spread}")
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {f.name for f in figures}
    rows = [r for r in kept if r["name"] not in names]
    rows += [{k: v for k, v in asdict(f).items() if k != "spread"} for f in figures]
    RESULTS.write_text(json.dumps(sorted(rows, key=lambda r: r["name"]), indent=1) + "\n")
