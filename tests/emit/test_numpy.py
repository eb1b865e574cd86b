"""`gradcli emit --to numpy`: modules run beside the evaluator, and their text."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import Case as OpCase
from cases import cases
from emitting import EXAMPLES, Case, agree, case, load, run
from hypothesis import assume, given, settings
from random_models import models

import gradcli
from gradcli.emit.layout import WIDTH
from gradcli.errors import GradError
from gradcli.ops import TABLE, Op

RNN = """
dim T = {T}, X = 2, H = 3
input x[1..T]: [X], h_start: [H]
param W: [H, X], U: [H, H], V: [1, H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W @ x[t] + U @ h[t-1])
loss L = sum((V @ h[t])^2 for t in 1..T)
"""

LOOPS = {
    "one after the other": RNN.format(T=5),
    "two deep": """
dim T = 4, K = 3, H = 2
input x[1..T, 0..K]: [H]
param W: [H, H]
for t in 1..T:
    for k in 0..K:
        y[t, k] = tanh(W @ x[t, k])
loss L = sum(sum(y[t, k] * y[t, 0] for k in 0..K) for t in 1..T)
""",
    "a grid": """
dim T = 3, K = 4, H = 2
input a[0..K]: [H], b[1..T]: [H]
param W: [H, H], U: [H, H]
for k in 0..K:
    g[0, k] = a[k]
for t in 1..T:
    g[t, 0] = b[t]
    for k in 1..K:
        g[t, k] = tanh(W @ g[t-1, k] + U @ g[t, k-1])
loss L = sum(g[T, K])
""",
    "backwards": """
dim T = 5, H = 2
input x[1..T]: [H]
param W: [H, H]
r[0] = zeros(H)
for t in 1..T:
    r[t] = tanh(W @ r[t-1] + x[T-t+1])
for t in 1..T:
    z[t] = r[T-t+1] * x[t]
loss L = sum(sum(z[t]) for t in 1..T) + sum(r[T] * x[1])
""",
    "numbers of the loop": """
dim T = 4, H = 2
input x[1..T]: [H]
s[0] = zeros(H)
for t in 1..T:
    s[t] = s[t-1] * 0.5 + x[t] * t / sqrt(t + 1) + x[t]^t
loss L = sum(s[T])
""",
    "numbers of the dims": """
dim T = 4, H = 3
input x[1..T]: [H]
s[0] = zeros(H)
for t in 1..T:
    s[t] = (1/H) / (1 + s[t-1]^2) + x[t] * (H/2) * (T*H) * 3.5 * (1/T)
loss L = (1/H) * sum(s[T])
""",
    "a moving slice": """
dim T = 6, N = 3, H = 2
input X: [T, 1]
param W: [H, N]
for t in 0..T-N:
    y[t] = tanh(W @ X[t:t+N, :])
loss L = sum(sum(y[t]) for t in 0..T-N)
""",
    "a triangle": """
dim T = 4, H = 2
input x[1..T+1]: [H]
for t in 1..T:
    for k in 0..t:
        y[t, k] = x[t] * x[k+1]
loss L = sum(sum(sum(y[t, k]) for k in 0..t) for t in 1..T)
""",
    "given members": """
dim T = 4, H = 2
input x[1..T]: [H]
param W: [H, H]
h[0] = x[1]
for t in 1..T:
    h[t] = tanh(W @ h[t-1]) * x[t]
given dL/dh[2], dL/dh[3], dL/dh[4]
""",
    "one loop reads another's": """
dim T = 4, H = 2
input x[1..T]: [H]
param W: [H, H]
h[0] = zeros(H)
for t in 1..T:
    h[t] = tanh(W @ h[t-1] + x[t])
b[T+1] = zeros(H)
for t in 1..T:
    b[T+1-t] = tanh(W.T @ b[T+2-t] + h[T+1-t])
loss L = sum(b[1] * h[T])
""",
    "a state whose last member nothing uses": """
layout denominator
dim T = 4
param p0 = 0.5, k = 1.2
q[0] = 0
p[0] = p0
for t in 1..T:
    half = p[t-1] - k * sin(q[t-1])
    q[t] = q[t-1] + half
    p[t] = half - k * sin(q[t])
loss L = square(q[T])
""",
    "an op that takes slices": """
layout denominator
dim T = 3, H = 2
input x[1..T]: [T, 2*H]
op turned(a):
    one = a[:, 0:H]
    two = a[:, H:2*H]
    return concat(two * two, one, axis=1)
    dL/da = concat(dL/dout[:, H:2*H], 2 * a[:, H:2*H] * dL/dout[:, 0:H], axis=1)
