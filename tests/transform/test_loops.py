"""Loops as data: from a body that is written once, each iteration as the program has it.

What runs here is what a compiler would write: a `for` for each loop, a step where the body has one.
"""

from __future__ import annotations

import numpy as np
import pytest
from support import EXAMPLES, session

from gradcli.evaluate import compute
from gradcli.forms import placed, worth
from gradcli.interpret import interpret, number, value
from gradcli.loops import Block, Place, roll, total
from gradcli.loops import placed as step_at
from gradcli.transform.rolled import rolled
from gradcli.transform.vjp import COTANGENT, RESULT, gains

RNN = """
dim T = 3, H = 2
input x[1..T]: [H], h_start: [H]
const y[1..T]: [H]
param W_x: [H, H], W_h: [H, H], b: [H]
h[0] = h_start
for t in 1..T:
    h[t] = tanh(W_x @ x[t] + W_h @ h[t-1] + b / t) * T
loss L = sum(sum(square(h[t] - y[t])) for t in 1..T) + sum(h[T] * h[T-1])
"""
LSTM = """
dim T = 3, H = 2, X = 3
input x[1..T]: [X], h_start: [H], C_start: [H]
param W_f: [H, X], U_f: [H, H], V_f: [H, H], W_c: [H, X], U_c: [H, H], b: [H]
h[0] = h_start
C[0] = C_start
for t in 1..T:
    f = sigmoid(W_f @ x[t] + U_f @ h[t-1] + V_f @ C[t-1] + b)
    C[t] = f * C[t-1] + (1 - f) * tanh(W_c @ x[t] + U_c @ h[t-1])
    h[t] = f * tanh(C[t])
loss L = sum(h[T]) + sum(C[T])
"""
DEEP = """
dim T = 3, N = 3
param W[1..N]: [2, 2], V: [2, 2]
input x[1..T]: [2]
for t in 1..T:
    h[0, t] = x[t] * t
for n in 1..N:
    h[n, 0] = zeros(2)
    for t in 1..T:
        h[n, t] = tanh(W[n] @ h[n, t-1] + V @ h[n-1, t])
loss E = sum(sum(square(h[N, t])) / t for t in 1..T)
"""
SLICES = """
dim T = 3
input X: [2*T, 3], Y: [1, T]
param W: [3, 3]
for t in 1..T:
    z[t] = sum(X[2*t - 2 : 2*t, :] @ W) * Y[0, -t] + sum(X[t-1, :])^2
loss L = sum(z[t] for t in 1..T)
"""
SHAPES = """
dim T = 4, H = 2
input X: [T, H], v: [2 * T]
h[0] = zeros(H, 1)
for t in 1..T:
    A[t] = reshape(X[0:t, :], [H, t]) @ ones(t, H)
    B[t] = broadcast([t, 1 / t], [H, t + 1])[:, 0:1] + roll(v[0:H], shift=t, axis=0)
    h[t] = tanh(A[t] @ h[t-1]) + B[t] + sum(stack(X, X, axis=t - t + 1)) + eye(t)[0, 0]
loss L = sum(h[T])
"""
MODELS = {"rnn": RNN, "lstm": LSTM, "deep": DEEP, "slices": SLICES, "shapes": SHAPES}
SCANNING = {path.stem: path.read_text() for path in EXAMPLES.glob("*.eq")}


@pytest.mark.parametrize("text", [*MODELS.values(), *SCANNING.values()], ids=[*MODELS, *SCANNING])
def test_each_iteration_follows_from_the_one_that_is_shown(text):
    found = session(text).program
    dims = {name: size.value for name, size in found.sizes.dims.items()}
    for block, place in in_loops(roll(found)):
        shown = found.steps[place.step]
        for indices, i in place.where.items():
            letters = {loop.variable: t for loop, t in zip(block.loops, indices, strict=True)}
            moved, step = step_at(shown, {**dims, **letters}, found.shapes), found.steps[i]
            adds = total(found, block) is not None and place is block.items[-1]
            assert moved.name == step.name or (adds and indices[-1] == block.loops[-1].last)
            for k, (one, other) in enumerate(zip(moved.args, step.args, strict=True)):
                if isinstance(other, str):
                    assert one == other or (adds and k == 0)
                else:
                    assert one.value == other.value
            assert moved.call.shape == step.call.shape
            assert moved.call.static == step.call.static
            assert moved.call.op.forward is step.call.op.forward


