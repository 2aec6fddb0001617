"""Break the judge on purpose, one operator or number at a time, in a copy of the tree: which breaks does no test notice?

python scripts/mutants.py [--count 40] [--seed 1]
A survivor is a question to a reader: is a test missing, or does the change make no difference?
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
BROKEN = ("slo/judge/*.py", "alerts/breach.py", "alerts/backtest.py")
TESTS = ("tests/slo/judge", "tests/alerts", "tests/app/cli/test_golden.py")
OTHER: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def places(tree: ast.Module) -> Iterator[int]:
    """Positions, in the order of `ast.walk`, of the nodes that `mutated` can change."""
    for place, node in enumerate(ast.walk(tree)):
        number = isinstance(node, ast.Constant) and type(node.value) is int
        comparison = isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER
        operation = isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OTHER
        if number or comparison or operation:
            yield place


def mutated(tree: ast.Module, place: int) -> tuple[int, str, str]:
    """(line, what stood there, the whole file with something else there)."""
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[place]
    before = ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        node.value += 1
    elif isinstance(node, ast.Compare):
        node.ops[0] = OTHER[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = OTHER[type(node.op)]()
    return getattr(node, "lineno", 0), f"{before}  ->  {ast.unparse(node)}", ast.unparse(changed)


def noticed(folder: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--timeout=60", *TESTS]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for pattern in BROKEN for path in sorted(ROOT.glob(pattern))}
    every = [(path, place) for path, tree in trees.items() for place in places(tree)]
    chosen = random.Random(wanted.seed).sample(every, min(wanted.count, len(every)))
    survivors = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "sloop"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__"))
        if noticed(folder):
            print("the tests fail before anything is broken")
            return 1
        for path, place in chosen:
            name = path.relative_to(ROOT)
            line, change, text = mutated(trees[path], place)
            (folder / name).write_text(text, encoding="utf-8")
            if not noticed(folder):
                survivors += 1
                print(f"{name}:{line}: {change}", flush=True)
            shutil.copy(path, folder / name)
    print(f"seed {wanted.seed}: {len(chosen) - survivors} of {len(chosen)} broken judges noticed, {len(every)} possible")
    return 0


if __name__ == "__main__":
    sys.exit(main())
