"""Nothing outside the table asks for an operation by its name: what it wants to know is a flag."""

import ast
import re
from pathlib import Path

import pytest

import gradcli
from gradcli.ops import FUNCTIONS, TABLE

PACKAGE = Path(gradcli.__file__).parent
# The table, and what its rules are written in: Python's operators on expressions.
OWN = ("ops/", "expr.py")
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not path.relative_to(PACKAGE).as_posix().startswith(OWN)
]
NAMES = {*TABLE, *FUNCTIONS}
OPERATION = re.compile(r"\b(op|call|function)\b")


def named(node):
    """The texts that an expression is, or is a choice of."""
    many = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return {each.value for each in many if isinstance(each, ast.Constant)}


def looked_up(node):
    """Whether an expression is an entry of the table, found by its name, or a choice of some."""
    many = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return any(re.match(r"(TABLE|FUNCTIONS)\[['\"]", ast.unparse(each)) for each in many)


def asked(text):
    """The comparisons with an operation's name in some code."""
    tree = ast.parse(text)
    entries = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and looked_up(node.value)
        for target in node.targets
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            others = " ".join(ast.unparse(side) for side in sides if not named(side))
            by_name = any(named(side) & NAMES for side in sides) and OPERATION.search(others)
            if by_name or any(looked_up(s) or ast.unparse(s) in entries for s in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Match) and OPERATION.search(ast.unparse(node.subject)):
            yield ast.unparse(node.subject)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_operation_is_asked_for_by_its_name(path):
    assert list(asked(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        'step.call.op.name == "sum"',
        'op in ("add", "mul")',
        'if call.op is TABLE["copy"]: pass',
        'COPY = TABLE["copy"]\nwrong = op is COPY',
        'BOTH = (TABLE["add"], TABLE["mul"])\nwrong = op not in BOTH',
    ],
)
def test_what_asks_is_found(code):
    assert len(list(asked(code))) == 1