def in_loops(items, block=None):
    for item in items:
        if isinstance(item, Block):
            yield from in_loops(item.items, item)
        elif block is not None:
            yield block, item


class Loops:
    """Both passes by loops over the bodies of a derivation, which may be of other sizes."""

    def __init__(self, derivation, inputs, dims):
        self.items, self.derivatives = rolled(derivation)
        self.program = derivation.program
        self.values = dict(inputs)
        self.gained = {derivation.program.loss: np.ones((1, 1))}
        self.forward(self.items, dims)
        self.backward(self.items, dims)

    def iterations(self, block, at):
        """The letters of each iteration, whether it is the first and the last, its items."""
        assert block.ends == block.all_ends
        loop = block.loops[-1]
        first, last = (int(worth(bound.form, at)) for bound in loop.bounds)
        for t in range(first, last + 1):
            ends = t == first, t == last
            own = [
                item
                for item in block.items
                if isinstance(item, Block) or ends in {block.ends[i][-1] for i in item.where}
            ]
            yield {**at, loop.variable: t}, ends, own

    def forward(self, items, at):
        for item in items:
            if isinstance(item, Place):
                interpret([step_at(self.program.steps[item.step], at)], self.values, value, number)
                continue
            running = total(self.program, item)
            for inner, (starts, ends), own in self.iterations(item, at):
                self.forward(own, inner)
                if running and starts:
                    self.values[placed(running.first, inner)] = self.values[
                        placed(running.term, inner)
                    ]
                if running and running.result and ends:
                    self.values[placed(running.result, inner)] = self.values[
                        placed(running.last, inner)
                    ]

    def backward(self, items, at, block=None, ends=()):
        for item in reversed(items):
            if isinstance(item, Place):
                self.derive(item, at, block, ends)
                continue
            running = total(self.program, item)
            for inner, (starts, stops), own in reversed(list(self.iterations(item, at))):
                if running and running.result and stops:
                    self.gained[placed(running.last, inner)] = self.gained[
                        placed(running.result, inner)
                    ]
                if running and starts:
                    self.gained[placed(running.term, inner)] = self.gained[
                        placed(running.first, inner)
                    ]
                self.backward(own, inner, item, (*ends, (starts, stops)))

    def derive(self, place, at, block, ends):
        step = step_at(self.program.steps[place.step], at)
        for found in self.derivatives[place.step]:
            assigns = {
                block.ends[indices] if block else (): assign
                for indices, assign in found.assigns.items()
            }
            if ends not in assigns:
                continue
            gain = self.gain(step, found.line.row.operand)
            target = step.args[found.line.row.operand]
            before = self.gained.get(target) if assigns[ends] == "+=" else None
            self.gained[target] = gain if before is None else before + gain

    def gain(self, step, operand):
        found = gains(step).operands[operand]
        leaves = {COTANGENT: self.gained[step.name], RESULT: self.values[step.name]}
        leaves |= {k: self.values[a] for k, a in enumerate(step.args) if isinstance(a, str)}
        assert found.region is None
        return compute(found.nodes, leaves)


@pytest.mark.parametrize("name", ["rnn", "lstm", "deep"])
@pytest.mark.parametrize("sizes", [{"T": 3}, {"T": 4}, {"T": 7}], ids=str)
def test_a_for_over_the_body_gives_the_values_and_gradients_of_the_unrolled_program(name, sizes):
    """The body was rolled at T = 3: nothing of it depends on how often it runs."""
    body = session(MODELS[name])
    whole = session(MODELS[name], dims=sizes)
    dims = {name: size.value for name, size in whole.program.sizes.dims.items()}
    found = Loops(body.derivation, whole.inputs, dims)
    for key, expected in whole.values.items():
        np.testing.assert_allclose(found.values[key], expected, rtol=1e-12, err_msg=key)
    for key, expected in whole.backward.totals.items():
        np.testing.assert_allclose(found.gained[key], expected, rtol=1e-12, err_msg=key)


def test_slices_move_with_the_loop():
    body, whole = session(SLICES), session(SLICES, dims={"T": 6})
    steps = [step for step in body.program.steps if step.call.op.name == "index"]
    other = [step for step in whole.program.steps if step.call.op.name == "index"]
    for i, step in enumerate(other):
        t, k = divmod(i, 3)
        moved = step_at(steps[k], {"T": 6, "t": t + 1})
        assert moved.name == step.name
        if k != 1:  # Y has other columns for another T
            assert moved.call.static == step.call.static