for t in 1..T:
    y[t] = turned(x[t])
loss L = sum(sum(y[t] * x[t]) for t in 1..T)
""",
    "an op of the model": """
layout denominator
dim T = 3, H = 2
input x[1..T]: [H]
op f(a, b) = a * exp(b):
    dL/da = dL/dout * exp(b)
    dL/db = dL/dout * out
for t in 1..T:
    y[t] = f(x[t], x[t] * 2)
loss L = sum(sum(y[t]) for t in 1..T)
""",
}


@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_computes_what_the_evaluator_does(path: Path, plain: bool) -> None:
    run(case(path.read_text(encoding="utf-8"), str(path), plain=plain))


@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_computes_what_its_iterations_do(name: str, plain: bool) -> None:
    made = case(LOOPS[name], plain=plain)
    assert not made.notes
    run(made)


@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize(
    "part", ["X[0]", "X[1, :, :]", "X[1, 2, :]", "X[:, 1, 0:2]", "X[0:1, :, 2]"]
)
def test_parts_of_three_axes_that_drop_one(part: str, plain: bool) -> None:
    text = f"dim B = 2, N = 3, D = 4\ninput X: [B, N, D]\nloss L = sum(square({part})) + sum(X)\n"
    run(case(text, plain=plain))


SHARED = {
    "the same array": "y = u[0, :]\nv = u + w\nloss L = sum(v^2) + sum(10 * y)\n",
    "its transpose": "y = u[0, :]\nv = u.T + w\nloss L = sum(v^2) + sum(10 * y)\n",
    "what is stretched": "y = u[0, :]\nv = u + w\nloss L = sum(v) + sum(10 * y)\n",
}


@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize("name", SHARED)
def test_no_total_is_filled_that_another_shares(name: str, plain: bool) -> None:
    run(case(f"input u: [2, 2], w: [2, 2]\n{SHARED[name]}", plain=plain))


@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_of_the_table(op: Op) -> None:
    """At several shapes: alone, and at once for all iterations of a loop."""
    some = cases(op)
    for one in some[:: max(1, len(some) // 3)]:
        run(case(one.model, data=one.draw(1)))
        if one.names:
            run(case(looped(one), data=many(one)))


@pytest.mark.parametrize("op", TABLE.values(), ids=list(TABLE))
def test_every_entry_keeps_single_precision(op: Op) -> None:
    """What comes of single precision has no more, alone and in a loop."""
    one = cases(op)[0]
    single(case(one.model, data=one.draw(1)))
    if one.names:
        single(case(looped(one), data=many(one)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_keeps_single_precision(path: Path) -> None:
    single(case(path.read_text(encoding="utf-8"), str(path)))


def single(made: Case) -> None:
    if not made.inputs:  # of which any precision could be known
        return
    module = load(made.text)
    outputs, saved = module["forward"](**halved(made.inputs))
    gradients = module["backward"](saved, **halved(made.given))
    for name, value in {**outputs, **gradients}.items():
        assert value.dtype == np.float32, name


def halved(values: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def test_a_plain_number_has_the_precision_of_the_arrays_beside_it() -> None:
    made = case("input x: [3], k = 2.5\nz = sum(x * x) * k\ngiven dL/dz\n")
    module = load(made.text)
    outputs, saved = module["forward"](x=np.ones((3, 1), np.float32), k=2.5)
    gradients = module["backward"](saved, dz=1.0)
    assert {value.dtype for value in (*outputs.values(), *gradients.values())} == {
        np.dtype(np.float32)
    }


def test_whole_numbers_are_computed_with_as_others_are() -> None:
    """No array of theirs is filled: it would cut off what does not fit."""
    made = case(RNN.format(T=5))
    whole = {name: np.rint(3 * value) for name, value in made.inputs.items()}
    module = load(made.text)
    found = []
    for kind in (int, float):
        outputs, saved = module["forward"](**{k: v.astype(kind) for k, v in whole.items()})
        found.append({**outputs, **module["backward"](saved)})
    for name, value in found[1].items():
        np.testing.assert_array_equal(found[0][name], value)


def looped(one: OpCase) -> str:
    """The operation in each iteration of a loop, on a family and what is there once."""
    text = one.declarations.replace("dim ", "dim T = 3, ")
    first = one.names[0]
    text = text.replace(f" {first}:", f" {first}[1..T]:")
    inner = one.expression.replace(first, f"{first}[t]")
    return f"{text}\nfor t in 1..T:\n    z[t] = {inner}\ngiven dL/dz\n"


def many(one: OpCase) -> dict[str, np.ndarray]:
    first = one.names[0]
    data = one.draw(1)
    value = data.pop(first)
    return (
        {**data, **{f"{first}[{t}]": one.draw(t)[first] for t in (1, 2, 3)}}
        if value is not None
        else data
    )


def test_the_text_does_not_grow_with_the_loop() -> None:
    short, long = (case(RNN.format(T=T)).text for T in (10, 12))
    assert short == long
    assert len(short.splitlines()) <= 60


@pytest.mark.parametrize(
    "ending",
    ["given dL/dh[T]", "given dL/dh[T], dL/dh[T-1]", "given dL/dh", "y = h[T] * h[0]", "", "z = 1"],
)
def test_what_is_given_is_a_range_of_letters(ending: str) -> None:
    """Said, or taken as given because nothing uses it: at any size the same members."""
    body = """
