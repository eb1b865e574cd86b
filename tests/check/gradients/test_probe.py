"""Moving many entries at once, by the interpreter and by generated code, against one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from support import EXAMPLES, objective, session

from gradcli.check.gradients import probe as probes
from gradcli.check.gradients.checker import BOTH, Checker, Clock
from gradcli.check.gradients.probe import Probe
from gradcli.check.gradients.resting import Model
from gradcli.session import Request, run

RANK_3 = """
dim B = 2, N = 3, M = 2
input X: [B, N, M], A: [N, N], s
param W: [M, M], b: [1, M]
Y = tanh(A @ X @ W + b) * s
Z = maximum(Y, 0.1) / (1 + abs(A @ X))
loss L = sum(einsum("bij,bkj->ik", Z, Y))
"""
OP = """
dim N = 3
input x: [N], y: [N]
op mix(a, b) = sum(a * b) * exp(a):
    dL/da = dL/dout * exp(a).T * sum(a * b) + (dL/dout @ exp(a)) * b.T
    dL/db = (dL/dout @ exp(a)) * a.T
z = mix(x, tanh(y))
given dL/dz
"""
MODELS = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.eq")}
MODELS |= {"rank 3": RANK_3, "op": OP}


@pytest.fixture(params=sorted(MODELS))
def found(request):
    return session(MODELS[request.param])


def one_at_a_time(found, name, step):
    base = objective(found, found.inputs)
    changes = []
    for i in range(found.inputs[name].size):
        x = found.inputs[name].astype(type(step))
        x.reshape(-1)[i] += step
        changes.append(objective(found, {**found.inputs, name: x}) - base)
    return np.array(changes)


@pytest.mark.parametrize("worth", [0, 10**9], ids=["generated", "interpreted"])
def test_moves_are_those_of_single_entries(found, worth, monkeypatch):
    monkeypatch.setattr(probes, "WORTH_COMPILING", worth)
    monkeypatch.setattr(probes, "CHUNK", 400)  # several chunks
    model = Model(found)
    for name in found.inputs:
        probe = Probe(model, name)
        entries = np.arange(probe.at.size)
        for step in (1e-3, 1e-100j):
            change = probe.move(entries, np.full(len(entries), step)).change
            expected = one_at_a_time(found, name, step)
            size = abs(step)
            np.testing.assert_allclose(
                change.imag / size if isinstance(step, complex) else change,
                expected.imag / size if isinstance(step, complex) else expected,
                rtol=1e-9,
                atol=1e-12,
                err_msg=name,
            )


def test_lanes_change_nothing(found):
    model = Model(found)
    for name in found.inputs:
        together, apart = Probe(model, name), Probe(model, name)
        apart._lanes = None
        some = np.random.default_rng(0).permutation(together.at.size)[:5]
        steps = np.linspace(-2.0, 2.0, len(some)) + 0.1
        a, b = together.move(some, steps), apart.move(some, steps)
        np.testing.assert_allclose(a.change, b.change, rtol=1e-9, atol=1e-11, err_msg=name)
        np.testing.assert_array_equal(a.crossed, b.crossed)


def test_several_quantities_move_as_each_alone(found, monkeypatch):
    """In chunks too, of which most move some of the quantities only."""
    monkeypatch.setattr(probes, "CHUNK", 400)
    model = Model(found)
    together = Probe(model, *found.inputs)
    entries = np.random.default_rng(0).permutation(together.at.size)[:40]
    errors = {name: abs(value) for name, value in model.values.items()}
    reached = together.reached(entries, errors)
    of = together.quantity(entries)
    for steps in (np.linspace(-2.0, 2.0, len(entries)) + 0.1, np.full(len(entries), 1e-100j)):
        complex_ = steps.dtype.kind == "c"
        moved = together.move(entries, steps)
        for k, name in enumerate(found.inputs):
            alone, some = Probe(model, name), of == k
            own = entries[some] - together.begins[k]
            expected = alone.move(own, steps[some])
            one, other = moved.change[some], expected.change
            if complex_:
                one, other = one.imag / 1e-100, other.imag / 1e-100
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
            np.testing.assert_array_equal(moved.crossed[some], expected.crossed)
            np.testing.assert_array_equal(together.at[entries[some]], alone.at[own])
            if alone._lanes is None:
                np.testing.assert_allclose(reached[some], alone.reached(own, errors), rtol=1e-12)


def test_each_quantity_reaches_outputs_of_its_own():
    text = "input a = 1, b = 2, c = 3\nd = a * b\ne = b + c\ngiven dL/dd, dL/de\n"
    probe = Probe(Model(session(text)), "a", "b", "c")
    errors = {"d": np.array([[1.0]]), "e": np.array([[10.0]])}
    assert probe.reached(np.arange(3), errors).tolist() == [1, 11, 10]


def test_what_is_checked_together_is_what_is_checked_alone(found):
    clock = Clock(None, 0, lambda done, total: None)
    checker = Checker(found, BOTH, clock)
    for result in checker.results(found.derivation.wrt):
        alone = checker.result(result.name)
        assert result[:8] == alone[:8]
        assert result.error_bar == pytest.approx(alone.error_bar, rel=1e-3, abs=1e-12)


def test_the_lstm_cell_moves_in_lanes():
    model = Model(run(str(EXAMPLES / "lstm.eq"), Request()))
    assert Probe(model, "W_fc")._lanes is not None
    assert Probe(model, "x")._lanes is None


def test_branches_are_seen():
    found = session("input x = [0.1, -0.1, 3]\ny = relu(x)\ngiven dL/dy\n")
    probe = Probe(Model(found), "x")
    entries = np.arange(3)
    assert probe.move(entries, np.full(3, 0.2)).crossed.tolist() == [False, True, False]
    assert probe.move(entries, np.full(3, -0.2)).crossed.tolist() == [True, False, False]
    assert [e.name for e in probe.crossings(1, 0.2)] == ["y"]


def test_only_what_is_downstream_is_computed():
    found = session("input a, b\nc = exp(a)\nd = exp(b)\ne = c * d\nunused = sin(a)\nloss e\n")
    assert [e.name for e in Probe(Model(found), "a").steps] == ["c", "e"]
