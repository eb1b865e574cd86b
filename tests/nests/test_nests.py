"""A program and its derivation with loops kept: run by loops, they are the unrolled ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from support import EXAMPLES, assert_close, session

from gradcli.forms import worth
from gradcli.nests import adjoint
from gradcli.nests.nest import Equation, Nest, Ref, substitute
from gradcli.nests.reading import read, split
from gradcli.sizes import Number

LSTM = """
dim T = 4, H = 2
input x[1..T]: [H], h_start: [H], C_start: [H]
param W: [H, H], U: [H, H], b: [H]
h[0] = h_start * 2
C[0] = C_start * 2
for t in 1..T:
    f = sigmoid(W @ x[t] + U @ h[t-1] + b)
    C[t] = f * C[t-1] + (1 - f) / t
    h[t] = f * tanh(C[t])
loss L = sum(h[T]) + sum(C[T-1])
"""
DEEP = """
dim T = 3, N = 2
param W[1..N]: [2, 2], V: [2, 2]
input x[1..T]: [2], Y: [2, 2*T]
for t in 1..T:
    h[0, t] = x[t] * t + Y[:, 2*t-1:2*t]
for n in 1..N:
    h[n, 0] = zeros(2)
    for t in 1..T:
        h[n, t] = tanh(W[n] @ h[n, t-1] + V @ h[n-1, t])
loss L = sum(sum(square(h[N, t])) / t for t in 1..T)
"""
TRIANGLE = """
dim T = 4
input x[1..T+1]: [2]
for t in 1..T:
    for k in 0..t:
        y[t, k] = x[t] * x[k+1]
loss L = sum(sum(sum(y[t, k]) for k in 0..t) for t in 1..T)
"""
MODELS = {"gated": LSTM, "deep": DEEP, "triangle": TRIANGLE}
MODELS |= {path.stem: path.read_text() for path in EXAMPLES.glob("*.eq")}


class Running:
    """A nest at work: the value of each entry, by a name and its indices."""

    def __init__(self, nest: Nest, values: dict[Any, Any]) -> None:
        self.nest = nest
        self.values = values
        self.run(nest.equations, 0, {})

    def run(self, equations: Sequence[Equation], depth: int, at: dict[str, int]) -> None:
        """Equations that stand in the same loops, of which `depth` are entered."""

        def key(equation: Equation) -> int:
            return equation.loops[depth].key if len(equation.loops) > depth else 0

        for inner, some in groupby(equations, key):
            group = list(some)
            if not inner:
                for equation in group:
                    self.compute(equation, at)
                continue
            loop = group[0].loops[depth]
            first, last = (self.number(size, at) for size in (loop.first, loop.last))
            order = range(last, first - 1, -1) if loop.down else range(first, last + 1)
            for t in order:
                self.run(group, depth + 1, {**at, loop.variable: t})

    def number(self, size: Any, at: dict[str, int]) -> int:
        known = {name: self.nest.sizes.constant(value) for name, value in at.items()}
        return int(substitute(self.nest.sizes, size, known).value)

    def entry(self, ref: Ref, at: dict[str, int]) -> tuple[str, tuple[int, ...]]:
        return ref.name, tuple(self.number(size, at) for size in ref.at)

    def operand(self, arg: Any, at: dict[str, int]) -> Any:
        if not isinstance(arg, Number):
            return self.values[self.entry(arg, at)]
        dims = {name: float(size.value) for name, size in self.nest.sizes.dims.items()}
        return np.full((1, 1), worth(arg.form, {**dims, **at}))

    def compute(self, equation: Equation, at: dict[str, int]) -> None:
        operands = [self.operand(arg, at) for arg in equation.args]
        static = dict(equation.call.static)
        spans = equation.spans
        if spans is not None:
            box = tuple(
                slice(None)
                if span.whole
                else slice(self.number(span.start, at), self.number(span.stop, at))
                for span in spans
            )
        if spans is not None and not equation.adds:
            static["slices"] = box
        value = equation.call.op.forward(*operands, **static)
        entry = self.entry(equation.target, at)
        if not equation.adds:
            self.values[entry] = value
            return
        if entry not in self.values:
            shape = tuple(int(size.value) for size in self.nest.shapes[entry[0]])
            self.values[entry] = np.zeros(shape)
        total = self.values[entry].copy()
        if spans is not None:
            total[box] += value.reshape(total[box].shape)
        else:
            total += value
        self.values[entry] = total


@pytest.mark.parametrize("text", MODELS.values(), ids=list(MODELS))
def test_both_passes_by_loops_are_the_unrolled_ones(text: str) -> None:
    found = session(text)
    program = found.program
    nest = read(program)
    forward = Running(nest, {split(name): value for name, value in found.inputs.items()})
    for name, value in found.values.items():
        if split(name) in forward.values and not name.startswith("z"):
            assert_close(forward.values[split(name)], value, 1e-12, name)
    made = {name for name, _ in forward.values}
    assert {split(name)[0] for name in program.outputs()} <= made
    wanted = list(dict.fromkeys(split(name)[0] for name in found.derivation.wrt))
    outputs = list(dict.fromkeys(split(name)[0] for name in program.outputs()))
    values = dict(forward.values)
    if program.loss is not None:
        values[adjoint.derivative(program.loss), ()] = np.ones((1, 1))
    for name, value in found.given.items():
        base, index = split(name)
        key = (adjoint.derivative(base), index)
        values[key] = values.get(key, 0.0) + value
    backward = adjoint.backward(nest, outputs, wanted)
    backward = backward._replace(shapes=nest.shapes | backward.shapes)
    gained = Running(backward, values).values
    for name in found.derivation.wrt:
        base, index = split(name)
        expected = found.backward.totals[name]
        total = gained.get((adjoint.derivative(base), index), np.zeros(expected.shape))
        assert_close(total, expected, 1e-12, name)


@pytest.mark.parametrize("name", ["gated", "deep", "triangle"])
def test_equations_do_not_depend_on_how_often_a_loop_runs(name: str) -> None:
    def shown(times: int) -> list[str]:
        nest = read(session(MODELS[name], dims={"T": times}).program)
        every = [*nest.equations, *adjoint.backward(nest, ["L"], ["x"]).equations]
        return [
            f"{e.target} {e.call.op.name} {e.args} {e.spans} {[(o.first, o.last) for o in e.loops]}"
            for e in every
        ]

    assert shown(4) == shown(7)