dim T = {T}, H = 2
input x[1..T]: [H], c[0..2*T-1]: [H]
h[0] = x[1]
for t in 1..T:
    h[t] = tanh(h[t-1] * c[t] + c[2*t-1]) + sum(x[k] * h[k-1] for k in t..t)
"""
    made = [case(body.format(T=T) + ending + "\n") for T in (3, 8, 11)]
    assert len({each.text.partition("dim")[0] for each in made}) == 1
    assert not any("written out" in note for each in made for note in each.notes)
    for each in made:
        run(each)


def test_a_sum_that_has_one_term_at_this_size_alone_is_no_loop() -> None:
    model = "dim T = {T}\ninput x[1..T]: [2]\ny = sum(x[t] for t in 1..T)\ngiven dL/dy\n"
    one, three = (case(model.format(T=T)) for T in (1, 3))
    assert any("one term" in note for note in one.notes)
    assert three.notes == ()
    run(one)
    run(three)


@pytest.mark.parametrize(
    "value",
    ["stack(x[t] for t in 1..T)", "sum(x[t] for t in 1..T if t != 2)", "max(x[t] for t in 1..T)"],
)
def test_what_has_other_operations_at_other_sizes_is_written_out_for_its_own(value: str) -> None:
    made = case(f"dim T = 3\ninput x[1..T]: [2]\ny = {value} * 2\ngiven dL/dy\n")
    assert any("written out" in note for note in made.notes)
    run(made)
    with pytest.raises(ValueError, match="not \\(3, 2, 1\\)"):
        load(made.text)["forward"](x=np.zeros((4, 2, 1)))


def test_it_runs_at_other_sizes_than_the_model_has() -> None:
    """Sizes are read from the arrays: one text serves all."""
    text = case(RNN.format(T=3)).text
    other = case(RNN.format(T=7).replace("X = 2, H = 3", "X = 4, H = 2"))
    assert other.text == text
    run(other)


def test_a_wrong_shape_names_the_input() -> None:
    made = case(RNN.format(T=3))
    module = load(made.text)
    with pytest.raises(ValueError, match=r"U has shape \(3, 2\), not \(3, 3\)"):
        module["forward"](**{**made.inputs, "U": np.zeros((3, 2))})


def test_a_number_that_no_loop_changes_stands_where_it_is_used() -> None:
    text = case(LOOPS["numbers of the dims"]).text
    assert "number" not in text
    assert "1 / H" in text
    assert "//" not in text


@pytest.mark.parametrize("value", [np.float64(1), np.zeros(3), np.zeros((5, 2, 1, 1))])
def test_an_array_of_another_number_of_axes_names_the_input(value: np.ndarray) -> None:
    """Among them those from which the sizes are read."""
    made = case(RNN.format(T=5))
    module = load(made.text)
    for name in made.inputs:
        with pytest.raises(
            ValueError, match=f"^{name} has shape {re.escape(str(value.shape))}, not"
        ):
            module["forward"](**{**made.inputs, name: value})


SAVING = """
layout denominator
dim N = 3, D = 4
input x: [N, D]
param w: [1, D]
const m: [N, D] ~ bernoulli(0.7)

op rmsnorm(x, w, const m):
    rstd = 1 / sqrt(mean(square(x), axis=1) + 1e-5)
    save rstd
    return m * (x * rstd) * w
    xhat = x * rstd
    g = m * dL/dout * w
    dL/dx = rstd * (g - xhat * mean(g * xhat, axis=1))
    dL/dw = sum(m * dL/dout * xhat, axis=0)
