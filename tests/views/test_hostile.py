"""Odd models in every view: an answer or one error, never a traceback."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from gradcli.cli import app

MODELS = {
    "noinput": "y = 3 * ones(2)\nloss L = sum(y)\n",
    "const": "const c: [3]\nloss L = sum(c)\n",
    "rank3": "input x: [2,3,4], W: [4,5]\ny = x @ W\nz = softmax(y, axis=2)\ngiven dL/dz\n",
    "mixed": "input x: [3,4], b: [2,3,4]\ny = x * b + 1\nloss L = sum(y^2)\n",
    "op": "op clipped(x) = minimum(maximum(x, -1), 1):\n    dL/dx = dL/dout * (abs(x) < 1).T\ninput x: [5] = [-2, -0.5, 0, 0.5, 2]\nloss L = sum(clipped(x))\n",
    "nan": "input x: [2] = [0, 1]\nloss L = sum(log(x))\n",
    "inv": "input A: [2,2] = [[1, 2], [2, 4]]\nloss L = sum(inv(A))\n",
    "slices": "input x: [6]\ny = concat(x[0:2]*2, x[3:4])\nz = x[5]\nloss L = sum(y) * z\n",
    "family": "dim T=3\ninput x[1..T]: [2]\nh[0] = zeros(2)\nfor t in 1..T:\n    h[t] = tanh(h[t-1] + x[t])\nloss L = sum(h[3])\ngiven dL/dh[2]\n",
    "bad": "input x: [2]\nloss L = x\n",
    "syntax": "a = (1 +\n",
    "unicode": "input θ: [2]\nδy = θ * 2\nloss L = sum(δy)\n",
    "copy": "input x: [2]\ny = x\ngiven dL/dy\n",
    "same": "input x\nloss L = x\n",
}
COMMANDS = [
    ["jacobian"],
    ["jacobian", "--chain", "--layout", "denominator"],
    ["jacobian", "--of", "x", "--wrt", "x"],
    ["jacobian", "--of", "x", "--wrt", "L"],
    ["hvp"],
    ["hessian"],
    ["hessian", "--wrt", "x"],
    ["paths", "--from", "x[0]"],
    ["jacobian", "--wrt", "q"],
    ["paths", "--from", "x"],
    ["graph"],
    ["graph", "--rolled"],
    ["graph", "--grad", "-f", "svg"],
    ["derive", "--mode", "both"],
    ["derive", "--order", "dfs"],
    ["derive", "--notation", "bar"],
    ["derive", "-f", "markdown"],
    ["derive", "-f", "html"],
    ["hvp", "-f", "python"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("name", MODELS)
def test_an_odd_model_is_shown_or_refused(name, command):
    found = CliRunner().invoke(app, [command[0], "-", *command[1:]], input=MODELS[name])
    assert found.exception is None or isinstance(found.exception, SystemExit)
    assert found.exit_code in (0, 2)
    assert bool(found.stdout) == (found.exit_code == 0)
    if found.exit_code:
        errors = [line for line in found.stderr.splitlines() if "error: " in line]
        assert errors
        assert "Traceback" not in found.stderr
