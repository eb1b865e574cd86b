"""Where each statement stands, whatever it is and whether it can be read."""

from __future__ import annotations

import json

import pytest
from running import gradcli

from gradcli.api import GradError, parse
from gradcli.errors import GradErrors, Span
from gradcli.lower.model import lower
from gradcli.syntax import read, read_source

MODEL = """\
dim N = 3   # how many
input X: [
  N, N]   # in brackets
def twice(a) = 2 * a
op same(x) = 1 * x:
    dL/dx = dL/dout
for t in 1..2:

    h[t] = twice(X) * t + gelu(X)
loss L = sum(same(h[2]))
"""
STATEMENTS = [
    "dim N = 3",
    "input X: [\n  N, N]",
    "def twice(a) = 2 * a",
    "op same(x) = 1 * x:",
    "dL/dx = dL/dout",
    "for t in 1..2:",
    "h[t] = twice(X) * t + gelu(X)",
    "loss L = sum(same(h[2]))",
]


def test_every_statement_is_known() -> None:
    source = read(read_source("a.eq", MODEL.encode())).source
    assert [source.text[slice(*place)] for place in source.statements] == STATEMENTS


def test_each_step_belongs_to_a_statement() -> None:
    program = lower(read(read_source("a.eq", MODEL.encode())))
    found = {}
    for step in program.steps:
        around = program.span(step.place).statement()
        assert around is not None
        assert around.start <= step.place[0] < step.place[1] <= around.end
        found[step.name] = around.text
    assert found["h[1]"] == found["h[2]"] == STATEMENTS[6]
    assert found["z1[2]"] == STATEMENTS[2]  # a line of a definition is where its steps come from
    assert found["L"] == STATEMENTS[7]


def test_what_stands_in_no_statement_has_none() -> None:
    source = read(read_source("a.eq", b"# first\ninput x = 1  # of x\n\nL = x\n")).source
    text = source.text

    def around(what: str) -> str | None:
        found = Span(source, text.index(what), text.index(what) + 1).statement()
        return found and found.text

    assert around("first") is None
    assert around("of x") == "input x = 1"  # behind it, on its line
    assert around("\nL") is None
    assert around("L = x") == "L = x"
    assert Span(source._replace(statements=()), 10, 11).statement() is None


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        ("y = x @@ 3   # two", "y = x @@ 3"),
        ("z = ) 3", "z = ) 3"),
        ("y = x +   # what", "y = x +"),
        ("y = (x,\n  3", "y = (x,\n  3"),
        ("for t in 1..2:\n    y[t] = x *\n    z[t] = x", "y[t] = x *"),
        ("y = foo(\n  x)", "y = foo(\n  x)"),
        ("y = x + [1, 2, 3]", "y = x + [1, 2, 3]"),
        ("$ = x", "$ = x"),
    ],
)
def test_an_error_knows_its_statement(line: str, statement: str) -> None:
    with pytest.raises(GradError) as caught:
        parse(f"input x: [2]\n{line}\nloss L = sum(x)\n").derive()
    around = caught.value.statement
    assert around is not None
    assert around.text == statement


def test_errors_of_a_file_know_theirs() -> None:
    with pytest.raises(GradErrors) as caught:
        lower(read(read_source("a.eq", b"input x: [2]\ny = x +\nz = foo\nloss L = sum(x @ x)\n")))
    found = [error.statement and error.statement.text for error in caught.value.errors]
    assert found == ["y = x +", "z = foo", "loss L = sum(x @ x)"]


def test_python_and_json_say_where_an_equation_comes_from() -> None:
    model = "input x: [2]\ny = x * exp(x)\nloss L = sum(y)\n"
    first, *_, last = parse(model).derive().equations
    assert (first.statement, first.line) == ("y = x * exp(x)", 2)
    assert (last.statement, last.line) == ("loss L = sum(y)", 3)
    found = gradcli("derive", "-", "--json", text=model)
    record = json.loads(found.stdout)["forward"][0]
    assert record["place"] == {"line": 2, "column": 9, "end_line": 2, "end_column": 15}
    assert record["statement"] == {"line": 2, "column": 1, "end_line": 2, "end_column": 15}


def test_the_context_of_an_error_in_sarif() -> None:
    found = gradcli("check", "-", "-f", "sarif", text="input x: [2]\ny = x + foo\n")
    (result,) = json.loads(found.stdout)["runs"][0]["results"]
    where = result["locations"][0]["physicalLocation"]
    assert where["region"]["startColumn"] == 9
    assert where["contextRegion"] == {
        "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 12,
    }  # fmt: skip
