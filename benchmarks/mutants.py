"""How many single edits of the sources the tests notice: a test of the tests.

    python benchmarks/mutants.py [--draw 100] [--seed 0] [--only gradcli/ops …] [--number N …]

Each edit is drawn at random from all that there are: a comparison turned round or moved by its
boundary, a number plus one, a flag flipped, `and` for `or`, + for -, * for /, a `not` left out, a
returned value dropped. The command line and the output formats are left out, for they are compared
with files as a whole.

An edit may live where it changes nothing that a program can do:

- `strict=` of a `zip` of what has one length by construction, which only guards it (`verify`,
  `_matmul_hint`);
- < for <= at a threshold that no computed number meets exactly (`LEAST`, `NOTHING`);
- how many points, runs or tries there are, and how much goes into one array, where one more is as
  good (`SPACE` of a derivation's points); what values of an attribute the tests try (`tried`);
- an estimate that only orders what is equally right: what a product of several costs in one order
  or another, and so which of the equal compact forms is taken (`contraction`);
- what only bounds a chance of error far below the one that is asked for (`LOG_LEAST`, the degree of
  a derivative modulo a prime, that what stands for pi is a square there);
- a shortcut to what the usual way gives too (`_appended` in the parser), and which of several equal
  things is looked at (the first of a diagonal's equal entries);
- a condition beside another one that excludes the case (a line's own entry, which holds nothing).

Where a library is not installed, PyTorch say, an edit of what calls it lives too, for its tests are
skipped.
"""

from __future__ import annotations

import argparse
import ast
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutants_run import ROOT, Trial, run

LEFT_OUT = ("gradcli/cli/", "gradcli/render/", "gradcli/__main__.py")


class Edit(NamedTuple):
    """One edit: what stands in a file from `start` to `end`, in bytes, and what takes its place."""

    path: str
    line: int
    start: int
    end: int
    new: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]

    def __str__(self) -> str:
        old = (ROOT / self.path).read_bytes()[self.start : self.end].decode()
        return " ".join(f"{self.path}:{self.line}: {old} → {self.new}".split())


TURNED: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.GtE, ast.LtE), ast.LtE: (ast.Gt, ast.Lt), ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip


def edits(path: Path) -> Iterator[Edit]:
    """All edits of a file."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    name = str(path.relative_to(ROOT))
    for node in _code(ast.parse(source)):
        for new in _changed(node):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            text = ast.unparse(new)
            yield Edit(
                name, node.lineno, start, end, text if isinstance(new, ast.stmt) else f"({text})"
            )


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are computed: no annotations, no docstrings, no texts with values in them."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns") or isinstance(tree, ast.JoinedStr):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield part
                yield from _code(part)


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """The node with one thing changed."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in TURNED[type(op)]:
                yield ast.Compare(
                    node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators
                )
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(TURNED[type(node.op)][0](), node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in TURNED:
        yield ast.BinOp(node.left, TURNED[type(node.op)][0](), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1 if node.value + 1 != node.value else node.value * 2)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def drawn(only: list[str], seed: int, count: int) -> list[Edit]:
    """Edits at random, each one different; the same for a seed and the same sources."""
    found: list[Edit] = []
    for path in sorted((ROOT / "gradcli").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(LEFT_OUT) and (not only or name.startswith(tuple(only))):
            found += edits(path)
    return random.Random(seed).sample(found, min(count, len(found)))  # noqa: S311


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draw", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="only in these files and folders")
    parser.add_argument("--number", type=int, nargs="*", help="play only these of those drawn")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="by these tests alone")
    parser.add_argument("--seconds", type=float, default=60, help="processor time for an edit")
    asked = parser.parse_args()
    found = drawn(asked.only, asked.seed, asked.draw)
    numbers = asked.number if asked.number is not None else range(len(found))
    noticed = 0

    def play(trial: Trial) -> None:
        nonlocal noticed
        for number in numbers:
            by, seconds = trial.noticed(found[number], asked.seconds)
            noticed += by is not None
            print(f"{number}: {by or 'SURVIVES'} ({seconds:.1f} s): {found[number]}", flush=True)

    run(asked.tests, play)
    print(f"{noticed} of {len(numbers)} noticed")


if __name__ == "__main__":
    main()
