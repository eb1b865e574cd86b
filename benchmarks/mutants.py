"""How many single edits of the sources the tests notice: a test of the tests.

    python benchmarks/mutants.py [--draw 100] [--seed 0] [--only gradcli/ops …] [--number N …]

Each edit is drawn at random from all that there are: a comparison turned round or moved by its
boundary, a number plus one, a flag flipped, `and` for `or`, + for -, * for /, a `not` left out, a
returned value dropped. It is made in a copy of the checkout; the tests nearest to the file run
first and the others after them, until one fails. Command line and output formats are left out, for
they are compared with files as a whole.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import autograd.numpy  # noqa: F401  # what the tests import is loaded once, for all of them
import hypothesis  # noqa: F401
import jsonschema  # noqa: F401
import numpy as np  # noqa: F401
import pytest
import rich.console  # noqa: F401
import typer.testing  # noqa: F401

ROOT = Path(__file__).parents[1]
COPIED = ("gradcli", "grammars", "examples", "tests", "docs", "benchmarks", ".ci")
LEFT_OUT = ("gradcli/cli/", "gradcli/render/", "gradcli/__main__.py")
SECONDS = 120.0  # of processor time for a group of tests: an endless loop is noticed too
NO_TESTS = 5  # pytest found none

# The tests nearest to each part, the first that fits; then all the others, the quickest first.
NEAREST = {
    "gradcli/ops/": "tests/golden tests/lower tests/check/gradients/test_batches.py tests/ops",
    "gradcli/check/derivation/": "tests/check/derivation",
    "gradcli/check/": "tests/check/gradients",
    "gradcli/syntax/": "tests/syntax tests/lower tests/errors",
    "gradcli/lower/": "tests/golden tests/lower tests/errors/test_messages.py",
    "gradcli/values.py": "tests/lower/test_declarations.py tests/errors/test_messages.py",
    "gradcli/files.py": "tests/errors/test_hostile.py",
    "gradcli/suggest.py": "tests/errors/test_messages.py",
    "gradcli/errors.py": "tests/errors/test_caret.py tests/errors/test_messages.py",
    "gradcli/sizes.py": "tests/golden tests/lower tests/errors/test_messages.py",
    "gradcli/": "tests/golden tests/transform/test_listing.py tests/transform/test_layout.py",
}
ALL = (
    "tests/golden tests/lower tests/ops tests/errors/test_messages.py tests/transform "
    "tests/errors/test_caret.py tests/render tests/oracle tests/packaging tests/check/gradients "
    "tests/cli tests/check tests/docs tests/errors tests/fuzz"
)


class Edit(NamedTuple):
    """One edit: what stands in a file from `start` to `end`, in bytes, and what takes its place."""

    path: str
    line: int
    start: int
    end: int
    new: str

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


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


class Copy:
    """A copy of the checkout in which edits are made and tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, folder)
        self.clock = int(time.time())
        self.tried: dict[str, bool] = {}

    def write(self, name: str, source: bytes) -> None:
        """Give a file its content, and a time that no bytecode kept of it has."""
        path = self.folder / name
        path.write_bytes(source)
        self.clock += 2
        os.utime(path, (self.clock, self.clock))

    def noticed(self, edit: Edit, near: bool) -> str | None:
        """The group of tests that fails with an edit, or None; `near`: only of the nearest."""
        original = (ROOT / edit.path).read_bytes()
        nearest = next(tests for part, tests in NEAREST.items() if edit.path.startswith(part))
        for tests in dict.fromkeys([*nearest.split(), *([] if near else ALL.split())]):
            self.write(edit.path, edit.apply(original))
            passed = self._pass(tests)
            self.write(edit.path, original)
            if not passed and self.sound(tests):
                return tests
        return None

    def sound(self, tests: str) -> bool:
        """Whether a group passes with no edit, and so can notice one. It is tried once."""
        if tests not in self.tried:
            self.tried[tests] = self._pass(tests)
            if not self.tried[tests]:
                print(f"{tests}: fails with no edit, and is left out", flush=True)
        return self.tried[tests]

    def _pass(self, tests: str) -> bool:
        """Run some tests in a child of this process, which has loaded all but gradcli already."""
        child = os.fork()
        if not child:
            try:
                code = self._run(tests)
            except BaseException:  # noqa: BLE001  # whatever it is, it ends here: the folder is the parent's
                traceback.print_exc()
                code = 1
            os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, NO_TESTS)

    def _run(self, tests: str) -> int:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process
        os.chdir(self.folder)
        sys.path.insert(0, str(self.folder))
        os.environ["PYTHONPATH"] = str(self.folder)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        quick = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        return int(pytest.main(["-q", "-x", *quick, tests]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draw", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], help="only in these files and folders")
    parser.add_argument("--number", type=int, nargs="*", help="play only these of those drawn")
    parser.add_argument("--near", action="store_true", help="run the nearest tests alone")
    asked = parser.parse_args()
    found = drawn(asked.only, asked.seed, asked.draw)
    noticed = 0
    numbers = asked.number if asked.number is not None else range(len(found))
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        for number in numbers:
            edit = found[number]
            start = time.monotonic()
            by = copy.noticed(edit, asked.near)
            noticed += by is not None
            old = (ROOT / edit.path).read_bytes()[edit.start : edit.end].decode()
            what = " ".join(f"{edit.path}:{edit.line}: {old} → {edit.new}".split())
            seconds = time.monotonic() - start
            print(f"{number}: {by or 'SURVIVES'} ({seconds:.0f} s): {what}", flush=True)
    print(f"{noticed} of {len(numbers)} noticed")


if __name__ == "__main__":
    main()