"""
ENDINGS = {
    "once": "loss L = sum(square(rmsnorm(x, w, m)))\n",
    "twice": "y = rmsnorm(x, w, m)\nloss L = sum(rmsnorm(y + x, w, m))\n",
    "in a loop": """dim T = 3
y[0] = x
for t in 1..T:
    y[t] = rmsnorm(x + y[t-1], w, m)
loss L = sum(sum(square(y[t])) for t in 1..T)
""",
}


@pytest.mark.parametrize("plain", [False, True], ids=["fused", "plain"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_op_saves_what_it_says_and_its_rule_computes_it_no_more(
    ending: str, plain: bool
) -> None:
    made = case(SAVING + ENDINGS[ending], plain=plain)
    assert not made.notes
    forward, backward = made.text.split("def backward")
    assert forward.count("np.sqrt") == (2 if ending == "twice" else 1)
    assert "np.sqrt" not in backward
    assert "_rstd" in forward.partition("return {")[2]
    run(made)


def test_names_that_python_has_are_renamed_and_called_by_the_models() -> None:
    text = "input lambda: [2], list: [2], np: [2], forward: [2]\nloss sum_ = sum(lambda * list * np * forward)\n"
    made = case(text)
    module = load(made.text)
    names = [a.arg for a in ast.parse(made.text).body[2].args.kwonlyargs]  # type: ignore[attr-defined]
    assert names == ["lambda_", "list_", "np_", "forward_"]
    called = dict(zip(names, made.inputs.values(), strict=True))
    outputs, saved = module["forward"](**called)
    agree(outputs, made.outputs)
    agree(module["backward"](saved), made.gradients)


def test_nothing_of_the_models_text_becomes_code() -> None:
    name = 'a"""\nimport os\n"""\\.eq'
    made = case('input x = 3  # """; import os\nloss L = x * 2\n', name)
    assert "os" not in load(made.text)
    run(made)


def test_every_module_is_formatted_and_clean(tmp_path: Path) -> None:
    """As ruff has it, for all targets, but for lines that have no shorter parts: it breaks these."""
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed")
    for path in EXAMPLES:
        model = gradcli.load(path)
        for to in ("numpy", "torch", "jax", "python"):
            with suppress(GradError):  # what a target lacks
                (tmp_path / f"{path.stem}_{to}.py").write_text(model.emit(to).text, "utf-8")
        (tmp_path / f"{path.stem}_plain.py").write_text(model.emit(plain=True).text, "utf-8")
    command = [ruff, "check", "--isolated", "--no-cache", tmp_path]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
    command = [ruff, "format", "--diff", "--isolated", "--no-cache", tmp_path]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    changed = [line[1:] for line in found.stdout.splitlines() if re.match("-(?!--)", line)]
    assert [line for line in changed if len(line) <= WIDTH] == []


@pytest.mark.parametrize("body", ["x[t^2] * 2", "X[0:t, :] * 2"])
def test_loops_that_are_no_loops_are_written_out(body: str) -> None:
    """Their iterations are unlike: in an index that is no multiple of the variable, in a shape."""
    text = (
        "dim T = 3\ninput x[1..9]: [2], X: [T, 2]\n"
        f"for t in 1..T:\n    y[t] = sum({body})\nloss L = sum(sum(y[t]) for t in 1..T)\n"
    )
    made = case(text)
    assert any("written out" in note for note in made.notes)
    run(made)


def test_no_size_is_read_for_nothing_and_no_sign_stands_before_another() -> None:
    model = (
        "dim T = 3, N = 2\ninput A: [T, N], x: [N, 1]\nloss L = sum(tanh(-(-A @ x)) * (A @ x))\n"
    )
    made = case(model)
    names = [node for node in ast.walk(ast.parse(made.text)) if isinstance(node, ast.Name)]
    stored = [name.id for name in names if isinstance(name.ctx, ast.Store)]
    loaded = [name.id for name in names if isinstance(name.ctx, ast.Load)]
    assert set(stored) <= set(loaded)
    assert "--" not in made.text.partition("import")[2]
    run(made)


def test_the_same_model_gives_the_same_text() -> None:
    assert case(LOOPS["a grid"]).text == case(LOOPS["a grid"]).text


@settings(max_examples=30)
@given(models())
def test_a_random_model_computes_what_the_evaluator_does(text: str) -> None:
    made = case(text)
    values = [*made.outputs.values(), *made.gradients.values()]
    assume(all(np.isfinite(value).all() for value in values))
    run(made)
