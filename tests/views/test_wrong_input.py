"""Every error that a view can give is one clear line, with a hint at how to mend it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gradcli.cli import app

TEXTS = {
    "m.eq": """
dim N = 3
input x: [N]
param W: [N, N]
h = W @ x
indexed = h * 2
loss L = sum(indexed)
""",
    "two.eq": "input x: [2]\na = x * 2\nb = x^2\ngiven dL/da, dL/db\n",
    "none.eq": "y = 3 * ones(2)\nloss L = sum(y)\n",
    "rows.eq": "index i: [2] in 0..3\ninput C: [4, 2]\nloss L = sum(C[i])\n",
    "family.eq": "dim T = 2\ninput x[1..T]: [2]\nloss L = sum(x[1] * x[2])\n",
    "simplex.eq": "input x: [2]\nassume sum(x) == 1\nloss L = sum(x^2)\n",
    "deep.eq": """
input x
h[0] = x
for t in 1..40:
    h[t] = h[t-1] * h[t-1]
loss L = h[40]
""",
    "empty.eq": "",
    "cut.json": '{"x": [1,2',
    "list.json": "[1, 2]",
    "short.json": '{"x": [1, 2]}',
    "ragged.json": '{"x": [[1, 2], [3]]}',
    "words.json": '{"x": ["a"]}',
    "nothing.json": '{"x": []}',
    "other.json": '{"zz": [1]}',
    "computed.json": '{"h": [1, 2, 3]}',
    "turned.json": '{"C": [[1, 2, 3, 4], [1, 2, 3, 4]]}',
    "x.json": '{"x": [1, 2, 3]}',
    "beyond.json": '{"i": [1, 9]}',
    "half.json": '{"i": [1, 0.5]}',
    "junk.npz": "junk",
    "junk.safetensors": "junk",
    "data.txt": "1 2 3",
}
WRONG = {
    # what is not there
    "derive wo.eq": "did you mean `two.eq`?",
    "derive nowhere/m.eq": "there is no folder nowhere",
    "graph somewhere": "no file there ends in .eq",
    "derive .": "there is deep.eq, empty.eq, family.eq, m.eq, …",
    "derive empty.eq": "a line says y = W @ x",
    "derive m.eq --data s.npz": "there is junk.npz, objects.npz",
    "derive m.eq --data hort.json": "did you mean `short.json`?",
    "derive m.eq --data w.safetensors": "junk.safetensors",
    "derive m.eq --mode forward --tangent hort.json": "did you mean `short.json`?",
    "hvp m.eq --vector hort.json": "did you mean `short.json`?",
    "check m.eq --against m.grad": "no file there ends in .grad",
    "derive m.eq -f html -o nowhere/page.html": "there is no folder nowhere",
    "graph m.eq -o somewhere": "-o names a file, not a folder",
    # names
    "derive m.eq --wrt q": "it has x, W",
    "derive m.eq --dim Q=3": "it has N",
    "derive two.eq --dim Q=3": "it has none",
    "derive m.eq --dim N=0": "a whole number from 1 on",
    "derive m.eq --data other.json": "it has N, W, x",
    "derive m.eq --data computed.json": "data bind N, W, x",
    "derive family.eq --data short.json": 'bind its members: "x[1]", …',
    "derive family.eq --wrt x[3]": "did you mean `x[2]`?",
    "derive m.eq --mode forward --wrt q": "it has x, W",
    "derive m.eq --mode both --wrt q": "it has x, W",
    "derive m.eq --mode forward --wrt x,h": "do not depend on each other",
    "derive m.eq --mode forward --tangent other.json": "--wrt names x, W, h, indexed, …",
    "derive m.eq --mode forward --wrt x,W --tangent x.json": "--wrt names what moves",
    "jacobian m.eq --of q --wrt x": "--of L",
    "jacobian m.eq --of h --wrt q": "--wrt x",
    "jacobian m.eq": "--wrt x",
    "jacobian two.eq": "--of a",
    "jacobian none.eq": "it names any quantity of the model",
    "hvp m.eq --wrt q": "it has x, W",
    "hvp m.eq --vector other.json": "--wrt names x, W",
    "hvp m.eq --wrt x,W --vector x.json": "--wrt names what the Hessian is by",
    "hessian m.eq": "--wrt x",
    "hessian m.eq --wrt q": "it has x, W",
    "hessian none.eq": "it names any quantity of the model",
    # entries
    "paths m.eq --from x": "name one of them: x[0]",
    "paths m.eq --from x[9]": "its entries are x[0] to x[2]",
    "paths m.eq --from x[-9]": "its entries are x[0] to x[2]",
    "paths m.eq --from x[0,0,0]": "its entries are x[0] to x[2]",
    "paths m.eq --from x[a]": "its entries are x[0] to x[2]",
    "paths m.eq --from x[": "its entries are x[0] to x[2]",
    "paths m.eq --from W[0]": "its entries are W[0, 0] to W[2, 2]",
    "paths m.eq --from q[0]": "an entry is written x[0]",
    "paths m.eq --from x[0] --to q": "an entry is written x[0]",
    "paths m.eq --from x[0] --to h": "name one of them: h[0]",
    "paths m.eq --from x[0] --to h[7]": "its entries are h[0] to h[2]",
    "paths family.eq --from x[3][0]": "an entry is written x[1][0]",
    "paths m.eq --from": "--from x[0]",
    "paths m.eq --from x[0] --to": "--to x[0]",
    # sizes
    "derive m.eq --data short.json": "what fits is a list of 3 numbers",
    "derive m.eq --mode forward --tangent short.json": "what fits is a list of 3 numbers",
    "hvp m.eq --wrt x --vector short.json": "what fits is a list of 3 numbers",
    "derive rows.eq --data turned.json": "it looks transposed",
    "derive m.eq --max-elements 4": "--max-elements raises the limit",
    "graph m.eq --max-elements 4": "--max-elements raises the limit",
    "derive m.eq --data x.json --max-elements 2": "--max-elements raises the limit",
    "jacobian m.eq --of h --wrt W --max-elements 20": "a product with it needs no Jacobian",
    "hessian m.eq --wrt W --max-elements 12": "a product with it needs no Jacobian",
    "derive deep.eq --order dfs": "an equation is visited once",
    # what is in the files
    "derive m.eq --data data.txt": "numpy.savez('FILE.npz', W=W) writes such a file",
    "derive m.eq --data junk.npz": "numpy.savez('FILE.npz', W=W) writes such a file",
    "derive m.eq --data objects.npz": "numpy.savez('FILE.npz', W=W) writes such a file",
    "derive m.eq --data cut.json": '{"W": [[1, 2], [3, 4]]}',
    "derive m.eq --data list.json": '{"W": [[1, 2], [3, 4]]}',
    "derive m.eq --data ragged.json": '{"W": [[1, 2], [3, 4]]}',
    "derive m.eq --data words.json": '{"W": [[1, 2], [3, 4]]}',
    "derive m.eq --data nothing.json": '{"W": [[1, 2], [3, 4]]}',
    "derive rows.eq --data beyond.json": "an index holds whole numbers, counted from 0",
    "derive rows.eq --data half.json": "an index holds whole numbers, counted from 0",
    "derive simplex.eq --data short.json": "drawn values keep what is assumed",
    # options
    "derive m.eq --notation nabla": "--layout denominator",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "somewhere").mkdir()
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(line: str) -> tuple[int, str, str]:
    words = line.split()
    if words[-1] in ("--from", "--to"):
        words.append("")
    found = CliRunner().invoke(app, words)
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return found.exit_code, found.stdout, found.stderr


@pytest.mark.parametrize("line", WRONG)
@pytest.mark.usefixtures("here")
def test_an_error_is_one_line_with_a_hint(line: str) -> None:
    code, out, err = said(line)
    assert (code, out) == (2, "")
    assert sum("error: " in each for each in err.splitlines()) == 1
    (hint,) = [each for each in err.splitlines() if each.startswith("hint: ")]
    assert WRONG[line] in hint


@pytest.mark.parametrize(
    ("library", "line", "extra"),
    [
        ("typst", "derive m.eq -f pdf", "gradcli[pdf]"),
        ("safetensors", "derive m.eq --data junk.safetensors", "gradcli[safetensors]"),
        ("torch", "check m.eq --oracle torch", "gradcli[torch]"),
        ("jax", "check m.eq --oracle jax", "gradcli[jax]"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_library_that_is_missing_is_named_with_its_extra(
    library: str, line: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code, out, err = said(line)
    assert (code, out) == (2, "")
    error, hint = err.splitlines()
    assert error.endswith("is not installed")
    assert hint.startswith(f"hint: pip install '{extra}'")
